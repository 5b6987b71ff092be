using System.Diagnostics.CodeAnalysis;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Editing;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Parquet;
using Lepton.Data.Testing.Batches;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Spark;

/// <summary>One table that Spark and we both open, in a folder of its own.</summary>
internal sealed class SparkTable : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly DuckDbDatabase _database;
    private int _exportCount;

    internal SparkTable(SparkServer spark)
    {
        Spark = spark;
        Store = new LocalObjectStore(_folder.Path);
        _database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [_folder.Path] });
    }

    internal SparkServer Spark { get; }

    internal LocalObjectStore Store { get; }

    /// <summary>The table's name in SQL.</summary>
    internal string Name => $"delta.`{_folder["t"]}`";

    internal string this[string relative] => _folder[$"t/{relative}"];

    /// <summary>The table for us, opened anew.</summary>
    internal DeltaTable Open() => new(Store, "t");

    /// <summary>Runs statements in Spark; <c>{t}</c> stands for the table.</summary>
    internal SparkTable Do(params string[] statements)
    {
        foreach (string statement in statements) Spark.Sql(statement.Replace("{t}", Name, StringComparison.Ordinal));
        return this;
    }

    /// <summary>Asserts that our rows of a version (null for the newest) are those that Spark says.</summary>
    /// <returns>The snapshot.</returns>
    internal async Task<Snapshot> AssertSameAsync(long? version = null)
    {
        Snapshot snapshot = (await Open().ReadAsync(version))!;
        string exported = _folder[$"export-{++_exportCount}.parquet"];
        long rows = Spark.Export($"SELECT * FROM {Name}{(version is null ? "" : $" VERSION AS OF {version}")}", exported);
        ContentSum theirs = await SumAsync(ReadFile(exported, snapshot.Schema), snapshot.Schema);
        ContentSum ours = await SumAsync(await ParquetRecords.ReadAsync(new LocalObjectStore(Path.GetDirectoryName(snapshot.RootPath)!), Path.GetFileName(snapshot.RootPath), snapshot, default), snapshot.Schema);
        Assert.Multiple(() =>
        {
            Assert.That(ours.RowCount, Is.EqualTo(rows), $"rows of version {snapshot.Version}");
            Assert.That(ContentHash.Of(snapshot.Schema, ours), Is.EqualTo(ContentHash.Of(snapshot.Schema, theirs)), $"content of version {snapshot.Version}");
            Assert.That(snapshot.RowCount, Is.Null.Or.EqualTo(rows), $"row count of version {snapshot.Version}");
            if (snapshot.ContentHash is { } said) Assert.That(said, Is.EqualTo(ContentHash.Of(snapshot.Schema, theirs)), $"content that the log says of version {snapshot.Version}");
        });
        File.Delete(exported);
        return snapshot;
    }

    /// <summary>Asserts it of every version.</summary>
    internal async Task AssertSameEverywhereAsync(long newest)
    {
        for (long version = 0; version <= newest; version++) await AssertSameAsync(version);
    }

    /// <summary>Changes the table as a program that knows nothing of it yet.</summary>
    internal TableEditor Editor()
        => new(Open(), Store, _database, new RunContext(RunId.Create(TimeProvider.System), AccessContext.Owner, TimeProvider.System, new MemoryBudget(1L << 30)));

    internal static MemoryBatchReader Rows(Schema schema, params object?[][] rows) => new(schema, [BatchRows.Build(schema, rows)]);

    public void Dispose()
    {
        _database.Dispose();
        _folder.Dispose();
    }

    private DuckDbReader ReadFile(string path, Schema schema)
    {
        DuckDbConnection connection = _database.Connect();
        DuckDbReader reader = connection.Read($"SELECT {string.Join(", ", schema.Fields.Select(field => $"CAST({SqlLiteral.Name(field.Name)} AS {field.Type}) AS {SqlLiteral.Name(field.Name)}"))} FROM {ParquetSql.Rows([path], schema)}");
        reader.Own(connection);
        return reader;
    }

    [SuppressMessage("Performance", "CA1859", Justification = "Both readers are read alike.")]
    private static async Task<ContentSum> SumAsync(IRecordBatchReader reader, Schema schema)
    {
        await using (reader)
        {
            using var sum = new ContentSumAccumulator(schema);
            while (await reader.ReadAsync() is { } batch)
                using (batch) sum.Process(batch);
            return sum.Sum;
        }
    }
}
