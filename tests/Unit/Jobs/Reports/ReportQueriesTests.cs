using Lepton.Data.Jobs.Reports;
using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs.Reports;

public sealed class ReportQueriesTests
{
    private static IEnumerable<TestCaseData> Cells()
    {
        yield return new TestCaseData(null, DataType.Int64, null);
        yield return new TestCaseData((sbyte)-3, DataType.Int8, -3L);
        yield return new TestCaseData(9007199254740992L, DataType.Int64, 9007199254740992L);
        // 2^53 + 1 is the first whole number that a browser would round.
        yield return new TestCaseData(9007199254740994L, DataType.Int64, "9007199254740994");
        yield return new TestCaseData(long.MinValue, DataType.Int64, "-9223372036854775808");
        yield return new TestCaseData(double.NaN, DataType.Float64, "NaN");
        yield return new TestCaseData(double.PositiveInfinity, DataType.Float64, "Infinity");
        yield return new TestCaseData(0.5f, DataType.Float32, 0.5);
        yield return new TestCaseData((Int128)(-12345), DataType.Decimal(10, 2), -123.45);
        yield return new TestCaseData(new EventTime(0), DataType.Instant, "1970-01-01T00:00:00.000000Z");
        yield return new TestCaseData(new DateOnly(2001, 5, 1), DataType.Date, "2001-05-01");
        yield return new TestCaseData(new string('x', 301), DataType.String, new string('x', 300) + "…");
        yield return new TestCaseData(new string('x', 299) + "😀", DataType.String, new string('x', 299) + "…");
        yield return new TestCaseData(new byte[] { 0, 255 }, DataType.Binary, "00ff");
    }

    [TestCaseSource(nameof(Cells))]
    public void CellOf_Value_IsWhatJsonCanHold(object? value, DataType type, object? expected)
        => Assert.That(ReportQueries.CellOf(value, type), Is.EqualTo(expected));
}
