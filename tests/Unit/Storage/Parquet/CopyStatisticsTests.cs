using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Parquet;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Parquet;

public sealed class CopyStatisticsTests
{
    [TestCase("infinity")]
    [TestCase("0044-03-15 (BC) 00:00:00+00")]
    [TestCase("10000-01-01 00:00:00+00")]
    [TestCase("2001-01-01 00:00:00+01")]
    [TestCase("2001-01-01 00:00:00.1234567+00")]
    [TestCase("")]
    public void Parse_TimeThatIsNotExact_IsLeftOut(string text) => Assert.That(CopyStatistics.Parse(text, DataType.Instant), Is.Null);

    [Test]
    public void Parse_Times_AreExact()
    {
        Assert.That(CopyStatistics.Parse("1970-01-01 00:00:00.000001+00", DataType.Instant), Is.EqualTo(new EventTime(1)));
        Assert.That(CopyStatistics.Parse("1970-01-01 00:00:01.5+00", DataType.Instant), Is.EqualTo(new EventTime(1_500_000)));
        Assert.That(CopyStatistics.Parse("1969-12-31 23:59:59+00", DataType.Instant), Is.EqualTo(new EventTime(-1_000_000)));
    }

    [Test]
    public void Of_RandomRows_BoundsHoldAndAreReached([Range(1, 8)] int seed)
    {
        var random = new Random(seed);
        Schema schema = RandomBatches.SchemaOf(RandomBatches.FlatTypes.Where(type => type.Id != TypeId.NaiveTime));
        using RecordBatch batch = RandomBatches.Create(random, schema, random.Next(1, 500));
        using var folder = new TempFolder();
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [folder.Path] });
        using DuckDbConnection connection = database.Connect();
        using OfferedBatches offer = database.Offer(schema, [batch]);
        CopiedFile file = connection.Copy($"COPY (FROM {offer.Sql}) TO '{folder["a.parquet"]}' (FORMAT parquet, COMPRESSION zstd, RETURN_STATS)")[0];
        FileStatistics statistics = CopyStatistics.Of(file, schema);
        Assert.That(statistics.RowCount, Is.EqualTo(batch.RowCount));
        for (int column = 0; column < schema.Count; column++)
        {
            string name = schema[column].Name;
            ColumnStatistics found = statistics.Columns[name];
            List<object?> values = [.. BatchRows.Of(batch).Select(row => row[column])];
            Assert.That(found.NullCount, Is.EqualTo(values.Count(value => value is null)), $"{name}, seed {seed}");
            object[] present = [.. values.OfType<object>()];
            if (found.Min is null || found.Max is null)
            {
                bool mayBeUnknown = schema[column].Type.Id is TypeId.Binary or TypeId.Float || present.Length == 0 || schema[column].Type.Id == TypeId.String;
                Assert.That(mayBeUnknown, Is.True, $"{schema[column]} has no bounds, seed {seed}");
                continue;
            }
            Assert.That(present.Any(value => Compare(value, found.Min) == 0), Is.True, $"{schema[column]} min {Say(found.Min)} occurs, seed {seed}");
            Assert.That(present.Any(value => Compare(value, found.Max) == 0), Is.True, $"{schema[column]} max {Say(found.Max)} occurs, seed {seed}");
            Assert.That(present.All(value => Compare(found.Min, value) <= 0 && Compare(value, found.Max) <= 0), Is.True, $"{schema[column]}, seed {seed}");
        }
    }

    // Text by code point, as Parquet orders it; 0.0 equals -0.0.
    private static int Compare(object left, object right) => (left, right) switch
    {
        (string a, string b) => System.Text.Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes(b)),
        (double a, double b) => a == b ? 0 : a.CompareTo(b),
        (float a, float b) => a == b ? 0 : a.CompareTo(b),
        (EventTime a, EventTime b) => a.CompareTo(b),
        _ => ((IComparable)left).CompareTo(right),
    };

    private static string Say(object value) => Convert.ToString(value, CultureInfo.InvariantCulture)!;
}
