using Lepton.Data.Cli.Output;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Cli;

[TestFixture]
internal sealed class TextCellsTests
{
    [TestCase("", 0)]
    [TestCase("abc", 3)]
    [TestCase("北京", 4)]
    [TestCase("Zürich", 6)]
    [TestCase("e\u0301", 1)] // a letter and a combining accent
    [TestCase("ｱ", 1)] // half-width katakana
    [TestCase("🙂", 2)]
    public void Width_OfText_IsWhatATerminalTakes(string text, int expected) => Assert.That(TextCells.Width(text), Is.EqualTo(expected));

    [TestCase("abcdef", 6, "abcdef")]
    [TestCase("abcdef", 5, "abcd…")]
    [TestCase("北京上海", 8, "北京上海")]
    [TestCase("北京上海", 7, "北京上…")]
    [TestCase("北京上海", 6, "北京…")] // half a character is none: 5 cells
    public void Cut_LongerThanTheCells_EndsInAnEllipsisInside(string text, int cells, string expected)
    {
        Assert.That(TextCells.Cut(text, cells), Is.EqualTo(expected));
        Assert.That(TextCells.Width(TextCells.Cut(text, cells)), Is.LessThanOrEqualTo(cells));
    }

    [TestCase("a\nb", "a\\nb")]
    [TestCase("\u001b[31mred", "\\u001b[31mred")]
    [TestCase("\u009b31m", "\\u009b31m")]
    [TestCase("abc\u202egpj.exe", "abc\\u202egpj.exe")] // right-to-left override
    [TestCase("日本\ttab", "日本\\ttab")]
    public void Visible_TextThatSteersATerminal_IsEscaped(string text, string expected) => Assert.That(TextCells.Visible(text), Is.EqualTo(expected));
}
