using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Engines;

/// <summary>Rows that are fed to accumulators, and what says where a row lies.</summary>
public sealed class ScanTests
{
    private readonly DuckDbEngine _engine = new(new DuckDbEngineOptions { AllowedFolders = [], ThreadCount = 3 });
    private readonly DuckDbFrontEnd _frontEnd = new();

    [OneTimeTearDown]
    public async Task Close()
    {
        await _engine.DisposeAsync();
        _frontEnd.Dispose();
    }

    [Test]
    public async Task ScanAsync_RowsOfAnyTypes_AreThoseThatAreRead([Range(1, 12)] int seed)
    {
        var random = new Random(seed);
        Schema schema = RandomBatches.RandomSchema(random, depth: 2);
        RecordBatch[] batches = [.. Enumerable.Range(0, 3).Select(_ => RandomBatches.Create(random, schema, 3000))];
        Inputs inputs = new Inputs().Add("t", new BatchInput(schema, batches));
        BoundQuery query = Bind($"SELECT {string.Join(", ", schema.Fields.Select(field => SqlLiteral.Name(field.Name)))} FROM t", inputs);
        using var expected = new ContentSumAccumulator(query.Schema);
        foreach (RecordBatch batch in batches) expected.Process(batch);
        using ContentSumAccumulator fed = await _engine.ScanAsync(query, inputs, () => new ContentSumAccumulator(query.Schema), Run(), default);
        Assert.That(fed.Sum, Is.EqualTo(expected.Sum), $"seed {seed}, {schema}");
        foreach (RecordBatch batch in batches) batch.Dispose();
    }

    [Test]
    public async Task ScanAsync_ManyRowsOnSeveralThreads_ComeOnceEach()
    {
        BoundQuery query = Bind("SELECT range AS i FROM range(3000000) WHERE range % 7 <> 2", new Inputs());
        using ContentSumAccumulator fed = await _engine.ScanAsync(query, new Inputs(), () => new ContentSumAccumulator(query.Schema), Run(), default);
        using var expected = new ContentSumAccumulator(query.Schema);
        await using IRecordBatchReader reader = await _engine.ReadAsync(query, new Inputs(), Run(), default);
        while (await reader.ReadAsync() is { } batch)
            using (batch) expected.Process(batch);
        Assert.That(fed.Sum, Is.EqualTo(expected.Sum));
    }

    [Test]
    public async Task ScanAsync_NoRows_GivesAnAccumulatorThatSawNone()
    {
        BoundQuery query = Bind("SELECT range AS i FROM range(0)", new Inputs());
        using ContentSumAccumulator fed = await _engine.ScanAsync(query, new Inputs(), () => new ContentSumAccumulator(query.Schema), Run(), default);
        Assert.That(fed.Sum, Is.EqualTo(ContentSum.Zero));
    }

    [Test]
    public async Task ScanAsync_QueryThatFails_SaysWhy()
    {
        BoundQuery query = Bind("SELECT CAST(CASE WHEN range = 900000 THEN 'x' ELSE '1' END AS BIGINT) AS i FROM range(1000000)", new Inputs());
        LeptonDataException? failure = await Assert.ThrowsAsync<LeptonDataException>(async () => await _engine.ScanAsync(query, new Inputs(), () => new ContentSumAccumulator(query.Schema), Run(), default));
        Assert.That(failure!.Code, Is.EqualTo("engines.value"));
    }

    [Test]
    public void ScanAsync_Cancelled_Ends()
    {
        BoundQuery query = Bind("SELECT a.range + b.range AS i FROM range(1000000) AS a CROSS JOIN range(1000000) AS b", new Inputs());
        using var stop = new CancellationTokenSource();
        Assert.That(async () => await _engine.ScanAsync(query, new Inputs(), () => new Stopper(stop), Run(), stop.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task RowNumber_OfBatchesAndKeptRows_IsTheirPlace()
    {
        var schema = new Schema([new Field("v", DataType.String)]);
        using RecordBatch first = BatchRows.Build(schema, ["a"], ["b"]), second = BatchRows.Build(schema, ["c"]);
        Inputs inputs = new Inputs().Add("t", new BatchInput(schema, [first, second]) { FileNumber = "file", RowNumber = "place" });
        Assert.That(await RowsAsync("SELECT v, file, place FROM t", inputs), Is.EqualTo((object?[][])[["a", 0L, 0L], ["b", 0L, 1L], ["c", 1L, 0L]]));
        BoundQuery kept = Bind("SELECT v FROM t", inputs);
        await using StagedRelation staged = await _engine.StageAsync(kept, inputs, Run(), default);
        Assert.That(await RowsAsync("SELECT place, v FROM s WHERE place >= 1", new Inputs().Add("s", new StagedInput(staged) { RowNumber = "place" })), Is.EqualTo((object?[][])[[1L, "b"], [2L, "c"]]));
    }

    [Test]
    public async Task ReaderInput_ReadTwice_BeginsAnewAndKeepsItsOrder()
    {
        var schema = new Schema([new Field("v", DataType.Int64)]);
        int opened = 0;
        IRecordBatchReader Open()
        {
            opened++;
            return new MemoryBatchReader(schema, Enumerable.Range(0, 50).Select(batch => BatchRows.Build(schema, Enumerable.Range(0, 3000).Select(row => (object?[])[(batch * 3000L) + row]))));
        }

        Inputs inputs = new Inputs().Add("t", new ReaderInput(schema, Open));
        for (int round = 0; round < 2; round++)
            Assert.That((await RowsAsync("SELECT v FROM t", inputs)).Select(row => row[0]), Is.EqualTo(Enumerable.Range(0, 150_000).Select(row => (object)(long)row)));
        Assert.That(opened, Is.GreaterThan(1));
    }

    private async Task<List<object?[]>> RowsAsync(string sql, Inputs inputs)
    {
        await using IRecordBatchReader reader = await _engine.ReadAsync(Bind(sql, inputs), inputs, Run(), default);
        return await BatchRows.ReadAsync(reader);
    }

    private BoundQuery Bind(string sql, Inputs inputs) => new Binder(_frontEnd).Bind(new SqlText(sql), inputs.Schemas, AccessContext.Owner);

    private static RunContext Run() => new(new RunId("20010101T000000-00000000"), AccessContext.Owner, TimeProvider.System, new MemoryBudget(1L << 30));

    private sealed class Stopper(CancellationTokenSource stop) : IAccumulator
    {
        public void Process(RecordBatch borrowed) => stop.Cancel();

        public void Merge(IAccumulator other) { }

        public void Dispose() { }
    }
}
