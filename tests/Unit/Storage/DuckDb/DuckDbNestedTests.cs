using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.DuckDb;

/// <summary>Structs, lists, arrays and maps out of DuckDB, checked against its own JSON of them, and into it.</summary>
public sealed class DuckDbNestedTests
{
    private readonly DuckDbDatabase _database = DuckDbDatabase.Open(new DuckDbOptions { ThreadCount = 2 });

    [OneTimeTearDown]
    public void Close() => _database.Dispose();

    [Test]
    public void Offer_ValuesUnderNullStructs_AreNullForSql()
    {
        var schema = new Schema([new Field("s", DataType.Parse("STRUCT(a STRUCT(b BIGINT), v BIGINT[2])"))]);
        using var builder = new RecordBatchBuilder(schema);
        ColumnBuilder outer = builder.Column(0);
        outer.Child(0).Child(0).AppendRange<long>([1, 2, 3]);
        outer.Child(0).AppendPresent(3, default);
        outer.Child(1).Child(0).AppendRange<long>([1, 2, 3, 4, 5, 6]);
        outer.Child(1).AppendPresent(3, default);
        outer.AppendPresent(3, [0b101]);
        using RecordBatch batch = builder.Build();
        using OfferedBatches offer = _database.Offer(schema, [batch]);
        using DuckDbConnection connection = _database.Connect();
        using DuckDbReader reader = connection.Read($"SELECT s.a.b, s.v[2] FROM {offer.Sql}");
        using RecordBatch read = reader.ReadBatch()!;
        Assert.That(BatchRows.FirstDifference([[1L, 2L], [null, null], [3L, 6L]], BatchRows.Of(read)), Is.Null);
    }

    [TestCase("SELECT list_reverse(range(i)) AS l FROM range(5000) t(i)")]
    [TestCase("SELECT list_filter(range(i % 7), x -> x % 2 = 0) AS l, {a: i, b: [NULL, i::VARCHAR]} AS s, map([i, i + 1], [[1.5], NULL]) AS m FROM range(70000) t(i)")]
    [TestCase("SELECT unnest([array_value(i, NULL, i + 1), NULL, array_value(i, i, NULL)]) AS f, CASE WHEN i % 5 > 0 THEN CASE WHEN i % 2 > 0 THEN {x: {y: i}} END END AS s FROM range(5000) t(i)")]
    [TestCase("SELECT list(i ORDER BY i) AS l, list({k: i, t: repeat('x', i)}) AS s FROM range(300) t(i) GROUP BY i % 3 ORDER BY i % 3")]
    [TestCase("SELECT x FROM (VALUES ([1, 2]), (NULL), ([]), ([NULL])) t(x), range(900) ORDER BY x")]
    public async Task Read_NestedResults_SayWhatDuckDbSays(string sql)
    {
        using DuckDbConnection connection = _database.Connect();
        await using DuckDbReader reader = connection.Read($"SELECT columns(*), to_json(columns('.*')) AS 'json_\\0' FROM ({sql}) AS q");
        int columns = reader.Schema.Count / 2;
        foreach (object?[] row in await BatchRows.ReadAsync(reader))
            for (int column = 0; column < columns; column++) Assert.That(JsonOf(reader.Schema[column].Type, row[column]), Is.EqualTo(row[columns + column] ?? "null"));
    }

    private static string JsonOf(DataType type, object? value) => (type, value) switch
    {
        (_, null) => "null",
        (StructType { Fields: var fields }, object?[] parts) => $"{{{string.Join(',', fields.Zip(parts).Select(part => $"\"{part.First.Name}\":{JsonOf(part.First.Type, part.Second)}"))}}}",
        (MapType map, KeyValuePair<object, object?>[] entries) => $"{{{string.Join(',', entries.Select(entry => $"\"{entry.Key}\":{JsonOf(map.Value.Type, entry.Value)}"))}}}",
        (_, object?[] items) => $"[{string.Join(',', items.Select(item => JsonOf(type.Children[0].Type, item)))}]",
        (StringType, _) => $"\"{value}\"",
        (DecimalType { Scale: 1 }, Int128 unscaled) => string.Create(CultureInfo.InvariantCulture, $"{(double)unscaled / 10:0.0}"),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
