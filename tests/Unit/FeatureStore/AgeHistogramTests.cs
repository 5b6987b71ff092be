using Lepton.Data.FeatureStore.Offline.Join;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

public sealed class AgeHistogramTests
{
    [Test]
    public void Quantile_AnyAges_IsBelowTheTrueOneByASixteenthAtMost([Range(1, 10)] int seed)
    {
        var random = new Random(seed);
        ulong[] ages = [.. Enumerable.Range(0, random.Next(1, 2000)).Select(_ => (ulong)random.NextInt64() >> random.Next(64))];
        var histogram = new AgeHistogram();
        foreach (ulong age in ages) histogram.Add(age);
        Array.Sort(ages);
        foreach (double share in (double[])[0, 0.1, 0.5, 0.9, 0.99, 1])
        {
            ulong exact = ages[Math.Clamp((int)Math.Ceiling(share * ages.Length), 1, ages.Length) - 1];
            Assert.That(histogram.Quantile(share)!.Value, Is.LessThanOrEqualTo(exact).And.GreaterThanOrEqualTo(exact - (exact / 16)), $"seed {seed}, {share}");
        }
    }

    [Test]
    public void Quantile_OfNothing_IsNone() => Assert.That(new AgeHistogram().Quantile(0.5), Is.Null);
}
