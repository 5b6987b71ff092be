using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Testing;
using Lepton.Data.Tests.Unit.Storage.Objects;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage;

public sealed class LakeRecordsTests
{
    private static readonly Schema s_schema = new(
    [
        new Field("id", DataType.Int64), new Field("name", DataType.String), new Field("at", DataType.Instant), new Field("price", DataType.Decimal(12, 3)), new Field("ok", DataType.Boolean),
        new Field("day", DataType.Date), new Field("tiny", DataType.Int8), new Field("raw", DataType.Binary), new Field("ratio", DataType.Float32),
    ]);

    private static readonly RecordsCommit s_commit = new("WRITE", new EventTime(1_000_000)) { RunId = "r1" };

    [Test]
    public async Task AppendRecords_RowsOfEveryType_AreReadBackEqual()
    {
        using var folder = new TempFolder();
        Lake lake = Lake.Create(folder["lake"]);
        ITable runs = lake.SystemTable("runs");
        object?[] full = [1L, "Grüße, 世界", new EventTime(123_456_789), (Int128)(-1234567), true, new DateOnly(2001, 2, 3), (sbyte)-5, new byte[] { 0, 255 }, 0.1f];
        object?[] empty = new object?[s_schema.Count];
        using RecordBatch rows = BatchOf(s_schema, full, empty);

        Snapshot snapshot = await lake.AppendRecordsAsync(runs, s_schema, [rows], s_commit);
        Assert.That(snapshot.RowCount, Is.EqualTo(2));
        Assert.That(snapshot.Schema, Is.EqualTo(s_schema));
        ColumnStatistics price = snapshot.Files[0].Statistics!.Columns["price"];
        Assert.That((price.NullCount, price.Min, price.Max), Is.EqualTo((1L, (object)(Int128)(-1234567), (object)(Int128)(-1234567))));

        object?[][] read = await RowsOf(lake, snapshot);
        Assert.That(read, Is.EqualTo(new[] { full, empty }));
        Assert.That(snapshot.ContentHash, Is.EqualTo(await HashOf(lake, snapshot)), "what was written hashes as what is read");
    }

    [Test]
    public async Task AppendRecords_FirstRows_MakeExactlyTheseCalls()
    {
        using var folder = new TempFolder();
        var calls = new RecordingFileCalls(folder.Path);
        Lake lake = Lake.Create(new LocalObjectStore(folder["lake"], calls));
        calls.AssertAre("""
            make lake
            sync names in .
            write lake/.lepton.json.*.tmp
            sync lake/.lepton.json.*.tmp
            link lake/lepton.json
            sync names in lake
            unlink lake/.lepton.json.*.tmp
            """);
        using RecordBatch rows = BatchOf(new Schema([new Field("id", DataType.Int64)]), [1L]);
        await lake.AppendRecordsAsync(lake.SystemTable("runs"), rows.Schema, [rows], s_commit);
        calls.AssertAre("""
            make lake/_lepton
            sync names in lake
            make lake/_lepton/runs
            sync names in lake/_lepton
            sync lake/_lepton/runs/part-*.parquet
            sync names in lake/_lepton/runs
            sync names in lake/_lepton
            sync names in lake
            make lake/_lepton/runs/_delta_log
            sync names in lake/_lepton/runs
            write lake/_lepton/runs/_delta_log/.00000000000000000000.json.*.tmp
            sync lake/_lepton/runs/_delta_log/.00000000000000000000.json.*.tmp
            link lake/_lepton/runs/_delta_log/00000000000000000000.json
            sync names in lake/_lepton/runs/_delta_log
            unlink lake/_lepton/runs/_delta_log/.00000000000000000000.json.*.tmp
            sync lake/_lepton/runs/_delta_log/00000000000000000000.json
            sync names in lake/_lepton/runs/_delta_log
            sync names in lake/_lepton/runs
            """);
    }

    // Nothing can be made below a file, nor deleted there: the first of the two says why.
    [Test]
    public async Task AppendRecords_FolderThatCannotBeMade_SaysWhatTheSystemRefused()
    {
        using var folder = new TempFolder();
        Lake lake = Lake.Create(folder["lake"]);
        ITable runs = lake.SystemTable("runs");
        string parent = Path.GetDirectoryName(runs.RootPath)!;
        if (Directory.Exists(parent)) Directory.Delete(parent, recursive: true);
        await File.WriteAllTextAsync(parent, "a file");
        using RecordBatch rows = BatchOf(new Schema([new Field("id", DataType.Int64)]), [1L]);
        LeptonDataException? failure = await Assert.ThrowsAsync<LeptonDataException>(async () => await lake.AppendRecordsAsync(runs, rows.Schema, [rows], s_commit));
        Assert.That(failure!.Code, Does.StartWith("storage."));
        Assert.That(failure.Message, Does.Not.Contain(".;").And.Not.Contain("Could not find a part"));
    }

    [Test]
    public async Task AppendRecords_ColumnAddedLater_IsNullInOlderRows()
    {
        using var folder = new TempFolder();
        Lake lake = Lake.Create(folder["lake"]);
        ITable table = lake.SystemTable("registry");
        var narrow = new Schema([new Field("id", DataType.Int64)]);
        var wide = new Schema([new Field("note", DataType.String), new Field("id", DataType.Int64)]);
        using RecordBatch first = BatchOf(narrow, [1L]);
        using RecordBatch second = BatchOf(wide, ["two", 2L]);
        await lake.AppendRecordsAsync(table, narrow, [first], s_commit);
        await lake.AppendRecordsAsync(table, wide, [second], s_commit);
        Snapshot last = await lake.AppendRecordsAsync(table, narrow, [first], s_commit);

        Assert.That(last.Schema.Fields.Select(field => field.Name), Is.EqualTo(new[] { "id", "note" }));
        object?[][] rows = await RowsOf(lake, last);
        Assert.That(rows, Is.EquivalentTo(new object?[][] { [1L, null], [2L, "two"], [1L, null] }));
    }

    [Test]
    public async Task AppendRecords_SixteenWritersAtOnce_NothingIsLost()
    {
        using var folder = new TempFolder();
        string path = Lake.Create(folder["lake"]).RootPath;
        var schema = new Schema([new Field("id", DataType.Int64)]);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(id => Task.Run(async () =>
        {
            // Each opens the lake for itself, as processes would.
            Lake lake = Lake.Open(path);
            using RecordBatch batch = BatchOf(schema, [(long)id]);
            await lake.AppendRecordsAsync(lake.SystemTable("runs"), schema, [batch], s_commit);
        })));
        Lake reader = Lake.Open(path);
        Snapshot snapshot = (await reader.SystemTable("runs").ReadAsync())!;
        object?[][] rows = await RowsOf(reader, snapshot);
        Assert.That(rows.Select(row => (long)row[0]!), Is.EquivalentTo(Enumerable.Range(0, 16).Select(id => (long)id)));
        Assert.That(snapshot.Version, Is.EqualTo(15));
    }

    [Test]
    public async Task ReplaceRecords_Current_HoldsOnlyTheNewRows()
    {
        using var folder = new TempFolder();
        Lake lake = Lake.Create(folder["lake"]);
        ITable table = lake.SystemTable("registry");
        var schema = new Schema([new Field("id", DataType.Int64)]);
        using RecordBatch one = BatchOf(schema, [1L]);
        using RecordBatch two = BatchOf(schema, [2L]);
        Snapshot first = await lake.ReplaceRecordsAsync(table, null, schema, [one], s_commit);
        Snapshot second = await lake.ReplaceRecordsAsync(table, first, schema, [two], s_commit);
        Assert.That(await RowsOf(lake, second), Is.EqualTo(new object?[][] { [2L] }));

        await Refusal.Of("storage.conflict", () => lake.ReplaceRecordsAsync(table, first, schema, [one], s_commit).AsTask());
        Assert.That(Directory.GetFiles(table.RootPath), Has.Length.EqualTo(2), "the file of the refused commit stayed");
        Snapshot empty = await lake.ReplaceRecordsAsync(table, second, schema, [], s_commit);
        Assert.That(await RowsOf(lake, empty), Is.Empty);
    }

    [Test]
    public async Task AppendRecords_DoneBefore_LeavesOneCopy()
    {
        using var folder = new TempFolder();
        Lake lake = Lake.Create(folder["lake"]);
        ITable table = lake.SystemTable("runs");
        var schema = new Schema([new Field("id", DataType.Int64)]);
        using RecordBatch one = BatchOf(schema, [1L]);
        RecordsCommit commit = s_commit with { Transactions = [new TransactionStep("runs/flights", null, 1)] };
        await lake.AppendRecordsAsync(table, schema, [one], commit);
        Snapshot again = await lake.AppendRecordsAsync(table, schema, [one], commit);
        Assert.That((again.Version, again.RowCount), Is.EqualTo((0L, (long?)1L)));
        Assert.That(Directory.GetFiles(table.RootPath), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task AppendRecords_StoreFailsAnywhere_IsDoneOrNotOrUnknown([Values("before", "after", "dies", "dies oddly")] string mode)
    {
        using var folder = new TempFolder();
        var schema = new Schema([new Field("id", DataType.Int64)]);
        using RecordBatch one = BatchOf(schema, [1L]);
        int unknown = 0, done = 0;
        for (int call = 1; ; call++)
        {
            string root = folder[$"lake-{call}"];
            Lake.Create(root);
            int failures = 0;
            var store = new FaultyObjectStore(
                new LocalObjectStore(root, new UnsyncedFileCalls()), call, failsAfter: mode is "after" or "dies oddly",
                () => mode == "dies oddly" && ++failures > 1 ? new InvalidOperationException("x") : new LeptonDataException("storage.io", ["x", "y"]), staysBroken: mode.StartsWith("dies", StringComparison.Ordinal));
            Exception? failure = null;
            try
            {
                var lake = Lake.Open(store);
                await lake.AppendRecordsAsync(lake.SystemTable("runs"), schema, [one], s_commit);
            }
            catch (Exception error) when (error is LeptonDataException or InvalidOperationException)
            {
                failure = error;
            }
            string at = $"call {call} {mode}: {failure?.Message}";
            var reopened = Lake.Open(root);
            Snapshot? found = await reopened.SystemTable("runs").ReadAsync();
            if (found is not null) Assert.That(await RowsOf(reopened, found), Is.EqualTo(new object?[][] { [1L] }), at);
            string[] files = Directory.Exists(reopened.SystemTable("runs").RootPath) ? Directory.GetFiles(reopened.SystemTable("runs").RootPath) : [];
            if (failure is null) Assert.That(found, Is.Not.Null, at);
            else if (CommitOutcome.IsUnknown(failure)) Assert.That(files, Has.Length.EqualTo(1), $"{at}: it may arrive yet, and needs its file");
            else Assert.That((found, mode.StartsWith("dies", StringComparison.Ordinal) ? 0 : files.Length), Is.EqualTo(((Snapshot?)null, 0)), at);
            if (failure is null) done++;
            else if (CommitOutcome.IsUnknown(failure)) unknown++;
            if (store.CallCount < call) break;
        }
        // An answer that was lost is looked for; a request that was lost, or a store that is gone, leaves it open.
        Assert.That((unknown > 0, done > 1), Is.EqualTo((mode != "after", true)), $"{unknown} unknown, {done} done");
    }

    [Test]
    public async Task AppendRecords_NameInTheLogIsNotSynced_IsUnknown([Values] bool isLasting)
    {
        using var folder = new TempFolder();
        var schema = new Schema([new Field("id", DataType.Int64)]);
        using RecordBatch one = BatchOf(schema, [1L]);
        var calls = new FailingSyncCalls("_delta_log");
        var lake = Lake.Create(new LocalObjectStore(folder["lake"], calls));
        await lake.AppendRecordsAsync(lake.SystemTable("runs"), schema, [one], s_commit);
        calls.FailuresLeft = isLasting ? int.MaxValue : 1;
        Task<Snapshot> append = lake.AppendRecordsAsync(lake.SystemTable("runs"), schema, [one], s_commit).AsTask();
        if (isLasting) Assert.That(CommitOutcome.IsUnknown((await Assert.ThrowsAsync<LeptonDataException>(() => append))!), "it is seen, and gone with the power");
        else Assert.That((await append).RowCount, Is.EqualTo(2), "synced when it was looked for");
        Assert.That((await Lake.Open(folder["lake"]).SystemTable("runs").ReadAsync())!.RowCount, Is.EqualTo(2));
        Assert.That(Directory.GetFiles(lake.SystemTable("runs").RootPath), Has.Length.EqualTo(2));
    }

    /// <summary>Names in a folder cannot be made durable.</summary>
    private sealed class FailingSyncCalls(string folderName) : IFileCalls
    {
        private readonly UnsyncedFileCalls _calls = new();

        internal int FailuresLeft { get; set; }

        public void MakeFolder(string path) => _calls.MakeFolder(path);

        public void WriteNew(string path, ReadOnlySpan<byte> content) => _calls.WriteNew(path, content);

        public void SyncFile(string path) => _calls.SyncFile(path);

        public void SyncFolder(string path)
        {
            if (Path.GetFileName(path) != folderName || FailuresLeft == 0) return;
            FailuresLeft--;
            throw new IOException("fsync: Input/output error", 5);
        }

        public bool Link(string existing, string name) => _calls.Link(existing, name);

        public void Unlink(string path) => _calls.Unlink(path);
    }

    private static async Task<ContentHash> HashOf(Lake lake, Snapshot snapshot)
    {
        using var sum = new ContentSumAccumulator(snapshot.Schema);
        await using IRecordBatchReader reader = await lake.ReadRecordsAsync(snapshot);
        while (await reader.ReadAsync() is { } batch)
            using (batch) sum.Process(batch);
        return ContentHash.Of(snapshot.Schema, sum.Sum);
    }

    internal static RecordBatch BatchOf(Schema schema, params object?[][] rows)
    {
        using var builder = new RecordBatchBuilder(schema);
        foreach (object?[] row in rows)
            for (int i = 0; i < row.Length; i++) builder.Column(i).AppendValue(row[i]);
        return builder.Build();
    }

    internal static async Task<object?[][]> RowsOf(Lake lake, Snapshot snapshot)
    {
        var rows = new List<object?[]>();
        await using IRecordBatchReader reader = await lake.ReadRecordsAsync(snapshot);
        while (await reader.ReadAsync() is { } batch)
            using (batch)
                for (int row = 0; row < batch.RowCount; row++) rows.Add([.. Enumerable.Range(0, batch.Schema.Count).Select(column => batch.Column(column).Value(row))]);
        return [.. rows];
    }
}
