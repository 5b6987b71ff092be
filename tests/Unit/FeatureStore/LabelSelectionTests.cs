using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>Which labels are drawn, where they go and what they weigh, against the same draw made here, row by row.</summary>
public sealed class LabelSelectionTests
{
    private const string Split = "    split: { train: { before: 1970-01-01T10:00:00Z }, test: {} }";

    private static readonly string[] s_airports = ["JFK", "LAX", "SFO", "12", "1", "北京", null!];

    [TestCase("")]
    [TestCase("seed: 7")]
    public async Task Shares_OfRows_AreDrawnBySeedAndNumber(string seed)
    {
        IReadOnlyList<Row> rows = await RowsAsync($"    split: {{ train: {{ share: 70% }}, validation: {{ share: 10% }}, test: {{ share: 20% }} }}\n    {seed}");
        int number = seed.Length == 0 ? 0 : 7;
        Assert.That(rows.Select(row => row.Split), Is.EqualTo(rows.Select((_, i) => Part(Draw($"split|{number}|{i + 1}"), ("train", 0.7), ("validation", 0.8), ("test", 1)))));
        Assert.That(rows.Count(row => row.Split == "train"), Is.InRange(380, 460));
    }

    [Test]
    public async Task Groups_StayTogetherAndWhereTheyWere()
    {
        const string Text = "    split: { train: { share: 50% }, test: { share: 50% } }\n    groups: [origin, delayed]";
        IReadOnlyList<Row> rows = await RowsAsync(Text);
        Assert.That(rows.Select(row => row.Split), Is.EqualTo(rows.Select(row => Part(Draw($"split|0|{(row.Origin is null ? "n" : $"{row.Origin.Length}:{row.Origin}")}{(row.IsLate ? "4:true" : "5:false")}"), ("train", 0.5), ("test", 1)))));
        Dictionary<(string?, bool), string?> places = rows.DistinctBy(row => (row.Origin, row.IsLate)).ToDictionary(row => (row.Origin, row.IsLate), row => row.Split);
        Assert.That((await RowsAsync(Text, count: 900)).Select(row => row.Split), Is.EqualTo((await RowsAsync(Text, count: 900)).Select(row => places[(row.Origin, row.IsLate)])), "more labels move no group");
    }

    [TestCase("split: { train: { share: 62.5% }, test: { share: 37.5% } }", "train:0.625 test:1")]
    [TestCase("folds: 3", "fold_1:0.333333333 fold_2:0.666666667 fold_3:1")]
    public async Task Strata_HaveTheirShareOfEachValue(string split, string bounds)
    {
        IReadOnlyList<Row> rows = await RowsAsync($"    {split}\n    stratify: origin");
        (string Name, double UpTo)[] parts = [.. bounds.Split(' ').Select(part => part.Split(':')).Select(part => (part[0], double.Parse(part[1], CultureInfo.InvariantCulture)))];
        var expected = new string[rows.Count];
        foreach (var stratum in rows.Select((row, i) => (row, i)).GroupBy(pair => pair.row.Origin))
        {
            (Row, int Index)[] ordered = [.. stratum.OrderBy(pair => Draw($"split|0|{pair.i + 1}"), StringComparer.Ordinal)];
            for (int place = 0; place < ordered.Length; place++) expected[ordered[place].Index] = parts.First(part => place < Math.Floor((ordered.Length * part.UpTo) + 0.5)).Name;
        }
        Assert.That(rows.Select(row => row.Split), Is.EqualTo(expected));
    }

    [Test]
    public async Task Sample_OfSoManyRows_IsTheFirstByDrawInTheOrderOfTheLabels()
    {
        IReadOnlyList<Row> all = await RowsAsync("");
        IReadOnlyList<Row> drawn = await RowsAsync("    sample: { rows: 77 }\n    seed: 5");
        HashSet<int> taken = [.. Enumerable.Range(0, all.Count).OrderBy(i => Draw($"sample|5|{i + 1}"), StringComparer.Ordinal).Take(77)];
        Assert.That(drawn.Select(row => row.Number), Is.EqualTo(all.Where((_, i) => taken.Contains(i)).Select(row => row.Number)));
    }

    [TestCase("")]
    [TestCase(", groups: origin")]
    public async Task Sample_OfAShare_IsDrawnBeforeTheSplit(string groups)
    {
        IReadOnlyList<Row> all = await RowsAsync("");
        using TestLake lake = await LakeAsync($"    sample: {{ share: 40%{groups} }}\n    split: {{ a: {{ share: 50% }}, b: {{ share: 50% }} }}");
        TrainingSetManifest manifest = (await lake.CreateAsync()).Version.Manifest;
        long[] expected = [.. all.Where((row, i) => Part(Draw(groups.Length == 0 ? $"sample|0|{i + 1}" : $"sample|0|{(row.Origin is null ? "n" : $"{row.Origin.Length}:{row.Origin}")}"), ("in", 0.4), ("out", 1)) == "in").Select(row => row.Number)];
        Assert.That((await ReadAsync(lake, hasSplit: true)).Select(row => row.Number), Is.EqualTo(expected));
        Assert.That((manifest.LeftOut, manifest.Splits.Sum(split => split.RowCount)), Is.EqualTo((new LeftOut(all.Count - expected.Length, 0), (long)expected.Length)));
        Assert.That((await lake.VerifyAsync()).Findings, Is.Empty);
    }

    // Bounds at 100 and 200 hours; the last part's end is no bound that another part follows.
    [TestCase("gap: 5h", 5)]
    [TestCase("horizon: 5h", 5)]
    [TestCase("gap: 3h\n    horizon: 8h", 8)]
    [TestCase("gap: 8h\n    horizon: 3h", 8)]
    public async Task Distance_LeavesOutWhatIsNotOverAtABound(string distance, int hours)
    {
        using TestLake lake = await LakeAsync($"    split: {{ train: {{ before: 1970-01-05T04:00:00Z }}, validation: {{ before: 1970-01-09T08:00:00Z }}, test: {{ before: 1970-01-30T00:00:00Z }} }}\n    {distance}");
        TrainingSetManifest manifest = (await lake.CreateAsync()).Version.Manifest;
        IReadOnlyList<Row> all = await RowsAsync("");
        Row[] expected = [.. all.Where(row => !(row.Hour < 100 && row.Hour + hours > 100) && !(row.Hour < 200 && row.Hour + hours > 200))];
        IReadOnlyList<Row> rows = await ReadAsync(lake, hasSplit: true);
        Assert.That(rows.Select(row => row.Number), Is.EqualTo(expected.Select(row => row.Number)));
        Assert.That(rows.Select(row => row.Split), Is.EqualTo(expected.Select(row => row.Hour < 100 ? "train" : row.Hour < 200 ? "validation" : "test")));
        Assert.That(manifest.LeftOut, Is.EqualTo(new LeftOut(0, all.Count - expected.Length)));
    }

    [TestCase("")]
    [TestCase("    split: { train: { share: 80% }, test: { share: 20% } }\n")]
    public async Task Weights_OfEachValueAddUpToTheSame(string split)
    {
        using TestLake lake = await LakeAsync($"{split}    weight: {{ balance: delayed }}");
        await lake.CreateAsync();
        IReadOnlyList<object?[]> rows = await lake.QueryAsync($"SELECT delayed, {(split.Length > 0 ? "split" : "'all'")} AS split, weight FROM datasets.late");
        foreach (var part in rows.GroupBy(row => row[1]))
        {
            foreach (var value in part.GroupBy(row => row[0]))
                Assert.That(value.Select(row => (double)row[2]!), Is.All.EqualTo(part.Count() / (2.0 * value.Count())));
            Assert.That(part.Sum(row => (double)row[2]!), Is.EqualTo(part.Count()).Within(1e-9));
        }
    }

    [TestCase("split: { a: { share: 50% }, b: { share: 40% } }", "featurestore.split_sum")]
    [TestCase("split: { a: { share: 50% }, b: {} }", "featurestore.split_mixed")]
    [TestCase("split: { a: { share: 0% }, b: { share: 100% } }", "featurestore.share_range")]
    [TestCase("split: { a: { share: 50%, before: 1970-01-02T00:00:00Z }, b: { share: 50% } }", "schemas.keys_exclude")]
    [TestCase("folds: 2\n    gap: 1h", "schemas.key_needs")]
    [TestCase("split: { a: { share: 50% }, b: { share: 50% } }\n    gap: 1h", "featurestore.gap_without_bounds")]
    [TestCase("split: { a: {} }\n    groups: origin", "featurestore.split_not_drawn")]
    [TestCase("stratify: origin", "featurestore.split_not_drawn")]
    [TestCase("sample: { share: 101% }", "featurestore.share_range")]
    [TestCase("horizon: 0s", "featurestore.duration_not_positive")]
    [TestCase("folds: 2\n    groups: orgin", "featurestore.no_label_column_near")]
    [TestCase("folds: 2\n    groups: share", "featurestore.group_type")]
    [TestCase("weight: { balance: nothing }", "featurestore.no_label_column")]
    public async Task Definitions_ThatMakeNoSense_AreRefusedBeforeAnyWork(string text, string code)
    {
        LeptonDataException refused = (await Assert.ThrowsAsync<LeptonDataException>(async () => (await LakeAsync($"    {text}")).Dispose()))!;
        Assert.That(refused.Code, Is.EqualTo(code));
        Assert.That(refused.Place?.Path, Is.EqualTo("features/f.yaml"));
    }

#pragma warning disable CA5351 // A draw, and no secret.
    private static string Draw(string text) => Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5351

    // The draw as a number from 0 to 1; that it lies on a bound to the last digit of a double does not happen here.
    private static string Part(string draw, params (string Name, double UpTo)[] parts)
        => parts.First(part => (double)UInt128.Parse(draw, NumberStyles.HexNumber, CultureInfo.InvariantCulture) / Math.Pow(2, 128) < part.UpTo || part.UpTo == 1).Name;

    private static async Task<IReadOnlyList<Row>> RowsAsync(string text, int count = 600)
    {
        using TestLake lake = await LakeAsync(text, count);
        await lake.CreateAsync();
        return await ReadAsync(lake, hasSplit: text.Contains("split", StringComparison.Ordinal) || text.Contains("folds", StringComparison.Ordinal));
    }

    private static async Task<IReadOnlyList<Row>> ReadAsync(TestLake lake, bool hasSplit)
        => [.. (await lake.QueryAsync($"SELECT origin, epoch_us(moment) // 3600000000 AS hour, number, delayed{(hasSplit ? ", split" : "")} FROM datasets.late"))
            .Select(row => new Row((string?)row[0], (long)row[1]!, (long)row[2]!, (bool)row[3]!, hasSplit ? (string?)row[4] : null))];

    private static async Task<TestLake> LakeAsync(string text, int count = 600)
    {
        TestLake lake = await TestLake.FilledAsync();
        try
        {
            var random = new Random(20010621);
            await lake.WriteAsync("flights", TestLake.Flights, [.. Enumerable.Range(40, count - 40).Select(number => (object?[])[s_airports[random.Next(7)], TestLake.Hour(random.Next(400)), (long)number, (long)random.Next(60)])]);
            lake.Definitions = TestLake.Parse(TestLake.Yaml.ReplaceLineEndings("\n").Replace(Split, text, StringComparison.Ordinal).Replace("delay > 15 AS is_late", "delay > 15 AS delayed, number / 2 AS share", StringComparison.Ordinal).Replace("origin || number", "'x' || number", StringComparison.Ordinal));
            await lake.ApplyAsync();
            return lake;
        }
        catch
        {
            lake.Dispose();
            throw;
        }
    }

    private sealed record Row(string? Origin, long Hour, long Number, bool IsLate, string? Split);
}
