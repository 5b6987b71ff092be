using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.DuckDb;

/// <summary>Functions of SQL that are written in C#.</summary>
public sealed class FunctionTests
{
    private readonly DuckDbDatabase _database = DuckDbDatabase.Open(new DuckDbOptions { ThreadCount = 2 });

    [OneTimeTearDown]
    public void Close() => _database.Dispose();

    [Test]
    public async Task Scalar_OfAnyType_SeesAndGivesEveryValue([Range(1, 12)] int seed)
    {
        var random = new Random(seed);
        DataType type = RandomBatches.RandomType(random, seed <= 6 ? 0 : 3);
        // One that gives back its argument: what goes in and comes out must be what stands in the table.
        _database.Register(new ScalarFunction($"same_{seed}", [type], type, (arguments, result) =>
        {
            for (int row = 0; row < arguments.RowCount; row++) result.AppendValue(arguments.Column(0).Value(row));
        }));
        Schema schema = RandomBatches.SchemaOf([type]);
        using RecordBatch batch = RandomBatches.Create(random, schema, 20_000);
        using OfferedBatches offer = _database.Offer(schema, [batch]);
        using DuckDbConnection connection = _database.Connect();
        await using DuckDbReader reader = connection.Read($"SELECT same_{seed}(c0) AS c0 FROM {offer.Sql}");
        Assert.That(reader.Schema[0].Type, Is.EqualTo(type));
        Assert.That(BatchRows.FirstDifference(BatchRows.Of(batch), await BatchRows.ReadAsync(reader)), Is.Null, $"seed {seed}, {type}");
    }

    [Test]
    public void Scalar_SeveralArguments_AreCastAndGivenByPosition()
    {
        _database.Register(new ScalarFunction("joined", [DataType.String, DataType.Int64], DataType.String, (arguments, result) =>
        {
            for (int row = 0; row < arguments.RowCount; row++) result.AppendString($"{arguments.Column(0).Value(row) ?? "-"}/{arguments.Column(1).Value(row) ?? "-"}");
        }));
        using DuckDbConnection connection = _database.Connect();
        Assert.That(connection.ReadValue<string>("SELECT string_agg(joined(t, n), ' ' ORDER BY t) FROM (VALUES ('a', 1::TINYINT), ('long text, more than 12 bytes', NULL)) v(t, n)"), Is.EqualTo("a/1 long text, more than 12 bytes/-"));
        Assert.That(connection.ReadValue<string>("SELECT joined(NULL, 7)"), Is.EqualTo("-/7"), "NULLs reach the function");
    }

    [Test]
    public void Scalar_OnSeveralThreads_CallsAreApart()
    {
        _database.Register(new ScalarFunction("plus_one", [DataType.Int64], DataType.Int64, (arguments, result) =>
        {
            foreach (long value in arguments.Column(0).Values<long>()) result.Append(value + 1);
        }));
        using DuckDbConnection connection = _database.Connect();
        connection.Execute("CREATE TABLE many AS SELECT i FROM range(3000000) t(i)");
        Assert.That(connection.ReadValue<long>("SELECT CAST(sum(plus_one(i)) AS BIGINT) FROM many"), Is.EqualTo(3_000_000L * 3_000_001 / 2));
    }

    [Test]
    public void Scalar_Volatile_IsCalledForEachRow()
    {
        int calls = 0;
        void Count(RecordBatch arguments, ColumnBuilder result)
        {
            Interlocked.Add(ref calls, arguments.RowCount);
            for (int row = 0; row < arguments.RowCount; row++) result.Append((long)row);
        }
        _database.Register(new ScalarFunction("ticket", [], DataType.Int64, Count) { IsVolatile = true });
        using DuckDbConnection connection = _database.Connect();
        connection.ReadValue<long>("SELECT CAST(sum(ticket()) AS BIGINT) FROM range(5000)");
        Assert.That(calls, Is.EqualTo(5000));
    }

    [Test]
    public void Scalar_ThatThrowsOurError_EndsTheStatementWithIt()
    {
        var place = new SourcePlace("people.csv", 3, 1);
        _database.Register(new ScalarFunction("refuse", [DataType.Int64], DataType.Int64, (_, _) => throw new LeptonDataException("schemas.bad_name", ["x y"]) { Place = place }));
        using DuckDbConnection connection = _database.Connect();
        LeptonDataException error = Assert.Throws<LeptonDataException>(() => connection.Execute("SELECT refuse(i) FROM range(10) t(i)"))!;
        Assert.That((error.Code, error.Place), Is.EqualTo(("schemas.bad_name", (SourcePlace?)place)));
        Assert.That(
            () =>
            {
                using DuckDbReader reader = connection.Read("SELECT CASE WHEN i < 400000 THEN i ELSE refuse(i) END FROM range(500000) t(i)");
                while (reader.ReadBatch() is { } batch) batch.Dispose();
            },
            Throws.InstanceOf<LeptonDataException>().With.Property("Code").EqualTo("schemas.bad_name"), "in the middle of a stream");
        Assert.That(connection.ReadValue<int>("SELECT 7"), Is.EqualTo(7), "the connection stays usable");
    }

    [Test]
    public void Scalar_ThatThrowsAnything_FailsByName()
    {
        _database.Register(new ScalarFunction("stumble", [DataType.Int64], DataType.Int64, (_, _) => throw new FormatException("two\nlines")));
        _database.Register(new ScalarFunction("forget", [DataType.Int64], DataType.Int64, (_, result) => result.Append(1L)));
        using DuckDbConnection connection = _database.Connect();
        LeptonDataException stumbled = Assert.Throws<LeptonDataException>(() => connection.Execute("SELECT stumble(1)"))!;
        Assert.That(stumbled.Code, Is.EqualTo("storage.function_failed"));
        Assert.That(stumbled.Message, Does.Contain("stumble").And.Contain("two").And.Not.Contain("\n"));
        Assert.That(stumbled.InnerException, Is.InstanceOf<FormatException>());
        LeptonDataException forgot = Assert.Throws<LeptonDataException>(() => connection.Execute("SELECT forget(i) FROM range(5) t(i)"))!;
        Assert.That(forgot.Message, Does.Contain("forget"));
        Assert.That(connection.ReadValue<long>("SELECT coalesce(TRY(stumble(1)), 3)"), Is.EqualTo(3), "as SQL has it");
    }

    [Test]
    public async Task Table_OfBatches_GivesTheirRows([Range(1, 6)] int seed)
    {
        var random = new Random(seed);
        Schema schema = RandomBatches.RandomSchema(random, depth: seed % 3);
        int rows = random.Next(0, 9000);
        _database.Register(new TableFunction($"rows_{seed}", [DataType.Int64], arguments => RandomBatches.Stream(new Random((int)(long)arguments[0]!), schema, rows)));
        await using IRecordBatchReader expected = RandomBatches.Stream(new Random(5), schema, rows);
        using DuckDbConnection connection = _database.Connect();
        await using DuckDbReader actual = connection.Read($"SELECT * FROM rows_{seed}(5)");
        Assert.That(await BatchRows.FirstDifferenceAsync(expected, actual), Is.Null, $"seed {seed}, {schema}");
        actual.Dispose();
        Assert.That(connection.ReadValue<long>($"SELECT count(*) FROM rows_{seed}(5)"), Is.EqualTo(rows), "without a column");
        Assert.That(connection.ReadValue<long>($"SELECT count(*) FROM rows_{seed}(5) AS a, (SELECT count(*) FROM rows_{seed}(6)) AS b"), Is.EqualTo(rows), "two at once");
    }

    [Test]
    public void Table_TextsOfManyBatches_AreCopied()
    {
        // Each batch is freed when the next is asked for, while the sort holds on to the texts of all.
        var schema = new Schema([new Field("t", DataType.String)]);
        _database.Register(new TableFunction("texts", [], _ => new MemoryBatchReader(schema, Enumerable.Range(0, 50).Select(batch => BatchRows.Build(schema, Enumerable.Range(0, 1000).Select(row => new object?[] { $"a text that is long enough {batch * 1000 + row:D6}" }))))));
        using DuckDbConnection connection = _database.Connect();
        Assert.That(connection.ReadValue<string>("SELECT concat(min(t), '|', max(t), '|', count(DISTINCT t)) FROM (SELECT t FROM texts() ORDER BY t DESC)"), Is.EqualTo("a text that is long enough 000000|a text that is long enough 049999|50000"));
    }

    [Test]
    public void Table_Arguments_OfEveryTypeAndNull_Arrive()
    {
        IReadOnlyList<object?> seen = [];
        var schema = new Schema([new Field("x", DataType.Int64)]);
        _database.Register(new TableFunction("look", [DataType.Boolean, DataType.Int64, DataType.Float64, DataType.String], arguments =>
        {
            seen = arguments;
            return new MemoryBatchReader(schema, []);
        }));
        using DuckDbConnection connection = _database.Connect();
        connection.Execute("SELECT * FROM look(true, -5, 0.5, '中')");
        Assert.That(seen, Is.EqualTo(new object?[] { true, -5L, 0.5, "中" }));
        connection.Execute("SELECT * FROM look(NULL, NULL, NULL, NULL)");
        Assert.That(seen, Is.EqualTo(new object?[] { null, null, null, null }));
    }

    [Test]
    public void Table_ReaderOfEachQuery_IsDisposedWithIt()
    {
        var opened = new List<WatchedReader>();
        _database.Register(new TableFunction("watched", [], _ =>
        {
            var reader = new WatchedReader();
            lock (opened) opened.Add(reader);
            return reader;
        }));
        using (DuckDbConnection connection = _database.Connect())
        {
            connection.Describe("SELECT * FROM watched()");
            connection.Execute("SELECT * FROM watched() LIMIT 3");
            Assert.That(() => connection.Execute("SELECT error('stop') FROM watched()"), Throws.InstanceOf<DuckDbException>());
        }
        Assert.That(opened, Has.Count.GreaterThanOrEqualTo(3).And.All.Property(nameof(WatchedReader.DisposeCount)).EqualTo(1));
    }

    [Test]
    public void Table_ReaderThatFails_EndsTheStatementWithItsError()
    {
        _database.Register(new TableFunction("broken", [], _ => throw new LeptonDataException("schemas.bad_name", ["x"])));
        _database.Register(new TableFunction("breaks", [], _ => new WatchedReader { FailsAt = 3 }));
        using DuckDbConnection connection = _database.Connect();
        Assert.That(() => connection.Execute("SELECT * FROM broken()"), Throws.InstanceOf<LeptonDataException>().With.Property("Code").EqualTo("schemas.bad_name"));
        Assert.That(() => connection.Execute("SELECT count(*) FROM breaks()"), Throws.InstanceOf<LeptonDataException>().With.Property("Code").EqualTo("schemas.bad_name"));
    }

    [Test]
    public void Table_BatchOfOtherColumns_FailsByName([Values("TINYINT, DOUBLE", "BIGINT", "BIGINT, DOUBLE, BIGINT", "VARCHAR, DOUBLE")] string given, [Values] bool isFirst)
    {
        var declared = new Schema([new Field("a", DataType.Int64), new Field("b", DataType.Float64)]);
        var other = new Schema(given.Split(", ").Select((type, i) => new Field($"c{i}", DataType.Parse(type))));
        RecordBatch Rows(Schema schema)
        {
            using var builder = new RecordBatchBuilder(schema);
            for (int row = 0; row < 5000; row++)
                for (int i = 0; i < schema.Count; i++) builder.Column(i).AppendNull();
            return builder.Build();
        }
        string name = $"differs_{declared.Count}_{other.Count}_{isFirst}";
        _database.Register(new TableFunction(name, [], _ => new MemoryBatchReader(declared, isFirst ? [Rows(other)] : [Rows(declared), Rows(other)])));
        using DuckDbConnection connection = _database.Connect();
        LeptonDataException error = Assert.Throws<LeptonDataException>(() => connection.Execute($"SELECT count(a), count(b) FROM {name}()"))!;
        Assert.That((error.Code, error.Message.Contains(name, StringComparison.Ordinal)), Is.EqualTo(("storage.function_failed", true)), error.Message);
    }

    [Test]
    public void Table_ReaderOpenedAgainWithOtherColumns_FailsByName()
    {
        int opened = 0;
        _database.Register(new TableFunction("changing", [], _ =>
        {
            var schema = new Schema([new Field("a", opened++ == 0 ? DataType.Int8 : DataType.Int64)]);
            return new MemoryBatchReader(schema, [BatchRows.Build(schema, Enumerable.Range(0, 3000).Select(_ => new object?[] { null }))]);
        }));
        using DuckDbConnection connection = _database.Connect();
        using DuckDbStatement statement = connection.Prepare("SELECT count(a) FROM changing()");
        statement.Execute();
        Assert.That(() => statement.Execute(), Throws.InstanceOf<LeptonDataException>().With.Message.Contains("changing"));
    }

    [Test]
    public void Table_ReaderThatFailsToClose_EndsNothing()
    {
        _database.Register(new TableFunction("slams", [], _ => new WatchedReader { FailsToClose = true }));
        using DuckDbConnection connection = _database.Connect();
        Assert.That(connection.ReadValue<long>("SELECT count(*) FROM slams()"), Is.EqualTo(20));
    }

    [Test]
    public async Task Table_ReaderThatIsWaitedFor_IsStoppedWithTheStatement([Values("token", "interrupt", "dispose")] string how)
    {
        var waiting = new TaskCompletionSource();
        _database.Register(new TableFunction($"waits_{how}", [], _ => new WatchedReader { Waiting = waiting }));
        using DuckDbConnection connection = _database.Connect(), other = _database.Connect();
        using var source = new CancellationTokenSource();
        Task<Exception?> work = Task.Factory.StartNew(() => ErrorOf(() => connection.Execute($"SELECT count(*) FROM waits_{how}()", null, source.Token)), TaskCreationOptions.LongRunning);
        await waiting.Task;
        other.Interrupt();
        Assert.That(work.IsCompleted, Is.False, "another connection's statement is not meant");
        if (how == "token") await source.CancelAsync();
        else if (how == "interrupt") connection.Interrupt();
        else connection.Dispose();
        Exception? error = await work;
        if (how == "token") Assert.That(error, Is.InstanceOf<OperationCanceledException>());
        else Assert.That(error, Is.InstanceOf<DuckDbException>().With.Property(nameof(DuckDbException.Error)).EqualTo(DuckDbError.Interrupted));
    }

    [Test]
    public async Task Read_TokenCancelledWithinABatch_Stops()
    {
        var waiting = new TaskCompletionSource();
        _database.Register(new TableFunction("ends_late", [], _ => new WatchedReader { Waiting = waiting, WaitsAfter = 200, RowsPerBatch = 3000 }));
        using DuckDbConnection connection = _database.Connect();
        using var source = new CancellationTokenSource();
        using DuckDbReader reader = connection.Read("SELECT x FROM ends_late()");
        Task<Exception?> work = Task.Factory.StartNew(
            () => ErrorOf(() =>
            {
                while (reader.ReadBatch(source.Token) is { } batch) batch.Dispose();
            }),
            TaskCreationOptions.LongRunning);
        await waiting.Task;
        await source.CancelAsync();
        Assert.That(await work, Is.InstanceOf<OperationCanceledException>());
    }

    private static Exception? ErrorOf(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception error)
        {
            return error;
        }
    }

    private sealed class WatchedReader : IRecordBatchReader
    {
        private int _batches;

        public int FailsAt { get; init; } = int.MaxValue;

        public int DisposeCount { get; private set; }

        public bool FailsToClose { get; init; }

        /// <summary>Set when the reader waits for its token; null: it does not wait.</summary>
        public TaskCompletionSource? Waiting { get; init; }

        public int WaitsAfter { get; init; }

        public int RowsPerBatch { get; init; } = 1;

        public Schema Schema { get; } = new([new Field("x", DataType.Int64)]);

        public async ValueTask<RecordBatch?> ReadAsync(CancellationToken cancellationToken = default)
        {
            if (Waiting is not null && _batches >= WaitsAfter)
            {
                Waiting.TrySetResult();
                await Task.Delay(TimeSpan.FromMinutes(1), cancellationToken);
                throw new TimeoutException("nobody stopped it");
            }
            if (++_batches == FailsAt) throw new LeptonDataException("schemas.bad_name", ["x"]);
            return _batches > 20 && Waiting is null ? null : BatchRows.Build(Schema, Enumerable.Repeat<object?[]>([(long)_batches], RowsPerBatch));
        }

        public ValueTask DisposeAsync()
        {
            DisposeCount++;
            return FailsToClose ? throw new InvalidOperationException("the connection was lost") : ValueTask.CompletedTask;
        }
    }
}
