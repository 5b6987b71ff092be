using System.Text;
using Lepton.Data.Schemas.Configuration;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Schemas.Configuration;

public sealed class TextWithPlaceTests
{
    [TestCase("a: |\n  SELECT 1\n    FROM x\n\n  WHERE 中 = '😀' AND y\n", 2, 3, 2, true)]
    [TestCase("a: |\n\n\n     SELECT 1\n     FROM x\n", 2, 6, 5, true)]
    [TestCase("a: |2\n     SELECT 1\n  FROM x\n", 2, 3, 2, true)]
    [TestCase("a: |2-\n     SELECT 1\n  FROM x\n\n\n", 2, 3, 2, true)]
    [TestCase("a: |+ # why\n  SELECT 1\n\n", 2, 3, 2, true)]
    [TestCase("b:\n  - a: |\n      SELECT 1\n      -- note\n      FROM x\nc: d\n", 3, 7, 6, true)]
    [TestCase("- |\n SELECT 1\n FROM x", 2, 2, 1, true)]
    [TestCase("a: |\r\n  SELECT 1\r\n  FROM x\r\n", 2, 3, 2, true)]
    [TestCase("a: |\n  \tSELECT 1\n  \tFROM x\n", 2, 3, 2, true)]
    [TestCase("中文: SELECT 1 FROM x\n", 1, 5, 0, true)]
    [TestCase("😀: {b: SELECT 1}\n", 1, 8, 0, true)]
    [TestCase("a: 'SELECT 1'\n", 1, 5, 0, true)]
    [TestCase("a: \"SELECT 1\"\n", 1, 5, 0, true)]
    [TestCase("a: 'SELECT ''x'''\n", 1, 5, 0, false)]
    [TestCase("a: \"SELECT\\t1\"\n", 1, 5, 0, false)]
    [TestCase("a: SELECT 1\n   FROM x\n", 1, 4, 0, false)]
    [TestCase("a:\n  SELECT 1\n", 2, 3, 0, true)]
    [TestCase("a: >\n\n   SELECT 1\n   FROM x\n", 3, 4, 0, false)]
    [TestCase("a: 'SELECT 1\n  FROM x'\n", 1, 5, 0, false)]
    public void Text_OfAScalar_KnowsWhereItStands(string yaml, int line, int column, int indent, bool isExact)
    {
        TextWithPlace text = First(YamlReader.Read(Encoding.UTF8.GetBytes(yaml), "a.yaml")).Text;
        Assert.Multiple(() =>
        {
            Assert.That((text.Start.LineNumber, text.Start.ColumnNumber, text.Indent, text.IsExact), Is.EqualTo((line, column, indent, isExact)), text.Text);
            if (isExact) Assert.That(FirstStray(yaml, text), Is.EqualTo(-1), text.Text);
        });
    }

    /// <summary>The slow, obvious check: every character of an exact text is found in the file where line and column say. The index of the first that is not, or -1.</summary>
    internal static int FirstStray(string file, TextWithPlace text)
    {
        string[] lines = file.Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n', '\r');
        int line = text.Start.LineNumber;
        int column = text.Start.ColumnNumber;
        int index = 0;
        foreach (Rune rune in text.Text.EnumerateRunes())
        {
            if (rune.Value == '\n') (line, column) = (line + 1, text.Indent + 1);
            else
            {
                Rune[] runes = [.. lines[line - 1].EnumerateRunes()];
                if (column > runes.Length || runes[column - 1] != rune) return index;
                column++;
            }
            index++;
        }
        return -1;
    }

    private static YamlScalar First(YamlNode node) => node switch
    {
        YamlScalar scalar => scalar,
        YamlList list => First(list.Items[0]),
        YamlMap map => First(map.Entries[0].Value),
        _ => throw new InvalidOperationException(),
    };
}
