using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Arrow;

/// <summary>Batches pass to DuckDB and back by Arrow's C data interface, through the Arrow functions of its own C API, in this very process.</summary>
[TestFixture]
internal sealed unsafe class ArrowDuckDbTests
{
    [TestCaseSource(typeof(RandomBatches), nameof(RandomBatches.SampleSchemas))]
    public void Stream_OfEveryTypeAndSliced_IsQueriedByDuckDb(Schema schema)
    {
        using var duckDb = new DuckDbArrow();
        // More rows than one of DuckDB's vectors holds, cut anywhere.
        using RecordBatch whole = RandomBatches.Create(new Random(1), schema, 5000);
        CArrowArrayStream stream;
        ArrowCData.Export(new MemoryBatchReader(schema, [whole.Slice(0, 3001), whole.Slice(3001, 0), whole.Slice(3001, 7), whole.Slice(3008, 1992)]), &stream);
        duckDb.Scan("batches", &stream);
        using (DuckDbReader reader = duckDb.Connection.Read("SELECT * FROM batches"))
        {
            Assert.That(reader.Schema, Is.EqualTo(schema));
            Assert.That(BatchRows.FirstDifference(BatchRows.Of(whole), Rows(reader)), Is.Null, $"{schema}");
        }
        if (stream.Release is not null) stream.Release(&stream);
    }

    [TestCaseSource(typeof(RandomBatches), nameof(RandomBatches.SampleSchemas))]
    public void Chunk_MadeOfABatchAndExported_IsTheBatch(Schema schema)
    {
        using var duckDb = new DuckDbArrow();
        using RecordBatch whole = RandomBatches.Create(new Random(2), schema, 3000);
        foreach ((int start, int count) in new[] { (0, 3000), (13, 2040), (5, 0) })
        {
            using RecordBatch slice = whole.Slice(start, count);
            using DuckDbArrow.Chunk chunk = duckDb.Take(slice);
            using RecordBatch back = chunk.Export();
            Assert.That(back.Schema, Is.EqualTo(schema));
            Assert.That(BatchRows.FirstDifference(BatchRows.Of(slice), BatchRows.Of(back)), Is.Null, $"{schema} from {start}");
        }
    }

    [Test]
    public void Chunk_OverABatch_KeepsItsMemoryUntilDestroyed()
    {
        using var duckDb = new DuckDbArrow();
        Schema schema = RandomBatches.SchemaOf([DataType.Int64, DataType.String]);
        RecordBatch values = BatchRows.Build(schema, [7L, "text that is not inlined"]);
        var owner = new Owner(values);
        RecordBatch batch = RecordBatch.Over(schema, 1, [values.Column(0).Buffers, values.Column(1).Buffers], owner);
        DuckDbArrow.Chunk chunk = duckDb.Take(batch);
        batch.Dispose();
        Assert.That(owner.IsDisposed, Is.False);
        using (RecordBatch back = chunk.Export()) Assert.That(BatchRows.Of(back).Single(), Is.EqualTo(new object?[] { 7L, "text that is not inlined" }));
        chunk.Dispose();
        Assert.That(owner.IsDisposed);
    }

    // Each setting has DuckDB export other types of Arrow for the same of its own.
    [TestCase("")]
    [TestCase("arrow_large_buffer_size=true")]
    [TestCase("arrow_output_version=1.5")]
    [TestCase("arrow_output_version=1.5 produce_arrow_string_view=true")]
    [TestCase("arrow_output_list_view=true")]
    [TestCase("arrow_lossless_conversion=true")]
    public void Results_OfEveryTypeThatABatchHolds_AreImportedEqual(string settings)
    {
        using var duckDb = new DuckDbArrow(settings.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        string sql = """
            SELECT CASE WHEN i % 7 > 0 THEN i % 2 = 0 END AS flag, (i % 100)::TINYINT AS i8, i::SMALLINT AS i16, i::INTEGER AS i32, CASE WHEN i % 5 > 0 THEN i END AS i64,
                (i % 256)::UTINYINT AS u8, i::USMALLINT AS u16, i::UINTEGER AS u32, (i + 18446744073709540000)::UBIGINT AS u64,
                i::FLOAT / 3 AS f32, i::DOUBLE / 3 AS f64, (i / 10)::DECIMAL(4,1) AS d4, (i / 10)::DECIMAL(9,2) AS d9, (i / 10)::DECIMAL(18,3) AS d18, (i * -1e20)::DECIMAL(38,6) AS d38,
                CASE WHEN i % 3 > 0 THEN repeat('ä', i % 20) END AS text, ('x' || i)::BLOB AS bytes, DATE '1970-01-01' + i::INTEGER AS day,
                TIMESTAMP '1969-12-31 23:59:59' + i * INTERVAL 1 SECOND AS naive, (TIMESTAMP '2024-01-01' + i * INTERVAL 1 MICROSECOND)::TIMESTAMPTZ AS instant,
                (TIMESTAMP '2024-01-01' + i * INTERVAL 1 SECOND)::TIMESTAMP_S AS s, (TIMESTAMP '2024-01-01' + i * INTERVAL 1 MILLISECOND)::TIMESTAMP_MS AS ms, (TIMESTAMP '2024-01-01' + i * INTERVAL 1 MICROSECOND)::TIMESTAMP_NS AS ns,
                (['a', 'bb', 'ccc'])[i % 3 + 1]::ENUM('a', 'bb', 'ccc') AS word, CASE WHEN i % 4 > 0 THEN [i, NULL, i + 1] END AS list, [i, NULL]::BIGINT[2] AS pair, [[i::VARCHAR], [], NULL] AS lists,
                CASE WHEN i % 4 > 0 THEN {a: i, b: CASE WHEN i % 2 > 0 THEN {c: i::VARCHAR} END} END AS struct, MAP {'k' || i: i, 'l': NULL} AS map, MAP {} AS empty
            FROM range(5000) t(i)
            """;
        // A lossless boolean is an extension type over bytes, which is kept as what it says.
        if (settings.Contains("lossless", StringComparison.Ordinal)) sql = $"SELECT * EXCLUDE (flag) FROM ({sql})";
        using DuckDbReader reader = duckDb.Connection.Read(sql);
        List<object?[]> expected = Rows(reader);
        reader.Dispose();
        var actual = new List<object?[]>();
        foreach (RecordBatch batch in duckDb.Query(sql))
            using (batch) actual.AddRange(BatchRows.Of(batch));
        Assert.That(BatchRows.FirstDifference(expected, actual), Is.Null);
    }

    [TestCase("TIME '12:00:00'", "time64[us]")]
    [TestCase("INTERVAL 1 DAY", "month_day_nano_interval")]
    [TestCase("union_value(n := 1)", "sparse_union")]
    public void Results_OfATypeThatNoBatchHolds_AreRefusedByName(string value, string type)
    {
        using var duckDb = new DuckDbArrow();
        LeptonDataException error = Refusal.Of("storage.arrow_type", () =>
        {
            foreach (RecordBatch batch in duckDb.Query($"SELECT {value} AS v")) batch.Dispose();
        });
        Assert.That(error.Message, Does.Contain(type));
    }

    private static List<object?[]> Rows(DuckDbReader reader)
    {
        var rows = new List<object?[]>();
        while (reader.ReadBatch() is { } batch)
            using (batch) rows.AddRange(BatchRows.Of(batch));
        return rows;
    }

    private sealed class Owner(RecordBatch batch) : IDisposable
    {
        internal bool IsDisposed { get; private set; }

        public void Dispose()
        {
            IsDisposed = true;
            batch.Dispose();
        }
    }
}
