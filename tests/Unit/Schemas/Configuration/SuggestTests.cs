using Lepton.Data.Schemas.Configuration;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Schemas.Configuration;

public sealed class SuggestTests
{
    private static readonly string[] s_keys = ["features", "entity", "event_time", "created_time", "ttl", "id", "table"];

    [TestCase("feature", "features")]
    [TestCase("faetures", "features")]
    [TestCase("Entity", "entity")]
    [TestCase("tabel", "table")]
    [TestCase("eventtime", "event_time")]
    [TestCase("createdtime", "created_time")]
    [TestCase("tl", "ttl")]
    [TestCase("ttl2", "ttl")]
    [TestCase("idd", "id")]
    [TestCase("enxxty", "entity")]
    [TestCase("enxxxy", null)]
    [TestCase("x", null)]
    [TestCase("", null)]
    [TestCase("nothing_like_it", null)]
    public void Nearest_Word_IsTheOneMeant(string word, string? expected) => Assert.That(Suggest.Nearest(word, s_keys), Is.EqualTo(expected));

    [Test]
    public void Nearest_EquallyNear_IsTheFirst() => Assert.That(Suggest.Nearest("bat", ["cat", "rat"]), Is.EqualTo("cat"));

    [Test]
    public void Nearest_VeryLongWords_AreNotCompared()
    {
        string longWord = new('a', 100_000);
        Assert.That(Suggest.Nearest(longWord, ["a", longWord + "b"]), Is.Null);
        Assert.That(Suggest.Nearest("abc", [longWord]), Is.Null);
    }

    // Worked by hand; "ca" to "abc" is 3 in the optimal string alignment distance, since a swapped pair is not edited again.
    [TestCase("", "", 0)]
    [TestCase("abc", "abc", 0)]
    [TestCase("abc", "", 3)]
    [TestCase("kitten", "sitting", 3)]
    [TestCase("ab", "ba", 1)]
    [TestCase("ca", "abc", 3)]
    [TestCase("ABC", "abd", 1)]
    public void Distance_Pairs_MatchTheHandWorkedValue(string left, string right, int expected)
    {
        Assert.That(Suggest.Distance(left, right), Is.EqualTo(expected));
        Assert.That(Suggest.Distance(right, left), Is.EqualTo(expected));
    }
}
