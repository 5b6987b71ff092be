using System.Text;
using Lepton.Data.Schemas.Hashing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Schemas.Hashing;

public sealed class ContentSumTests
{
    [TestCase("2:ecb64c238e32ec1b345f9cb1c97400c3", true)]
    [TestCase("0:00000000000000000000000000000000", true)]
    [TestCase("9223372036854775807:FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", true)]
    [TestCase("9223372036854775808:00000000000000000000000000000000", false)]
    [TestCase("-1:00000000000000000000000000000000", false)]
    [TestCase(":00000000000000000000000000000000", false)]
    [TestCase("1:0000000000000000000000000000000", false)]
    [TestCase("1:000000000000000000000000000000000", false)]
    [TestCase("1:0000000000000000000000000000000g", false)]
    [TestCase("1:000000000000000g0000000000000000", false)]
    [TestCase("1 :00000000000000000000000000000000", false)]
    [TestCase("", false)]
    public void TryParse_TextAndItsBytes_AreTheSame(string text, bool isSum)
    {
        Assert.That(ContentSum.TryParse(text, out ContentSum fromText), Is.EqualTo(isSum));
        Assert.That(ContentSum.TryParse(Encoding.UTF8.GetBytes(text), out ContentSum fromBytes), Is.EqualTo(isSum));
        Assert.That(fromBytes, Is.EqualTo(fromText));
        if (isSum) Assert.That(fromText.ToString(), Is.EqualTo(text.ToLowerInvariant()));
    }
}
