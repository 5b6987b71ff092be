using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.DuckDb;

public sealed class DuckDbStatementTests
{
    private readonly DuckDbDatabase _database = DuckDbDatabase.Open(new DuckDbOptions { ThreadCount = 2 });

    [OneTimeTearDown]
    public void Close() => _database.Dispose();

    [Test]
    public void Execute_Often_TakesOtherArgumentsEachTime()
    {
        using DuckDbConnection connection = _database.Connect();
        connection.Execute("CREATE OR REPLACE TABLE people (name VARCHAR, born DATE, height DOUBLE, seen TIMESTAMPTZ, photo BLOB, here BOOLEAN, age INTEGER, short FLOAT, id BIGINT)");
        object?[][] rows =
        [
            ["李", new DateOnly(1990, 2, 28), 1.75, new EventTime(1_000_001), new byte[] { 0, 255 }, true, 31, 0.5f, long.MaxValue],
            ["O'Hare \" $1 ; --", new DateOnly(1, 1, 1), double.NaN, new EventTime(-1), Array.Empty<byte>(), false, int.MinValue, float.NegativeInfinity, long.MinValue],
            ["", null, -0.0, null, null, null, null, null, null],
        ];
        using (DuckDbStatement insert = connection.Prepare("INSERT INTO people VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"))
        {
            Assert.That(insert.ParameterTypes, Is.EqualTo(new[] { DataType.String, DataType.Date, DataType.Float64, DataType.Instant, DataType.Binary, DataType.Boolean, DataType.Int32, DataType.Float32, DataType.Int64 }));
            foreach (object?[] row in rows) Assert.That(insert.Execute(row), Is.EqualTo(1));
            Assert.That(() => insert.Execute([1]), Throws.ArgumentException.With.Message.Contains("takes 9 arguments, not 1"));
        }
        using DuckDbReader reader = connection.Read("FROM people");
        using RecordBatch batch = reader.ReadBatch()!;
        Assert.That(BatchRows.FirstDifference(rows, BatchRows.Of(batch)), Is.Null);
    }

    [Test]
    public void Read_Often_GivesTheRowsOfItsArguments()
    {
        using DuckDbConnection connection = _database.Connect();
        DuckDbReader last;
        using (DuckDbStatement select = connection.Prepare("SELECT i * $1::BIGINT AS x FROM range($2::BIGINT) t(i)"))
        {
            Assert.That(select.ParameterTypes, Is.EqualTo(new DataType?[] { null, DataType.Int64 }), "a cast takes what it is given");
            foreach (long rows in new long[] { 0, 1, 5000 })
            {
                using DuckDbReader reader = select.Read([3L, rows]);
                using RecordBatch? batch = reader.ReadBatch();
                Assert.That(batch?.Column(0).Values<long>().ToArray() ?? [], Is.EqualTo(Enumerable.Range(0, (int)rows).Select(i => i * 3L)));
            }
            last = select.Read([1L, 500_000L]);
        }
        long sum = 0;
        while (last.ReadBatch() is { } batch)
            using (batch) foreach (long value in batch.Column(0).Values<long>()) sum += value;
        last.Dispose();
        Assert.That(sum, Is.EqualTo(500_000L * 499_999 / 2), "the statement was freed while its reader went on");
    }

    [Test]
    public void Read_WhileAWriterWrites_SeesWholeTransactionsOnly()
    {
        using DuckDbConnection setUp = _database.Connect();
        setUp.Execute("CREATE OR REPLACE TABLE ledger (round BIGINT, amount BIGINT)");
        using var stop = new CancellationTokenSource();
        // Each round adds a hundred rows that sum up to nothing: a reader that saw part of one would see a sum.
        Task writer = Task.Run(() =>
        {
            using DuckDbConnection connection = _database.Connect();
            for (int round = 0; round < 60; round++)
            {
                connection.Execute("BEGIN");
                connection.Execute($"INSERT INTO ledger SELECT {round}, i + 1 FROM range(50) t(i)");
                connection.Execute($"INSERT INTO ledger SELECT {round}, -(i + 1) FROM range(50) t(i)");
                connection.Execute("COMMIT");
            }
            stop.Cancel();
        });
        (long Rows, long Sum)[] Look() => [.. Enumerable.Range(0, int.MaxValue).TakeWhile(round => round == 0 || !stop.IsCancellationRequested).Select(_ =>
        {
            using DuckDbConnection connection = _database.Connect();
            using DuckDbReader reader = connection.Read("SELECT count(*), CAST(coalesce(sum(amount), 0) AS BIGINT) FROM ledger");
            using RecordBatch batch = reader.ReadBatch()!;
            return (batch.Column(0).Values<long>()[0], batch.Column(1).Values<long>()[0]);
        })];
        Task<(long Rows, long Sum)[]>[] readers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(Look))];
        Task.WaitAll([writer, .. readers]);
        foreach (Task<(long Rows, long Sum)[]> reader in readers)
            Assert.That(reader.Result, Is.Not.Empty.And.All.Matches<(long Rows, long Sum)>(seen => seen.Sum == 0 && seen.Rows % 100 == 0));
        Assert.That(setUp.ReadValue<long>("SELECT count(*) FROM ledger"), Is.EqualTo(6000));
    }

    /// <summary>Handles are closed in any order, by any thread, at any moment of a query. What may come of it is an error; a crash would end the tests.</summary>
    [Test]
    public void Dispose_AtRandom_NeverCrashes([Range(1, 8)] int seed)
    {
        var random = new Random(seed);
        DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { ThreadCount = 2 });
        var schema = new Schema([new Field("t", DataType.String), new Field("l", DataType.Parse("BIGINT[]"))]);
        RecordBatch batch = RandomBatches.Create(random, schema, 5000);
        OfferedBatches offer = database.Offer(schema, [batch]);
        database.Register(new ScalarFunction("slowly", [DataType.Int64], DataType.Int64, (arguments, result) =>
        {
            Thread.Sleep(1);
            foreach (long value in arguments.Column(0).Values<long>()) result.Append(value);
        }));
        var closers = new List<IDisposable> { database, batch };
        var work = new List<Task>();
        for (int user = 0; user < 4; user++)
        {
            DuckDbConnection connection = database.Connect();
            string sql = random.Next(3) switch
            {
                0 => $"SELECT a.t, b.l FROM {offer.Sql} AS a, {offer.Sql} AS b",
                1 => "SELECT slowly(i) FROM range(10000000000) t(i)",
                _ => "SELECT repeat(i::VARCHAR, 3), [i, i + 1], {a: i} FROM range(10000000000) t(i)",
            };
            DuckDbStatement statement = connection.Prepare(sql);
            DuckDbReader reader = statement.Read();
            closers.AddRange([connection, statement, reader]);
            work.Add(OnAThread(() =>
            {
                while (reader.ReadBatch() is { } read) read.Dispose();
            }));
        }
        IDisposable[] order = [.. closers];
        random.Shuffle(order);
        // The offer goes last: what it promises is that no query reads it any more.
        Task[] closing = [.. order.Chunk((order.Length / 3) + 1).Select(part => OnAThread(() =>
        {
            foreach (IDisposable thing in part)
            {
                Thread.Sleep(5);
                thing.Dispose();
            }
        }))];
        Task.WaitAll(closing);
        foreach (Task reading in work)
            Assert.That(async () => await reading, Throws.InstanceOf<ObjectDisposedException>().Or.InstanceOf<LeptonDataException>(), $"seed {seed}");
        offer.Dispose();
    }

    // The pool's few threads would be taken by the readers, and nobody would close anything meanwhile.
    private static Task OnAThread(Action work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
