using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Editing;
using Lepton.Data.Storage.Delta.Predicates;
using Lepton.Data.Storage.Delta.Rewrites;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Objects.S3;
using Lepton.Data.Testing.Batches;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.S3;

/// <summary>Every operation of an editor on a table in a bucket, through a cache that is smaller than the table, beside the same on a table in a folder.</summary>
[TestFixture]
internal sealed class S3EditorTests
{
    private const long CacheSizeBytes = 256 << 10;

    private static readonly Schema s_columns = new([new Field("id", DataType.Int64), new Field("city", DataType.String), new Field("text", DataType.String)]);
    private static readonly TableName s_table = TableName.Parse("main.t");

    private TestFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TestFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public async Task Editor_EachOperation_LeavesWhatItLeavesInAFolder([Values] bool isPartitioned)
    {
        string prefix = $"edited-{isPartitioned}", cache = _folder["cache"];
        using S3ObjectStore store = S3Server.Shared.Store(cache, prefix, cacheSize: CacheSizeBytes);
        using var bucket = new Edited(Lake.Create(store));
        using var folder = new Edited(Lake.Create(_folder["lake"]));
        var hashes = new List<ContentHash?>();
        var next = new Schema([.. s_columns.Fields, new Field("more", DataType.Float64)]);
        RowPredicate middle = RowPredicate.Between("id", 1500L, 4000L), bergen = RowPredicate.Compare("city", Comparison.Equal, "Bergen");
        Func<TableEditor, ValueTask<TableEdit>>[] operations =
        [
            editor => editor.AppendAsync(Rows(s_columns, 0, 6000)),
            editor => editor.AppendAsync(Rows(next, 6000, 3000), SchemaPolicy.Add),
            editor => editor.OverwriteAsync(Rows(next, 0, 6000)),
            editor => editor.AppendAsync(Rows(next, 6000, 3000)),
            editor => editor.OverwriteWhereAsync(middle, Rows(next, 2000, 1000)),
            editor => editor.DeleteAsync(bergen.And(RowPredicate.Compare("id", Comparison.Less, 5000L))),
            editor => editor.DeleteAsync(bergen),
            editor => editor.UpsertAsync(Rows(next, 5500, 4000, 7), ["id"]),
            editor => editor.CompactAsync(),
            editor => editor.CompactAsync(64 << 10, ["id"]),
            editor => editor.RestoreAsync(version: 4),
            editor => editor.UpsertAsync(Rows(next, 100, 1, 8), ["id"]),
        ];
        foreach (Edited edited in (Edited[])[bucket, folder]) await edited.Editor.CreateAsync(s_columns, isPartitioned ? ["city"] : null);
        foreach (Func<TableEditor, ValueTask<TableEdit>> operation in operations)
        {
            TableEdit here = await operation(folder.Editor), there = await operation(bucket.Editor);
            hashes.Add(here.Snapshot.ContentHash);
            string version = $"version {here.Snapshot.Version}";
            Assert.That((there.Snapshot.Version, there.IsCommitted, there.Snapshot.RowCount, there.Snapshot.ContentHash), Is.EqualTo((here.Snapshot.Version, here.IsCommitted, here.Snapshot.RowCount, here.Snapshot.ContentHash)), version);
            Assert.That((there.Added.Count, there.Removed.Count), Is.EqualTo((here.Added.Count, here.Removed.Count)), version);
            Assert.That(await bucket.HashAsync(there.Snapshot), Is.EqualTo(hashes[^1]), $"the rows of {version} as its objects have them");
            Assert.That(_folder.Files("cache/objects").Sum(file => new FileInfo(_folder[$"cache/objects/{file}"]).Length), Is.LessThanOrEqualTo(CacheSizeBytes), $"the copies after {version}");
            Assert.That(_folder.Files("cache").Where(file => file.Contains("/read/") || file.Contains("/write/")), Is.Empty, $"nothing is held after {version}");
        }
        Assert.That((await folder.Table.ReadAsync())!.Files.Sum(file => file.SizeBytes), Is.GreaterThan(CacheSizeBytes));
        Assert.That(hashes.Distinct().Count(), Is.GreaterThan(operations.Length / 2), "else they did nothing");
        Assert.That(ObjectsOf(prefix), Is.EquivalentTo(await bucket.NamedAsync()), "no object that no version names");

        // Another machine reads the old versions, and in two months takes away what nobody needs.
        using S3ObjectStore elsewhere = S3Server.Shared.Store(_folder["cache-elsewhere"], prefix, cacheSize: CacheSizeBytes);
        using var other = new Edited(Lake.Open(elsewhere));
        for (int version = 1; version <= operations.Length; version++) Assert.That(await other.HashAsync((await other.Table.ReadAsync(version))!), Is.EqualTo(hashes[version - 1]), $"version {version}");
        VacuumResult vacuumed = await other.Table.VacuumAsync(new VacuumOptions { Now = EventTime.FromDateTimeOffset(TimeProvider.System.GetUtcNow().AddDays(60)), PinnedVersions = [9] });
        Assert.That(vacuumed.Files, Is.Not.Empty);
        Snapshot newest = (await bucket.Table.ReadAsync())!, pinned = (await bucket.Table.ReadAsync(9))!;
        Assert.That(ObjectsOf(prefix), Is.EquivalentTo(newest.Files.Concat(pinned.Files).Select(file => file.Path).Distinct()));
        TableEdit restored = await bucket.Editor.RestoreAsync(version: 9);
        Assert.That(await bucket.HashAsync(restored.Snapshot), Is.EqualTo(hashes[8]));
        LeptonDataException gone = (await Assert.ThrowsAsync<LeptonDataException>(() => bucket.Editor.RestoreAsync(version: 1).AsTask()))!;
        Assert.That(gone.Code, Is.EqualTo("storage.missing_file"));
    }

    [Test]
    public async Task Editor_TwoMachinesChangeTheSameFiles_BothFindTheirRows()
    {
        const string Prefix = "edited-by-two";
        const int Rounds = 4;
        using S3ObjectStore store = S3Server.Shared.Store(_folder["cache-1"], Prefix, cacheSize: CacheSizeBytes), elsewhere = S3Server.Shared.Store(_folder["cache-2"], Prefix, cacheSize: CacheSizeBytes);
        using var one = new Edited(Lake.Create(store));
        using var other = new Edited(Lake.Open(elsewhere));
        using var folder = new Edited(Lake.Create(_folder["lake"]));
        foreach (Edited edited in (Edited[])[one, folder])
        {
            await edited.Editor.CreateAsync(s_columns);
            await edited.Editor.AppendAsync(Rows(s_columns, 0, 1000));
        }
        await Task.WhenAll(ChangeAsync(one.Editor, 0), ChangeAsync(other.Editor, 1));
        await ChangeAsync(folder.Editor, 0);
        await ChangeAsync(folder.Editor, 1);
        Snapshot made = (await one.Table.ReadAsync())!;
        Assert.That(made.ContentHash, Is.EqualTo((await folder.Table.ReadAsync())!.ContentHash));
        Assert.That(await one.HashAsync(made), Is.EqualTo(made.ContentHash));
        Assert.That(ObjectsOf(Prefix), Is.EquivalentTo(await one.NamedAsync()), "what a lost race wrote is gone");

        static async Task ChangeAsync(TableEditor editor, int half)
        {
            for (int round = 0; round < Rounds; round++)
            {
                await editor.UpsertAsync(Rows(s_columns, (half * 500) + (round * 100), 100, seed: 2 + round), ["id"]);
                await editor.DeleteAsync(RowPredicate.Compare("id", Comparison.Equal, (half * 500L) + round));
            }
        }
    }

    private static string[] ObjectsOf(string prefix)
    {
        string table = $"{prefix}/main/t/";
        return [.. S3Server.Shared.Keys(table).Select(key => key[table.Length..]).Where(key => !key.StartsWith("_delta_log/", StringComparison.Ordinal))];
    }

    /// <summary>Rows that compress badly.</summary>
    private static MemoryBatchReader Rows(Schema schema, int first, int count, int seed = 1)
    {
        var random = new Random(seed);
        byte[] text = new byte[48];
        return new MemoryBatchReader(schema, [BatchRows.Build(schema, Enumerable.Range(first, count).Select(id =>
        {
            random.NextBytes(text);
            object?[] row = [(long)id, (id % 3) switch { 0 => "Oslo", 1 => "Bergen", _ => null }, Convert.ToBase64String(text), id % 5 == 0 ? null : id * 0.5];
            return row[..schema.Count];
        }))]);
    }

    /// <summary>A table and all that edits it.</summary>
    private sealed class Edited : IDisposable
    {
        private readonly Lake _lake;
        private readonly DuckDbDatabase _database;

        internal Edited(Lake lake)
        {
            _lake = lake;
            Table = lake.Table(s_table);
            _database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [lake.Store.LocalRoot], ThreadCount = 2 });
            Editor = new TableEditor(Table, lake.Store, _database, new RunContext(RunId.Create(TimeProvider.System), AccessContext.Owner, TimeProvider.System, new MemoryBudget(1L << 30)));
        }

        internal ITable Table { get; }

        internal TableEditor Editor { get; }

        internal async Task<ContentHash> HashAsync(Snapshot snapshot)
        {
            using var sum = new ContentSumAccumulator(snapshot.Schema);
            await using IRecordBatchReader reader = await _lake.ReadRecordsAsync(snapshot);
            while (await reader.ReadAsync() is { } batch)
                using (batch) sum.Process(batch);
            return ContentHash.Of(snapshot.Schema, sum.Sum);
        }

        /// <summary>The files of all versions.</summary>
        internal async Task<HashSet<string>> NamedAsync()
        {
            var named = new HashSet<string>();
            for (long version = (await Table.ReadAsync())!.Version; version >= 0; version--) named.UnionWith((await Table.ReadAsync(version))!.Files.Select(file => file.Path));
            return named;
        }

        public void Dispose() => _database.Dispose();
    }
}
