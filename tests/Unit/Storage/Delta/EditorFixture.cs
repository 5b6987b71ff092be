using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Editing;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Parquet;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using Lepton.Data.Tests.Unit.Storage.Objects;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

/// <summary>A table in a folder of its own, editors of it, and its rows as they stand in its files.</summary>
internal sealed class EditorFixture : IDisposable
{
    internal static readonly Schema Columns = new([new Field("id", DataType.Int64), new Field("city", DataType.String), new Field("value", DataType.Int32)]);

    private readonly TempFolder _folder = new();

    internal EditorFixture()
    {
        Store = new LocalObjectStore(_folder.Path, new UnsyncedFileCalls());
        Database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [_folder.Path], ThreadCount = 1 });
    }

    internal string this[string path] => _folder[path];

    internal LocalObjectStore Store { get; }

    internal DuckDbDatabase Database { get; }

    internal FakeTime Time { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    /// <summary>The table, opened anew.</summary>
    internal DeltaTable Open(IObjectStore? store = null) => new(store ?? Store, "t");

    internal TableEditor Editor(TableEditorOptions? options = null, IObjectStore? store = null, ITable? table = null)
        => new(table ?? Open(store), store ?? Store, Database, new RunContext(RunId.Create(Time), AccessContext.Owner, Time, new MemoryBudget(1L << 30)), (options ?? new TableEditorOptions()) with { ThreadCount = 1 });

    internal static MemoryBatchReader Rows(params IEnumerable<object?[]> rows) => RowsOf(Columns, rows);

    internal static MemoryBatchReader RowsOf(Schema schema, params IEnumerable<object?[]> rows) => new(schema, [BatchRows.Build(schema, rows)]);

    /// <summary>The rows of a snapshot as its files have them, in order; checked against the counts and sums that the log says.</summary>
    internal List<object?[]> Read(Snapshot snapshot)
    {
        using DuckDbConnection connection = Database.Connect();
        using SnapshotRows rows = SnapshotRows.Of(snapshot, Database);
        using var sum = new ContentSumAccumulator(snapshot.Schema);
        var all = new List<object?[]>();
        using DuckDbReader reader = connection.Read($"SELECT * FROM {rows.Sql}");
        while (reader.ReadBatch() is { } batch)
        {
            using (batch)
            {
                sum.Process(batch);
                all.AddRange(BatchRows.Of(batch));
            }
        }
        if (snapshot.Files.All(file => file.ContentSum is not null)) Assert.That(ContentSum.Total(snapshot.Files.Select(file => file.ContentSum!.Value)), Is.EqualTo(sum.Sum), $"the sum of version {snapshot.Version}");
        if (snapshot.RowCount is { } count) Assert.That(count, Is.EqualTo(all.Count), $"the rows of version {snapshot.Version}");
        return [.. all.OrderBy(Text, StringComparer.Ordinal)];
    }

    /// <summary>Checks what the log says of each file of a snapshot against its rows.</summary>
    internal void CheckFiles(Snapshot snapshot)
    {
        foreach (DataFile file in snapshot.Files)
        {
            List<object?[]> rows = Read(snapshot with { Files = [file] });
            for (int i = 0; i < snapshot.Schema.Count; i++)
                if (file.Statistics!.Columns.TryGetValue(snapshot.Schema[i].Name, out ColumnStatistics? known))
                    Assert.That(known.NullCount, Is.EqualTo(rows.Count(row => row[i] is null)), $"NULLs of {snapshot.Schema[i].Name} in {file.Path}");
        }
    }

    internal async Task<string> TextAsync(long? version = null) => string.Join(' ', Read((await Open().ReadAsync(version))!).Select(Text));

    internal static string Text(object?[] row) => string.Join('|', row.Select(value => value ?? "-"));

    /// <summary>Parquet files on disk that no version names.</summary>
    internal async Task<List<string>> LeftoversAsync()
    {
        DeltaTable table = Open();
        HashSet<string> named = [];
        for (long version = (await table.ReadAsync())?.Version ?? -1; version >= 0; version--) named.UnionWith((await table.ReadAsync(version))!.Files.Select(file => file.Path));
        return [.. Directory.GetFiles(_folder["t"], "*.parquet", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(_folder["t"], file)).Where(file => !named.Contains(file) && !file.StartsWith("_delta_log", StringComparison.Ordinal))];
    }

    public void Dispose()
    {
        Database.Dispose();
        _folder.Dispose();
    }
}
