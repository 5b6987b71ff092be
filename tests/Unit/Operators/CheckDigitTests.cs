using System.Numerics;
using System.Text;
using Lepton.Data.Operators.Checks;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Operators;

internal sealed class CheckDigitTests
{
    // 79927398713 is the number by which the method is commonly explained; the others are test numbers of card networks.
    [TestCase("79927398713", true)]
    [TestCase("79927398710", false)]
    [TestCase("4111 1111 1111 1111", true)]
    [TestCase("4111-1111-1111-1112", false)]
    [TestCase("00", true)]
    [TestCase("0", false)]
    [TestCase("", false)]
    [TestCase(" 18", false)]
    [TestCase("1 8 ", false)]
    [TestCase("1  8", false)]
    [TestCase("18", true)]
    [TestCase("1٨", false)]
    public void IsLuhn_Number_SaysWhetherItsCheckHolds(string text, bool holds) => Assert.That(CheckDigits.IsLuhn(Encoding.UTF8.GetBytes(text)), Is.EqualTo(holds));

    // Examples of ISO 13616's registry.
    [TestCase("GB29 NWBK 6016 1331 9268 19", true)]
    [TestCase("DE89370400440532013000", true)]
    [TestCase("de89370400440532013000", true)]
    [TestCase("NO9386011117947", true)]
    [TestCase("MT84MALT011000012345MTLCAST001S", true)]
    [TestCase("DE89370400440532013001", false)]
    [TestCase("DE98370400440532013000", false)]
    [TestCase("D989370400440532013000", false)]
    [TestCase("DE89", false)]
    [TestCase(" DE89370400440532013000", false)]
    [TestCase("DE8937040044053201300ä", false)]
    [TestCase("", false)]
    public void IsIban_Text_SaysWhetherItsCheckHolds(string text, bool holds) => Assert.That(CheckDigits.IsIban(Encoding.UTF8.GetBytes(text)), Is.EqualTo(holds));

    // The example of GB 11643's appendix, and of its rule for X.
    [TestCase("11010519491231002X", true)]
    [TestCase("11010519491231002x", true)]
    [TestCase("440524188001010014", true)]
    [TestCase("110105194912310021", false)]
    [TestCase("11010519491331002X", false, Description = "no such month")]
    [TestCase("1101051949123100", false)]
    [TestCase("11010519491231002XX", false)]
    [TestCase("身份证号码", false)]
    public void IsResidentId_Text_SaysWhetherItHolds(string text, bool holds) => Assert.That(CheckDigits.IsResidentId(Encoding.UTF8.GetBytes(text)), Is.EqualTo(holds));

    /// <summary>Against the definitions, slowly: and a number with one digit changed never holds.</summary>
    [Test]
    public void Checks_RandomNumbers_HoldAsTheirDefinitionsSay()
    {
        int seed = TestContext.CurrentContext.Random.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        int ibans = 0;
        for (int i = 0; i < 20_000; i++)
        {
            string digits = new([.. Enumerable.Range(0, random.Next(2, 20)).Select(_ => (char)('0' + random.Next(10)))]);
            bool isLuhn = digits.Reverse().Select((c, place) => place % 2 == 0 ? c - '0' : (2 * (c - '0') / 10) + (2 * (c - '0') % 10)).Sum() % 10 == 0;
            Assert.That(CheckDigits.IsLuhn(Encoding.ASCII.GetBytes(digits)), Is.EqualTo(isLuhn), digits);
            if (isLuhn) Assert.That(CheckDigits.IsLuhn(Encoding.ASCII.GetBytes(Changed(digits, random.Next(digits.Length)))), Is.False, digits);

            string account = new([.. Enumerable.Range(0, random.Next(11, 31)).Select(_ => "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[random.Next(36)])]);
            // The check digits are 98 less what is left with 00 in their place.
            int check = 98 - (int)(Number($"{account}GB00") % 97);
            string iban = $"GB{check:00}{account}";
            Assert.That(CheckDigits.IsIban(Encoding.ASCII.GetBytes(iban)), Is.True, iban);
            string wrong = $"GB{2 + ((check + random.Next(95)) % 97):00}{account}";
            if (wrong != iban) Assert.That(CheckDigits.IsIban(Encoding.ASCII.GetBytes(wrong)), Is.EqualTo(Number($"{account}{wrong[..4]}") % 97 == 1), wrong);
            ibans++;
        }
        Assert.That(ibans, Is.EqualTo(20_000));

        static BigInteger Number(string text) => BigInteger.Parse(string.Concat(text.Select(c => char.IsAsciiDigit(c) ? $"{c}" : $"{c - 'A' + 10}")), System.Globalization.CultureInfo.InvariantCulture);
        string Changed(string digits, int place) => $"{digits[..place]}{(char)('0' + ((digits[place] - '0' + random.Next(1, 10)) % 10))}{digits[(place + 1)..]}";
    }
}
