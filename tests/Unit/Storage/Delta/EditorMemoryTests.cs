using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Editing;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Testing;
using Lepton.Data.Tests.Unit.Storage.Objects;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

/// <summary>Edits of more rows than the memory holds: with a folder to spill into they are done, without one they are refused; either way nothing is left.</summary>
public sealed class EditorMemoryTests
{
    // About 100 bytes each in DuckDB's hands while they are sorted, and 40 while they are joined.
    private const int RowCount = 2_000_000, NewRowCount = 1_500_000;

    // Sorting holds some row groups at once, whatever their number.
    private const long MemoryToSort = 128 << 20, MemoryToJoin = 48 << 20;

    private static readonly Schema s_columns = new([new Field("id", DataType.Int64), new Field("text", DataType.String)]);

    private readonly TempFolder _folder = new();
    private Snapshot _before = null!;

    [OneTimeSetUp]
    public async Task MakeTable()
    {
        using DuckDbDatabase database = Open(null, null);
        using DuckDbConnection connection = database.Connect();
        await using DuckDbReader rows = Rows(connection, 0, RowCount);
        await Editor(database).CreateAsync(s_columns);
        _before = (await Editor(database).AppendAsync(rows)).Snapshot;
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public async Task Editor_MoreRowsThanMemory_SpillsOrRefuses([Values("upsert", "cluster")] string operation, [Values] bool maySpill)
    {
        using DuckDbDatabase source = Open(null, null), small = Open(maySpill ? _folder["temp"] : null, operation == "upsert" ? MemoryToJoin : MemoryToSort);
        await Editor(source).RestoreAsync(_before.Version);
        string[] files = Directory.GetFiles(_folder["t"], "*.parquet");
        using (DuckDbConnection connection = source.Connect())
        {
            await using DuckDbReader rows = Rows(connection, RowCount - (NewRowCount / 2), NewRowCount);
            if (maySpill)
            {
                TableEdit done = await EditAsync(rows);
                Assert.That(done.Snapshot.RowCount, Is.EqualTo(operation == "upsert" ? RowCount + (NewRowCount / 2) : RowCount));
                if (operation == "cluster") Assert.That((done.Added.Count, done.Snapshot.ContentHash), Is.EqualTo((4, _before.ContentHash)));
            }
            else
            {
                DuckDbException refusal = (await Assert.ThrowsAsync<DuckDbException>(() => EditAsync(rows)))!;
                Assert.That(refusal.Error, Is.EqualTo(DuckDbError.OutOfMemory), refusal.Message);
                Assert.That(Directory.GetFiles(_folder["t"], "*.parquet"), Is.EquivalentTo(files));
            }
        }
        string[] spilled = Directory.Exists(_folder["temp"]) ? [.. Directory.GetFiles(_folder["temp"], "*", SearchOption.AllDirectories).Where(file => new FileInfo(file).Length > 0)] : [];
        Assert.That(spilled, Is.Empty, "what was spilled goes with the operation");
        small.Dispose();
        if (maySpill) Assert.That(Directory.GetFileSystemEntries(_folder["temp"]), Is.Empty, "and the folder with the database");

        async Task<TableEdit> EditAsync(IRecordBatchReader rows)
            => operation == "upsert" ? await Editor(small).UpsertAsync(rows, ["id"]) : await Editor(small).CompactAsync(_before.Files[0].SizeBytes / 4, ["text"]);
    }

    private DeltaTable Table => new(new LocalObjectStore(_folder.Path, new UnsyncedFileCalls()), "t");

    private TableEditor Editor(DuckDbDatabase database)
    {
        var time = new FakeTime(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        return new TableEditor(Table, new LocalObjectStore(_folder.Path, new UnsyncedFileCalls()), database, new RunContext(RunId.Create(time), AccessContext.Owner, time, new MemoryBudget(1L << 30)));
    }

    private DuckDbDatabase Open(string? tempFolder, long? memoryLimit)
        => DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [_folder.Path], ThreadCount = 2, MemoryLimitBytes = memoryLimit, TempFolder = tempFolder });

    // In no order of their texts.
    private static DuckDbReader Rows(DuckDbConnection connection, long first, long count)
        => connection.Read($"SELECT i::BIGINT AS id, md5(i::VARCHAR) AS text FROM range({first}, {first + count}) t(i)");
}
