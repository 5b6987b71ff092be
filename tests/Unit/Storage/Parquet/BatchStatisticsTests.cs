using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Parquet;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Parquet;

public sealed class BatchStatisticsTests
{
    private static readonly object[] s_columns =
    [
        new object?[] { DataType.Int8, (sbyte)-5, (sbyte)7 },
        new object?[] { DataType.Int16, short.MinValue, (short)0 },
        new object?[] { DataType.Int32, -1, int.MaxValue },
        new object?[] { DataType.Int64, long.MinValue, long.MaxValue },
        new object?[] { DataType.Float32, float.NegativeInfinity, 0.5f },
        new object?[] { DataType.Float64, -1e300, 1e300 },
        new object?[] { DataType.Decimal(38, 2), (Int128)(-7), Int128.MaxValue },
        // U+FFFF is before U+10000 in the order of UTF-8, and after it in that of UTF-16.
        new object?[] { DataType.String, "\uFFFF", "\U00010000" },
        new object?[] { DataType.Date, new DateOnly(1582, 10, 4), new DateOnly(9999, 12, 31) },
        new object?[] { DataType.Instant, new EventTime(-1), new EventTime(1) },
        new object?[] { DataType.NaiveTime, new EventTime(long.MinValue), new EventTime(long.MaxValue) },
    ];

    [TestCaseSource(nameof(s_columns))]
    public void Of_ValuesInSeveralBatches_AreBounded(DataType type, object least, object greatest)
    {
        ColumnStatistics statistics = StatisticsOf(type, [greatest, null], [null, least, greatest]);
        Assert.That(statistics, Is.EqualTo(new ColumnStatistics(2, least, greatest)));
    }

    [Test]
    public void Of_NothingButNull_HasNoBounds() => Assert.That(StatisticsOf(DataType.Int64, [[null, null]]), Is.EqualTo(new ColumnStatistics(2, null, null)));

    [Test]
    public void Of_ANaN_HasNoBounds() => Assert.That(StatisticsOf(DataType.Float64, [1.0], [double.NaN], [2.0]), Is.EqualTo(new ColumnStatistics(0, null, null)));

    [Test]
    public void Of_DaysBeyondTheCalendar_HasNoBounds() => Assert.That(StatisticsOf(DataType.Date, [int.MaxValue], [new DateOnly(2001, 1, 1)]), Is.EqualTo(new ColumnStatistics(0, null, null)));

    [Test]
    public void Of_BytesAndBooleans_CountsNulls()
    {
        Assert.That(StatisticsOf(DataType.Binary, [[new byte[] { 1 }, null]]), Is.EqualTo(new ColumnStatistics(1, null, null)));
        Assert.That(StatisticsOf(DataType.Boolean, [[true, null]]), Is.EqualTo(new ColumnStatistics(1, null, null)));
    }

    private static ColumnStatistics StatisticsOf(DataType type, params object?[][] batches)
    {
        var schema = new Schema([new Field("c", type)]);
        RecordBatch[] built = [.. batches.Select(values => LakeRecordsTests.BatchOf(schema, [.. values.Select(value => new[] { value })]))];
        FileStatistics statistics = BatchStatistics.Of(schema, built);
        Assert.That(statistics.RowCount, Is.EqualTo(batches.Sum(values => values.Length)));
        foreach (RecordBatch batch in built) batch.Dispose();
        return statistics.Columns["c"];
    }
}
