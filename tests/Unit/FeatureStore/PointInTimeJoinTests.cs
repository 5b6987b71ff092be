using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>The join against the oracle, and against itself.</summary>
public sealed class PointInTimeJoinTests
{
    [Test]
    public async Task Join_AnyHistory_AgreesWithTheNestedLoop([Range(1, 60)] int seed)
        => await RandomHistory.Of(seed, allowsTies: false).AssertAgreesAsync($"seed {seed}");

    // Eight views for each seed; a hundred thousand cases where it is asked for.
    [Test]
    public async Task Join_SeveralViewsOfAnyHistory_EachAgreesWithTheNestedLoop()
    {
        int rounds = IsTorture ? 12_500 : 40;
        for (int seed = 20_000; seed < 20_000 + rounds; seed++)
        {
            IReadOnlyList<HistoryCase> views = RandomHistory.Of(seed, allowsTies: false, viewCount: 8);
            int rowsPerRange = seed % 3 == 0 ? Math.Max(1, views[0].Labels.Count / 3) : int.MaxValue / 4;
            JoinedCase joined = await HistoryCase.JoinAllAsync(views, rowsPerRange: rowsPerRange);
            foreach (HistoryCase view in views) view.AssertEqual(joined, view.Expected!, $"seed {seed}, {view.Name}");
        }
    }

    [Test]
    [Category("Torture")]
    public async Task Join_ManyHistoriesWithTies_FailExactlyWhereTheNestedLoopFindsOne()
    {
        for (int seed = 50_000; seed < 50_000 + (IsTorture ? 5000 : 20); seed++) await RandomHistory.Of(seed, allowsTies: true).AssertAgreesAsync($"seed {seed}");
    }

    [Test]
    public async Task Join_LabelsInRanges_AreAnsweredAsAllAtOnce([Values(1, 2, 7, 64)] int rowsPerRange, [Values(3, 17, 29, 41)] int seed)
    {
        HistoryCase history = RandomHistory.Of(seed, allowsTies: false);
        await history.AssertAgreesAsync($"seed {seed}, {rowsPerRange} rows a range", rowsPerRange);
        JoinedCase one = await history.JoinAsync(), other = await HistoryCase.JoinAllAsync([history], rowsPerRange: rowsPerRange);
        Assert.That(other.Statistics, Is.EqualTo(one.Statistics));
        Assert.That(other.Misses.Select(miss => (miss.Absent, miss.Expired, miss.FromFuture, miss.Ages.Quantile(0.5))), Is.EqualTo(one.Misses.Select(miss => (miss.Absent, miss.Expired, miss.FromFuture, miss.Ages.Quantile(0.5)))));
    }

    [Test]
    public async Task Join_LittleMemory_IsMetByShorterRanges()
    {
        HistoryCase history = RandomHistory.Of(12, allowsTies: false);
        history = history with { Rule = history.Rule with { SkipsNulls = false }, Labels = [.. Enumerable.Range(0, 300).SelectMany(_ => history.Labels).Take(20_000)] };
        JoinedCase one = await history.JoinAsync(), other = await HistoryCase.JoinAllAsync([history], memoryBytes: 12 << 20);
        Assert.That(other.Rows, Is.EqualTo(one.Rows));
    }

    [Test]
    public async Task Join_LabelsThatAnEventTimeJoinWouldLeakTo_AreCounted([Range(1, 30)] int seed)
    {
        HistoryCase history = RandomHistory.Of(seed, allowsTies: false);
        history = history with { Rule = history.Rule with { SkipsNulls = false } };
        Assert.That((await history.JoinAsync()).Misses[0].FromFuture, Is.EqualTo(history.FromFuture), $"seed {seed}");
    }

    [Test]
    public void Histories_OfTheTestOfLeaks_HoldSome()
        => Assert.That(Enumerable.Range(1, 30).Sum(seed => RandomHistory.Of(seed, allowsTies: false).FromFuture), Is.GreaterThan(200));

    [Test]
    public async Task Join_HistoryWithTies_FailsExactlyWhereTheNestedLoopFindsOne([Range(1001, 1040)] int seed)
        => await RandomHistory.Of(seed, allowsTies: true).AssertAgreesAsync($"seed {seed}");

    private static bool IsTorture => Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 };

    [Test]
    public void Histories_OfTheTestsOfTies_HoldBothKinds()
    {
        bool[] hasTies = [.. Enumerable.Range(1001, 40).Select(seed => RandomHistory.Of(seed, allowsTies: true).Expected is null)];
        Assert.That(hasTies.Count(has => has), Is.InRange(5, 35));
    }

    [Test]
    public void Histories_OfTheTests_MeetEveryStatus()
    {
        string[] statuses = [.. Enumerable.Range(1, 60).SelectMany(seed => RandomHistory.Of(seed, allowsTies: false).Expected!).Select(answer => answer.Status)];
        Assert.That(statuses.Count(status => status == "present"), Is.GreaterThan(500));
        Assert.That(statuses.Count(status => status == "expired"), Is.GreaterThan(200));
        Assert.That(statuses.Count(status => status == "absent"), Is.GreaterThan(500));
    }

    [TestCase(3)]
    [TestCase(17)]
    [TestCase(29)]
    public async Task Join_RowsInAnotherOrderAndOtherBatches_GivesTheSame(int seed)
    {
        HistoryCase history = RandomHistory.Of(seed, allowsTies: false);
        var random = new Random(seed);
        HistoryRow[] shuffled = [.. history.Rows];
        random.Shuffle(shuffled);
        JoinedCase one = await history.JoinAsync();
        JoinedCase other = await (history with { Rows = shuffled, BatchCount = 7 }).JoinAsync();
        Assert.That(other.Rows, Is.EqualTo(one.Rows));
    }

    [TestCase(5)]
    [TestCase(11)]
    public async Task Join_RowsLaterThanEveryLabel_ChangeNothing(int seed)
    {
        HistoryCase history = RandomHistory.Of(seed, allowsTies: false);
        history = history with { Labels = [.. history.Labels.Where(label => label.Time < long.MaxValue)] };
        long later = history.Labels.Max(label => label.Time) + 1;
        IEnumerable<HistoryRow> known = history.Rows.Select(row => row with { CreatedTime = later, Features = new object?[row.Features.Length] });
        IEnumerable<HistoryRow> happened = history.Rows.Select(row => row with { EventTime = later, CreatedTime = later, Features = new object?[row.Features.Length] });
        JoinedCase one = await history.JoinAsync();
        JoinedCase other = await (history with { Rows = [.. history.Rule.HasCreatedTime ? known : happened, .. history.Rows, .. happened] }).JoinAsync();
        Assert.That(other.Rows, Is.EqualTo(one.Rows));
    }

    [TestCase(7)]
    [TestCase(23)]
    public async Task Join_AllTimesShifted_ShiftsNothingElse(int seed)
    {
        HistoryCase history = RandomHistory.Of(seed, allowsTies: false);
        long shift = history.Labels[0].Time > 0 ? -86_400_000_000 * 365 : 86_400_000_000 * 365;
        HistoryCase shifted = history with
        {
            Rows = [.. history.Rows.Select(row => row with { EventTime = row.EventTime + shift, CreatedTime = row.CreatedTime + shift })],
            Labels = [.. history.Labels.Select(label => label with { Time = label.Time + shift })],
        };
        JoinedCase one = await history.JoinAsync();
        JoinedCase other = await shifted.JoinAsync();
        int features = history.KeyTypes.Count + 2;
        Assert.That(other.Rows.Select(row => row[features..]), Is.EqualTo(one.Rows.Select(row => row[features..])));
    }

    [Test]
    public async Task Join_SeveralViewsInOnePass_EachAnswersAsAlone()
    {
        HistoryCase[] cases = [.. Enumerable.Range(2, 40).Select(seed => RandomHistory.Of(seed, allowsTies: false)).Where(history => history.KeyTypes is [StringType]).Take(4)
            .Select((history, i) => history with { Name = $"view{i}", Labels = RandomHistory.Of(100, allowsTies: false).Labels.Select(label => new HistoryLabel([label.Key[0]?.ToString()], label.Time)).ToArray() })];
        Assert.That(cases, Has.Length.GreaterThan(1));
        JoinedCase together = await HistoryCase.JoinAllAsync(cases);
        foreach (HistoryCase history in cases)
        {
            JoinedCase alone = await history.JoinAsync();
            foreach (string column in history.View.Columns)
                Assert.That(Enumerable.Range(0, history.Labels.Count).Select(row => together[row, column]), Is.EqualTo(Enumerable.Range(0, history.Labels.Count).Select(row => alone[row, column])), column);
        }
    }

    [Test]
    public async Task Join_Counts_AddUpToTheLabels()
    {
        foreach (int seed in (int[])[1, 4, 9, 16])
        {
            HistoryCase history = RandomHistory.Of(seed, allowsTies: false);
            JoinedCase joined = await history.JoinAsync();
            IReadOnlyList<HistoryAnswer> expected = history.Expected!;
            if (history.Rule.SkipsNulls) continue;
            Assert.That(joined.Misses[0].Absent, Is.EqualTo(expected.Count(answer => answer.Status == "absent")), $"seed {seed}");
            Assert.That(joined.Misses[0].Expired, Is.EqualTo(expected.Count(answer => answer.Status == "expired")), $"seed {seed}");
            bool HasKey(HistoryRow row) => row.Key.All(key => key is not null);
            Assert.That(joined.Statistics[0], Is.EqualTo(new Data.FeatureStore.Offline.ViewStatistics(
                "v",
                history.Rows.Count,
                history.Rows.Count(row => !HasKey(row)),
                history.Rows.Count(row => HasKey(row) && row.EventTime is null),
                history.Rule.HasCreatedTime ? history.Rows.Count(row => HasKey(row) && row.EventTime is not null && row.CreatedTime is null) : 0)), $"seed {seed}");
        }
    }
}
