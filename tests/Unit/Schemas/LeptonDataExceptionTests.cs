using System.Globalization;
using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Schemas;

public sealed class LeptonDataExceptionTests
{
    [TestCase(0, 0, "a.yaml")]
    [TestCase(0, 5, "a.yaml")]
    [TestCase(3, 0, "a.yaml:3")]
    [TestCase(3, 5, "a.yaml:3:5")]
    public void Place_AsFarAsItIsKnown_IsPrinted(int line, int column, string expected)
        => Assert.That(new SourcePlace("a.yaml", line, column).ToString(), Is.EqualTo(expected));

    [TestCase("", "a.yaml:3:5: 'x' is not a type; use an SQL name such as BIGINT, DOUBLE, VARCHAR, DATE, TIMESTAMPTZ or DECIMAL(18,2).")]
    [TestCase("de", "a.yaml:3:5: 'x' is not a type; use an SQL name such as BIGINT, DOUBLE, VARCHAR, DATE, TIMESTAMPTZ or DECIMAL(18,2).")]
    [TestCase("zh", "a.yaml:3:5: “x”不是类型；请使用 SQL 类型名，如 BIGINT、DOUBLE、VARCHAR、DATE、TIMESTAMPTZ 或 DECIMAL(18,2)。")]
    [TestCase("zh-CN", "a.yaml:3:5: “x”不是类型；请使用 SQL 类型名，如 BIGINT、DOUBLE、VARCHAR、DATE、TIMESTAMPTZ 或 DECIMAL(18,2)。")]
    [TestCase("zh-TW", "a.yaml:3:5: “x”不是类型；请使用 SQL 类型名，如 BIGINT、DOUBLE、VARCHAR、DATE、TIMESTAMPTZ 或 DECIMAL(18,2)。")]
    public void MessageIn_Culture_IsInItsLanguage(string culture, string expected)
        => Assert.That(new LeptonDataException("schemas.unknown_type", ["x"]) { Place = new SourcePlace("a.yaml", 3, 5) }.MessageIn(CultureInfo.GetCultureInfo(culture)), Is.EqualTo(expected));

    [Test]
    public void Message_WhateverThePersonsCulture_IsEnglishAndWithoutItsNumbers()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = CultureInfo.GetCultureInfo("zh-CN");
        try
        {
            Assert.That(new LeptonDataException("schemas.memory_exhausted", [1234567, 8.5]).Message, Is.EqualTo("1234567 more bytes exceed the memory limit of 8.5 bytes; raise it (`memory` in lepton.yaml; in code the limit of the MemoryBudget), or process less at once."));
        }
        finally
        {
            CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = before;
        }
    }

    [Test]
    public void Message_ArgumentsOfHostileFiles_StayOnOneLine()
    {
        string message = new LeptonDataException("schemas.bad_name", ["a\r\nb\u001b[31m\u0085\u202e{0}"]) { Place = new SourcePlace("x\ny.yaml") }.Message;
        Assert.That(message, Does.StartWith("x y.yaml: 'a  b [31m  ").And.Contains("{0}'"));
        Assert.That(message.Any(c => char.IsControl(c) || c == '\u202e'), Is.False);
    }

    [Test]
    public void Excerpt_OfAHostileLine_SpeaksToNoTerminal()
        => Assert.That(new LeptonDataException("schemas.bad_name", ["x"]) { Excerpt = "a\u001b[2J\u202eb\n  ^" }.Excerpt, Is.EqualTo("a [2J b\n  ^"));

    // storage.checkpoint is "The checkpoint is not usable: {0}; restore it, …", storage.function_failed ends with an argument, storage.log_path quotes one.
    [TestCase("storage.checkpoint", "It is torn.", "It is torn; restore it")]
    [TestCase("storage.checkpoint", "see ..", "see ..; restore it")]
    [TestCase("storage.function_failed", "It failed.", "function It failed. failed: It failed.")]
    [TestCase("storage.log_path", "a.", "'a.'")]
    public void Message_SentenceWithinASentence_EndsOnce(string code, string argument, string expected)
    {
        Assert.That(typeof(Lepton.Data.Storage.Lake).Assembly.GetName().Name, Is.EqualTo("Lepton.Data.Storage"), "its texts are loaded");
        Assert.That(new LeptonDataException(code, [argument, argument]).Message, Does.Contain(expected));
    }

    [Test]
    public void Message_SentenceWithinAChineseSentence_EndsOnce()
        => Assert.That(new LeptonDataException("storage.checkpoint", [new BilingualText("It is torn.", "已损坏。")]).MessageIn(CultureInfo.GetCultureInfo("zh")), Does.Contain("已损坏；请"));

    [Test]
    public void Message_ArgumentWithoutEnd_IsCut()
    {
        string message = new LeptonDataException("schemas.bad_name", [new string('x', 100_000)]).Message;
        Assert.That(message, Has.Length.LessThan(1500).And.EndsWith("beginning with a letter."));
    }

    [Test]
    public void Message_CodeWithoutText_SaysCodeAndArguments()
    {
        Assert.That(new LeptonDataException("nowhere.at_all", [1, "x"]).Message, Is.EqualTo("nowhere.at_all: 1, x"));
        Assert.That(new LeptonDataException("schemas.no_such_code", []).Message, Is.EqualTo("schemas.no_such_code: "));
        Assert.That(new LeptonDataException("schemas.unknown_type", []).Message, Is.EqualTo("schemas.unknown_type: "), "too few arguments");
    }
}
