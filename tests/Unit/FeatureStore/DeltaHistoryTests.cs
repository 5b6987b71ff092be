using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Editing;
using Lepton.Data.Storage.Delta.DeletionVectors;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Parquet;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>Joins over tables as they lie on disk: several files, partitions, deleted rows, many row groups, any number of threads.</summary>
public sealed class DeltaHistoryTests
{
    [Test]
    public async Task Join_TableOfFilesPartitionsAndDeletionVectors_AgreesWithTheNestedLoop([Values(1, 2, 5, 8, 9, 14)] int seed, [Values] bool isPartitioned)
    {
        using TestLake lake = TestLake.Empty();
        HistoryCase history = RandomHistory.Of(seed, allowsTies: false);
        var random = new Random(seed);
        var schema = new Schema([new Field("part", DataType.Int64), new Field("id", DataType.Int64), .. history.RowSchema.Fields]);
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [lake.Lake.RootPath], ThreadCount = 1 });
        ITable table = lake.Lake.Table(TableName.Parse("v_rows"));
        var editor = new TableEditor(table, lake.Lake.Store, database, FeatureStoreWorld.NewRun());
        await editor.CreateAsync(schema, isPartitioned ? ["part"] : null);
        object?[][] rows = [.. history.Rows.Select((row, i) => (object?[])[(long)(i % 3), (long)i, .. row.Key, row.EventTime is { } e ? new EventTime(e) : null, row.CreatedTime is { } c ? new EventTime(c) : null, row.Sequence, .. row.Features])];
        foreach (object?[][] part in rows.Chunk(Math.Max(1, (rows.Length / 3) + 1)))
            await editor.AppendAsync(new MemoryBatchReader(schema, [BatchRows.Build(schema, part)]));
        HashSet<long> gone = [.. Enumerable.Range(0, rows.Length).Where(_ => random.Next(4) == 0).Select(i => (long)i)];
        Snapshot snapshot = await WithoutAsync((await table.ReadAsync())!, gone);
        Assert.That(rows.Length < 20 || snapshot.Files.Count(file => file.DeletionVector is not null) > 1, $"seed {seed}: {rows.Length} rows");
        HistoryCase left = history with { Rows = [.. history.Rows.Where((_, i) => !gone.Contains(i))] };
        JoinedCase joined = await HistoryCase.JoinAllAsync([left], tables: new Dictionary<string, Input> { ["v_rows"] = new SnapshotInput(snapshot) });
        left.AssertEqual(joined, left.Expected!, $"seed {seed}");
        Assert.That(joined.Statistics[0].RowCount, Is.EqualTo(left.Rows.Count));
    }

    // The places that the engine tells are those that a deletion vector means.
    private static async Task<Snapshot> WithoutAsync(Snapshot snapshot, HashSet<long> gone)
    {
        await using var runner = new QueryRunner(FeatureStoreWorld.ContextWithoutLake, FeatureStoreWorld.NewRun());
        Inputs inputs = new Inputs().Add("t", new SnapshotInput(snapshot) { FileNumber = "file", RowNumber = "place" });
        IReadOnlyList<object?[]> places = await runner.RowsAsync("SELECT id, file, place FROM t", inputs, int.MaxValue, default);
        ILookup<long, long> byFile = places.Where(place => gone.Contains((long)place[0]!)).ToLookup(place => (long)place[1]!, place => (long)place[2]!);
        return snapshot with { Files = [.. snapshot.Files.Select((file, i) => byFile[i].Any() ? file with { DeletionVector = VectorOf([.. byFile[i].Order()]), ContentSum = null } : file)] };
    }

    private static DeletionVector VectorOf(long[] rows)
    {
        byte[] set = [.. BitConverter.GetBytes(RoaringBytes.Magic), .. RoaringBytes.Write(rows, _ => 0)];
        return new DeletionVector("i", RoaringBytes.Base85(set), null, set.Length, rows.Length);
    }

    [Test]
    public async Task Join_ManyRowGroupsAndAnyNumberOfThreads_GivesWhatSqlGives()
    {
        string folder = Path.Combine(FeatureStoreWorld.Folder, "many");
        const string rows = "SELECT range % 997 AS k, make_timestamptz((range * 7919) % 1000003) AS e, make_timestamptz((range * 7919) % 1000003 + range % 5000) AS c, range AS id, CAST(range AS VARCHAR) AS text FROM range(600000)";
        const string labels = "SELECT range % 1100 AS k, make_timestamptz((range * 104729) % 1000003) AS t, range AS n FROM range(70000)";
        Binder binder = FeatureStoreWorld.Binder;
        BoundQuery Bind(string sql, Inputs inputs) => binder.Bind(new Lepton.Data.Sql.SqlText(sql), inputs.Schemas, AccessContext.Owner);
        IReadOnlyList<DataFile> files = await FeatureStoreWorld.Engine.WriteAsync(Bind(rows, new Inputs()), new Inputs(), new FileTarget(folder) { RowsPerFile = 250_000 }, FeatureStoreWorld.NewRun(), default);
        Schema schema = Bind(rows, new Inputs()).Schema;
        var expected = new List<object?[]>();
        foreach ((int threads, bool isReversed) in ((int, bool)[])[(1, false), (2, true), (4, false)])
        {
            await using var engine = new DuckDbEngine(new DuckDbEngineOptions { AllowedFolders = [FeatureStoreWorld.Folder], ThreadCount = threads });
            var snapshot = new Snapshot { RootPath = folder, Version = 0, CommittedAt = default, TableId = "t", Schema = schema, Transactions = new Dictionary<string, long>(), Properties = new Dictionary<string, string>(), Files = isReversed ? [.. files.Reverse()] : files };
            var runner = new QueryRunner(FeatureStoreWorld.ContextOf(engine), FeatureStoreWorld.NewRun());
            await using (runner)
            {
                var tables = new Inputs();
                BoundQuery query = Bind(labels, tables);
                StagedRelation staged = await runner.StageAsync("l", query, tables, new Inputs(), default);
                var view = new ViewJoin(
                    new Data.FeatureStore.Definitions.FeatureView("v", "thing", TableName.Parse("r"), ["id", "text"]) { EventTime = "e", CreatedTime = "c", KeyColumns = ["k"] }, new Data.FeatureStore.Definitions.Entity("thing", ["k"]));
                await using var join = new PointInTimeJoin(runner, new LabelRows(new StagedInput(staged), staged.Schema), "t", [view], new Dictionary<string, Input> { ["r"] = new SnapshotInput(snapshot) }, null);
                await join.PrepareAsync(default);
                await using IRecordBatchReader reader = join.Read();
                List<object?[]> joined = await BatchRows.ReadAsync(reader);
                if (expected.Count == 0)
                {
                    // The winner's number by the rule in plain SQL, for some of the labels.
                    Inputs both = new Inputs().Add("r", new SnapshotInput(snapshot)).Add("l", new StagedInput(staged));
                    IReadOnlyList<object?[]> slow = await runner.RowsAsync("SELECT l.n AS n, arg_max(r.id, (r.e, r.c)) AS id FROM l LEFT JOIN r ON l.k = r.k AND r.e <= l.t AND r.c <= l.t WHERE l.n % 97 = 0 GROUP BY l.n", both, int.MaxValue, default);
                    Assert.That(slow, Has.Count.GreaterThan(700));
                    foreach (object?[] row in slow) Assert.That(joined[(int)(long)row[0]!][3], Is.EqualTo(row[1]), $"label {row[0]}");
                    expected = joined;
                }
                Assert.That(joined.Select(row => (row[2], row[3], row[4], row[5])), Is.EqualTo(expected.Select(row => (row[2], row[3], row[4], row[5]))), $"{threads} threads");
            }
        }
    }
}
