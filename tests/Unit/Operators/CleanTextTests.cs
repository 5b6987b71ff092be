using System.Text;
using Lepton.Data.Operators.Text;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Operators;

internal sealed class CleanTextTests
{
    [TestCase("  a \t\r\n b  ", "a b")]
    [TestCase("", "")]
    [TestCase(" \u3000 ", "")]
    [TestCase("ＡＢＣ１２３", "ABC123")]
    [TestCase("ﬁne", "fine")]
    [TestCase("e\u0301", "é")]
    [TestCase("北\u200b京\ufeff", "北京")]
    [TestCase("北\u3000京", "北 京")]
    [TestCase("soft\u00adhyphen", "softhyphen")]
    [TestCase("a\0b\u0007c", "abc")]
    [TestCase("\u202eright", "right")]
    [TestCase("㈱", "(株)")]
    [TestCase("👍🏽", "👍🏽")]
    public void Of_Text_GivesWhatPeopleSee(string text, string clean) => Assert.That(CleanText.Of(text), Is.EqualTo(clean));

    [Test]
    public void Of_RandomText_IsCleanOnce()
    {
        int seed = TestContext.CurrentContext.Random.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        int quick = 0;
        for (int i = 0; i < 20_000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => AnyRune(random).ToString()));
            string clean = CleanText.Of(text);
            Assert.That(CleanText.Of(clean), Is.EqualTo(clean), $"seed {seed}: {Convert.ToHexString(Encoding.UTF8.GetBytes(text))}");
            Assert.That(clean.IsNormalized(NormalizationForm.FormKC), Is.True);
            if (!CleanText.IsClean(Encoding.UTF8.GetBytes(text))) continue;
            quick++;
            Assert.That(clean, Is.EqualTo(text), "what is told to be clean is");
        }
        Assert.That(quick, Is.GreaterThan(100));
    }

    private static Rune AnyRune(Random random) => random.Next(4) switch
    {
        0 or 1 => new Rune((char)random.Next(0x20, 0x7F)),
        2 => new Rune(" \t\u00a0\u200b\u3000\u0301\u00a8\ufeffe\u1100\u1161"[random.Next(11)]),
        _ => Valid(random),
    };

    private static Rune Valid(Random random)
    {
        while (true)
            if (Rune.TryCreate(random.Next(0x110000), out Rune rune)) return rune;
    }
}
