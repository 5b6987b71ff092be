using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Schemas;

[TestFixture]
internal sealed class SqlLiteralTests
{
    [TestCase("plain", "\"plain\"")]
    [TestCase("a\"; DROP", "\"a\"\"; DROP\"")]
    [TestCase("it's", "\"it's\"")]
    [TestCase("", "\"\"")]
    public void Name_WhateverItHolds_StaysOneName(string name, string expected) => Assert.That(SqlLiteral.Name(name), Is.EqualTo(expected));

    [TestCase("plain", "'plain'")]
    [TestCase("it's", "'it''s'")]
    [TestCase("'", "''''")]
    [TestCase("a\"b\\'", "'a\"b\\'''")]
    public void Text_WhateverItHolds_StaysOneText(string text, string expected) => Assert.That(SqlLiteral.Text(text), Is.EqualTo(expected));

    [Test]
    public void TextList_OfTexts_IsAList() => Assert.That((SqlLiteral.TextList(["a", "it's"]), SqlLiteral.TextList([])), Is.EqualTo(("['a', 'it''s']", "[]")));

    [Test]
    public void BigInt_TheLeast_IsNoMinusBeforeANumberThatIsTooGreat() => Assert.That(SqlLiteral.BigInt(long.MinValue), Is.EqualTo("CAST('-9223372036854775808' AS BIGINT)"));
}
