using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

public sealed class PartitionValueTests
{
    [TestCase(null, "VARCHAR", "NULL")]
    [TestCase("", "VARCHAR", "NULL")]
    [TestCase("", "INTEGER", "NULL")]
    [TestCase("it's", "VARCHAR", "'it''s'")]
    [TestCase("-7", "BIGINT", "'-7'")]
    [TestCase("TRUE", "BOOLEAN", "'true'")]
    [TestCase("1.5", "DECIMAL(6,2)", "'1.50'")]
    [TestCase("12345678901234567890123456789012345678", "DECIMAL(38,0)", "'12345678901234567890123456789012345678'")]
    [TestCase("NaN", "DOUBLE", "'NaN'")]
    [TestCase("1.0E300", "DOUBLE", "'1.0E300'")]
    [TestCase("1600-02-29", "DATE", "'1600-02-29'")]
    [TestCase("2020-01-01 01:02:03.000004", "TIMESTAMPTZ", "'2020-01-01 01:02:03.000004+00'")]
    [TestCase("2020-01-01T01:02:03.000004Z", "TIMESTAMPTZ", "'2020-01-01 01:02:03.000004+00'")]
    [TestCase("2020-01-01T01:02:03+02:00", "TIMESTAMPTZ", "'2019-12-31 23:02:03.000000+00'")]
    [TestCase("2020-01-01 01:02:03", "TIMESTAMP", "'2020-01-01 01:02:03.000000'")]
    [TestCase("A", "BLOB", "encode('A')")]
    public void ToSql_Value_IsOneOfTheType(string? text, string type, string sql) => Assert.That(PartitionValue.ToSqlText(text, new Field("p", DataType.Parse(type))), Is.EqualTo(sql));

    [TestCase("x", "INTEGER")]
    [TestCase("1 ", "BIGINT")]
    [TestCase("128", "TINYINT")]
    [TestCase("yes", "BOOLEAN")]
    [TestCase("1.5'", "DECIMAL(6,2)")]
    [TestCase("12345.5", "DECIMAL(6,2)")]
    [TestCase("2020-02-30", "DATE")]
    [TestCase("12:00", "TIMESTAMPTZ")]
    [TestCase("1-2", "DECIMAL(6,2)")]
    [TestCase("1.2.3", "DECIMAL(6,2)")]
    [TestCase("1.555", "DECIMAL(6,2)")]
    [TestCase("2020-01-01 01:02:03Z", "TIMESTAMP")]
    [TestCase("nul\0", "VARCHAR")]
    [TestCase("[1]", "INTEGER[]")]
    public void ToSql_WhatIsNone_IsRefused(string text, string type)
        => Assert.That(Refusal.Of("storage.partition_value", () => PartitionValue.ToSqlText(text, new Field("p", DataType.Parse(type)))).Message, Does.Contain("'p'").Or.Contain("“p”"));

    // What a file is looked up by and what its rows show are one: else a predicate would pass over rows that it means.
    [TestCase("True", "BOOLEAN", "true")]
    [TestCase("t", "BOOLEAN", null)]
    [TestCase("+07", "INTEGER", "7")]
    [TestCase("1.5e1", "DECIMAL(6,2)", "15.00")]
    [TestCase("1.555", "DECIMAL(6,2)", null)]
    [TestCase("x", "DECIMAL(6,2)", null)]
    [TestCase("-", "DECIMAL(6,2)", null)]
    [TestCase("2020-1-1", "DATE", null)]
    [TestCase("2020-01-01 01:02:03", "TIMESTAMPTZ", "2020-01-01T01:02:03Z")]
    [TestCase("2020-01-01T01:02:03.5", "TIMESTAMPTZ", "2020-01-01T01:02:03.5Z")]
    [TestCase("2020-01-01 01:02:03-01:00", "TIMESTAMPTZ", "2020-01-01T02:02:03Z")]
    [TestCase("2020-01-01 01:02:03.0000001", "TIMESTAMPTZ", null)]
    public void Read_AnyText_AgreesWithItsSql(string text, string type, string? meant)
    {
        var column = new Field("p", DataType.Parse(type));
        object? value = PartitionValue.Read(text, column.Type);
        if (meant is null)
        {
            Assert.That(value, Is.Null);
            Refusal.Of("storage.partition_value", () => PartitionValue.ToSqlText(text, column));
            return;
        }
        Assert.That(value, Is.Not.Null.And.EqualTo(PartitionValue.Read(meant, column.Type)));
        Assert.That(PartitionValue.ToSqlText(text, column), Is.EqualTo(PartitionValue.ToSqlText(meant, column)));
    }

    [TestCase("interval 1 week", 604_800_000_000)]
    [TestCase("interval 30 days", 2_592_000_000_000)]
    [TestCase("INTERVAL 1 day 12 HOURS 1 microsecond", 129_600_000_001)]
    [TestCase("2 minutes 3 seconds 4 milliseconds", 123_004_000)]
    [TestCase("interval", null)]
    [TestCase("", null)]
    [TestCase("interval 1 month", null)]
    [TestCase("interval -1 day", null)]
    [TestCase("interval 99999999999999 weeks", null)]
    public void TryParse_Interval(string text, long? microseconds) => Assert.That(Retention.TryParse(text, out long found) ? (long?)found : null, Is.EqualTo(microseconds));
}
