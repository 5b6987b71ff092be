using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.DuckDb;

/// <summary>The examples of docs/duckdb.md, as they stand there.</summary>
public sealed class PageTests
{
    [Test]
    public void Examples_OfThePage_RunAsTheyStand()
    {
        using var folder = new TempFolder();
        var lines = new List<string>();
        using (DuckDbDatabase files = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [folder.Path] }))
        using (DuckDbConnection writer = files.Connect())
            writer.Execute($"COPY (SELECT 'SFO' AS origin FROM range(3)) TO {SqlLiteral.Text(folder["flights.parquet"])} (FORMAT parquet)");

        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { MemoryLimitBytes = 4L << 30, AllowedFolders = [folder.Path] });
        using DuckDbConnection connection = database.Connect();
        using (DuckDbReader reader = connection.Read($"SELECT origin, count(*) AS flights FROM read_parquet({SqlLiteral.Text(folder["flights.parquet"])}) GROUP BY origin"))
        {
            while (reader.ReadBatch() is { } batch)
                using (batch)
                    for (int row = 0; row < batch.RowCount; row++)
                        lines.Add($"{batch.Column(0).Value(row)} {batch.Column(1).Values<long>()[row]}");
        }
        Assert.That(lines, Is.EqualTo(new[] { "SFO 3" }));

        database.Register(new ScalarFunction("plus_one", [DataType.Int64], DataType.Int64, (arguments, result) =>
        {
            ColumnView values = arguments.Column(0);
            for (int row = 0; row < arguments.RowCount; row++)
                if (values.IsNull(row)) result.AppendNull();
                else result.Append(values.Values<long>()[row] + 1);
        }));
        database.Register(new TableFunction("events", [DataType.String], arguments => OpenEvents((string?)arguments[0])));
        Assert.That(connection.ReadValue<string>("SELECT concat(name, plus_one(41)) FROM events('x')"), Is.EqualTo("x42"));
        Assert.That(connection.ReadValue<long?>("SELECT plus_one(NULL)"), Is.Null);
    }

    private static MemoryBatchReader OpenEvents(string? name)
    {
        var schema = new Schema([new Field("name", DataType.String)]);
        return new MemoryBatchReader(schema, [BatchRows.Build(schema, [[name]])]);
    }
}
