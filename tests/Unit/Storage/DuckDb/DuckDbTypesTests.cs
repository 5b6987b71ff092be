using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.DuckDb;

/// <summary>Every type out of DuckDB, and in again.</summary>
public sealed class DuckDbTypesTests
{
    private readonly DuckDbDatabase _database = DuckDbDatabase.Open(new DuckDbOptions());

    [OneTimeTearDown]
    public void Close() => _database.Dispose();

    private static readonly object[] s_values =
    [
        new object?[] { "true", DataType.Boolean, true },
        new object?[] { "(-128)::TINYINT", DataType.Int8, sbyte.MinValue },
        new object?[] { "(-32768)::SMALLINT", DataType.Int16, short.MinValue },
        new object?[] { "(-2147483648)::INTEGER", DataType.Int32, int.MinValue },
        new object?[] { "(-9223372036854775808)::BIGINT", DataType.Int64, long.MinValue },
        new object?[] { "255::UTINYINT", DataType.Int16, (short)255 },
        new object?[] { "65535::USMALLINT", DataType.Int32, 65535 },
        new object?[] { "4294967295::UINTEGER", DataType.Int64, 4294967295L },
        new object?[] { "18446744073709551615::UBIGINT", DataType.Decimal(20, 0), (Int128)ulong.MaxValue },
        new object?[] { "1.5::FLOAT", DataType.Float32, 1.5f },
        new object?[] { "'-inf'::DOUBLE", DataType.Float64, double.NegativeInfinity },
        new object?[] { "'nan'::DOUBLE", DataType.Float64, double.NaN },
        new object?[] { "(-12.34)::DECIMAL(4,2)", DataType.Decimal(4, 2), (Int128)(-1234) },
        new object?[] { "(-1234567.89)::DECIMAL(9,2)", DataType.Decimal(9, 2), (Int128)(-123456789) },
        new object?[] { "(-1234567890123456.78)::DECIMAL(18,2)", DataType.Decimal(18, 2), (Int128)(-123456789012345678) },
        new object?[] { "(-99999999999999999999999999999999999999)::DECIMAL(38,0)", DataType.Decimal(38, 0), Int128.Parse("-99999999999999999999999999999999999999", CultureInfo.InvariantCulture) },
        new object?[] { "''", DataType.String, "" },
        new object?[] { "'twelve bytes'", DataType.String, "twelve bytes" },
        new object?[] { "'thirteen byte, and beyond: 世界'", DataType.String, "thirteen byte, and beyond: 世界" },
        new object?[] { "'\\x00\\xFF'::BLOB", DataType.Binary, new byte[] { 0, 255 } },
        new object?[] { "DATE '1969-12-31'", DataType.Date, new DateOnly(1969, 12, 31) },
        new object?[] { "TIMESTAMP '1970-01-01 00:00:00.000001'", DataType.NaiveTime, new EventTime(1) },
        new object?[] { "TIMESTAMP_S '1970-01-01 00:00:02'", DataType.NaiveTime, new EventTime(2_000_000) },
        new object?[] { "TIMESTAMP_MS '1970-01-01 00:00:00.003'", DataType.NaiveTime, new EventTime(3_000) },
        new object?[] { "TIMESTAMP_NS '1970-01-01 00:00:00.000004'", DataType.NaiveTime, new EventTime(4) },
        new object?[] { "TIMESTAMPTZ '1970-01-01 01:00:00+01'", DataType.Instant, new EventTime(0) },
        new object?[] { "TIMESTAMP_S 'infinity'", DataType.NaiveTime, new EventTime(long.MaxValue) },
        new object?[] { "'b'::ENUM('a', 'b')", DataType.String, "b" },
        new object?[] { "'00112233-4455-6677-8899-aabbccddeeff'::UUID", DataType.String, "00112233-4455-6677-8899-aabbccddeeff" },
        new object?[] { "'ff112233-4455-6677-8899-aabbccddeeff'::UUID", DataType.String, "ff112233-4455-6677-8899-aabbccddeeff" },
    ];

    [Test]
    public unsafe void Offer_DecimalUnderANull_MayBeAnything([Values(4, 9, 18)] int precision)
    {
        var schema = new Schema([new Field("d", DataType.Decimal(precision, 1))]);
        Int128* values = stackalloc Int128[2] { Int128.MaxValue, 15 };
        byte* validity = stackalloc byte[8];
        validity[0] = 0b10;
        using RecordBatch batch = RecordBatch.Over(schema, 2, [new ColumnBuffers { Values = (byte*)values, Validity = validity }], new MemoryStream());
        using OfferedBatches offer = _database.Offer(schema, [batch]);
        using DuckDbConnection connection = _database.Connect();
        Assert.That(connection.ReadValue<string>($"SELECT string_agg(coalesce(d::VARCHAR, '-'), ' ') FROM {offer.Sql}"), Is.EqualTo("- 1.5"));
    }

    [TestCaseSource(nameof(s_values))]
    public async Task Read_AValueBetweenNulls_ComesOutAsItIs(string sql, DataType type, object expected)
    {
        using DuckDbConnection connection = _database.Connect();
        await using DuckDbReader reader = connection.Read($"SELECT CASE WHEN i % 3 = 1 THEN {sql} END AS v FROM range(3000) t(i) ORDER BY i");
        Assert.That(reader.Schema, Is.EqualTo(new Schema([new Field("v", type)])));
        int row = 0;
        while (await reader.ReadAsync() is { } batch)
        {
            using (batch)
            {
                for (int i = 0; i < batch.RowCount; i++, row++) Assert.That(batch.Column(0).Value(i), row % 3 == 1 ? Is.EqualTo(expected) : Is.Null, $"row {row}");
            }
        }
        Assert.That(row, Is.EqualTo(3000));
    }

    [TestCaseSource(nameof(s_values))]
    public async Task Offer_AValueBetweenNulls_IsReadAsItIs(string sql, DataType type, object expected)
    {
        using var builder = new RecordBatchBuilder(new Schema([new Field("v", type)]));
        for (int row = 0; row < 3000; row++) builder.Column(0).AppendValue(row % 3 == 1 ? expected : null);
        using RecordBatch written = builder.Build();
        using OfferedBatches offer = _database.Offer(written.Schema, [written]);
        using DuckDbConnection connection = _database.Connect();
        await using DuckDbReader reader = connection.Read($"SELECT v FROM {offer.Sql}");
        Assert.That(reader.Schema, Is.EqualTo(written.Schema));
        using RecordBatch? read = await reader.ReadAsync();
        for (int row = 0; row < 3000; row++) Assert.That(read!.Column(0).Value(row), Is.EqualTo(written.Column(0).Value(row)), sql);
    }

    [TestCase("1::HUGEINT", "HUGEINT", "BIGINT")]
    [TestCase("1::UHUGEINT", "UHUGEINT", "BIGINT")]
    [TestCase("TIME '01:02:03'", "TIME", "VARCHAR")]
    [TestCase("INTERVAL 1 DAY", "INTERVAL", "BIGINT")]
    [TestCase("[1::HUGEINT]", "HUGEINT[]", "VARCHAR")]
    [TestCase("row(1, 2)", "STRUCT(\"\" INTEGER, \"\" INTEGER)", "VARCHAR")]
    [TestCase("'101'::BIT", "BIT", "VARCHAR")]
    public void Read_TypeThatNoBatchHolds_IsRefusedByNameAndRemedy(string sql, string type, string remedy)
    {
        using DuckDbConnection connection = _database.Connect();
        LeptonDataException error = Assert.Throws<LeptonDataException>(() => connection.Read($"SELECT 1 AS fine, {sql} AS bad"))!;
        Assert.That(error.Code, Is.EqualTo("storage.duckdb_type"));
        Assert.That(error.Message, Does.Contain("bad").And.Contain(type).And.Contain(remedy));
        Assert.That(connection.ReadValue<int>("SELECT 7"), Is.EqualTo(7), "the connection stays usable");
    }

    [Test]
    public void Read_NanosecondsThatAreNoMicroseconds_AreRefused()
    {
        using DuckDbConnection connection = _database.Connect();
        using DuckDbReader reader = connection.Read("SELECT TIMESTAMP_NS '1970-01-01 00:00:00.000000004' AS t");
        Assert.That(() => reader.ReadBatch(), Throws.InstanceOf<LeptonDataException>().With.Property("Code").EqualTo("storage.duckdb_time_precision"));
    }

    [Test]
    public void Read_NullLiteral_IsAColumnOfNothing()
    {
        using DuckDbConnection connection = _database.Connect();
        using DuckDbReader reader = connection.Read("SELECT NULL AS n");
        using RecordBatch batch = reader.ReadBatch()!;
        Assert.That(batch.Column(0).Value(0), Is.Null);
        TestContext.Out.WriteLine(reader.Schema);
    }

    [Test]
    public void Execute_ArgumentsOfEveryType_AreBound()
    {
        using DuckDbConnection connection = _database.Connect();
        Assert.That(connection.ReadValue<bool>("SELECT $1::BOOLEAN", [true]), Is.True);
        Assert.That(connection.ReadValue<int>("SELECT $1::INTEGER", [-5]), Is.EqualTo(-5));
        Assert.That(connection.ReadValue<long>("SELECT $1::BIGINT", [long.MaxValue]), Is.EqualTo(long.MaxValue));
        Assert.That(connection.ReadValue<double>("SELECT $1::DOUBLE", [0.1]), Is.EqualTo(0.1));
        Assert.That(connection.ReadValue<string>("SELECT $1::VARCHAR", ["it's 世界"]), Is.EqualTo("it's 世界"));
        Assert.That(connection.ReadValue<string>("SELECT $1::VARCHAR", [""]), Is.Empty);
        Assert.That(connection.ReadValue<byte[]>("SELECT $1::BLOB", [new byte[] { 0, 1 }]), Is.EqualTo(new byte[] { 0, 1 }));
        Assert.That(connection.ReadValue<DateOnly>("SELECT $1::DATE", [new DateOnly(2001, 2, 3)]), Is.EqualTo(new DateOnly(2001, 2, 3)));
        Assert.That(connection.ReadValue<EventTime>("SELECT $1::TIMESTAMPTZ", [new EventTime(-1)]), Is.EqualTo(new EventTime(-1)));
        Assert.That(connection.ReadValue<string>("SELECT $1::VARCHAR", [null]), Is.Null);
        Assert.That(() => connection.ReadValue<string>("SELECT $1::VARCHAR", []), Throws.ArgumentException);
    }
}
