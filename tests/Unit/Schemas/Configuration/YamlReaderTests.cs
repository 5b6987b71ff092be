using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Schemas.Configuration;

public sealed class YamlReaderTests
{
    // What is refused, with the place and the code that a person gets.
    [TestCase("a: &x 1\nb: 2\n", "schemas.yaml_anchor", 1, 4)]
    [TestCase("a: 1\nb: *x\n", "schemas.yaml_anchor", 2, 4)]
    [TestCase("*x : 1\n", "schemas.yaml_anchor", 1, 1)]
    [TestCase("a: !!str 1\n", "schemas.yaml_tag", 1, 4)]
    [TestCase("a: ! 1\n", "schemas.yaml_tag", 1, 4)]
    [TestCase("a: !foo {b: 1}\n", "schemas.yaml_tag", 1, 4)]
    [TestCase("a: !foo [b]\n", "schemas.yaml_tag", 1, 4)]
    [TestCase("a: 1\n<<: {b: 2}\n", "schemas.yaml_merge_key", 2, 1)]
    [TestCase("a: 1\nb: 2\na: 3\n", "schemas.yaml_duplicate_key", 3, 1)]
    [TestCase("a: {b: 1, c: 2, b: 3}\n", "schemas.yaml_duplicate_key", 1, 17)]
    [TestCase("? [a]\n: 1\n", "schemas.yaml_key_not_text", 1, 3)]
    [TestCase("? {a: 1}\n: 1\n", "schemas.yaml_key_not_text", 1, 3)]
    [TestCase("'': 1\n", "schemas.yaml_key_not_text", 1, 1)]
    [TestCase("a:\n\tb: 1\n", "schemas.yaml_tab", 2, 1)]
    [TestCase("\ta: 1\n", "schemas.yaml_tab", 1, 1)]
    [TestCase("a:\n  b: 1\n \tc: 1\n", "schemas.yaml_tab", 3, 2)]
    [TestCase("a: [1,\n\t2]\n", "schemas.yaml_tab", 2, 1)]
    [TestCase("a: 1\nb:\n  c: 1\n  d: 2\n  e:\n    f: 1\n\tg: 1\nh: 1\n", "schemas.yaml_tab", 7, 1)]
    [TestCase("a: 1\n---\nb: 2\n", "schemas.yaml_many_documents", 2, 1)]
    [TestCase("%TAG !e! tag:x,2000:\n---\na: 1\n", "schemas.yaml_directive", 1, 1)]
    [TestCase("%YAML 1.2\n---\na: 1\n", "schemas.yaml_directive", 1, 1)]
    [TestCase("", "schemas.yaml_empty", 1, 1)]
    [TestCase("# only a comment\n", "schemas.yaml_empty", 1, 1)]
    [TestCase("\uFEFF\uFEFFa: 1\n", "schemas.yaml_control_character", 1, 1)]
    [TestCase("\uFEFFa: b\uFEFF\n", "schemas.yaml_control_character", 1, 5)]
    [TestCase("\uFEFFa: &x 1\n", "schemas.yaml_anchor", 1, 4)]
    [TestCase("a: b\uFEFF\n", "schemas.yaml_control_character", 1, 5)]
    [TestCase("a: 1\nb: 中\u0007\n", "schemas.yaml_control_character", 2, 5)]
    [TestCase("a: 1\nb: 😀\u2028\n", "schemas.yaml_control_character", 2, 5)]
    [TestCase("a: 1\rb: \u0000\n", "schemas.yaml_control_character", 2, 4)]
    [TestCase("a: 1\nb: c: d\n", "schemas.yaml_syntax", 2, 5)]
    [TestCase("a: 'open\n", "schemas.yaml_syntax", 1, 4)]
    [TestCase("a: @b\n", "schemas.yaml_syntax", 1, 4)]
    [TestCase("a: [1, 2\nb: 3\n", "schemas.yaml_syntax", 1, 6)]
    [TestCase("a: b\n...\nc\n", "schemas.yaml_many_documents", 3, 1)]
    public void Read_WhatIsNotOurs_IsRefusedAtItsPlace(string text, string code, int line, int column)
    {
        LeptonDataException failure = Assert.Throws<LeptonDataException>(() => Read(text))!;
        Assert.Multiple(() =>
        {
            Assert.That(failure.Code, Is.EqualTo(code), failure.Message);
            Assert.That(failure.Place, Is.EqualTo(new SourcePlace("a.yaml", line, column)), failure.Message);
            Assert.That(failure.Message, Does.StartWith($"a.yaml:{line}:{column}: ").And.Not.Contains("\n"));
        });
    }

    [TestCase("a: 'open\n", "(a quote is left open)", "（引号没有闭合）")]
    [TestCase("a: [1, 2\nb: 3\n", "(something is missing or left open)", "（缺少内容或有未闭合之处）")]
    [TestCase("a: {b: 1]\n", "(a bracket is left open, or a comma is missing)", "（括号没有闭合，或缺少逗号）")]
    [TestCase("a:\n    b: 1\n  c: 2\n", "(the indentation does not fit the lines above)", "（缩进与上文各行不一致）")]
    public void Read_BrokenSyntax_IsSaidInBothLanguages(string text, string english, string chinese)
    {
        LeptonDataException failure = Assert.Throws<LeptonDataException>(() => Read(text))!;
        Assert.That(failure.Message, Does.Contain(english));
        Assert.That(failure.MessageIn(System.Globalization.CultureInfo.GetCultureInfo("zh-CN")), Does.Contain(chinese));
    }

    [TestCase(new byte[] { (byte)'a', (byte)':', (byte)'\n', (byte)' ', 0xFF }, 2, 2)]
    [TestCase(new byte[] { 0xE4, 0xB8, 0xAD, (byte)':', (byte)' ', 0xE4, 0xB8 }, 1, 4)]
    [TestCase(new byte[] { (byte)'a', 0xC0, 0x80 }, 1, 2)]
    [TestCase(new byte[] { (byte)'a', (byte)':', 0xED, 0xA0, 0x80 }, 1, 3)]
    public void Read_BytesThatAreNoUtf8_AreRefusedAtTheirPlace(byte[] bytes, int line, int column)
    {
        LeptonDataException failure = Assert.Throws<LeptonDataException>(() => YamlReader.Read(bytes, "a.yaml"))!;
        Assert.That((failure.Code, failure.Place), Is.EqualTo(("schemas.yaml_encoding", new SourcePlace("a.yaml", line, column))));
    }

    [TestCase(new byte[] { 0xFF, 0xFE, (byte)'a', 0 })]
    [TestCase(new byte[] { 0xFE, 0xFF, 0, (byte)'a' })]
    public void Read_Utf16_IsRefused(byte[] bytes)
        => Assert.That(Assert.Throws<LeptonDataException>(() => YamlReader.Read(bytes, "a.yaml"))!.Code, Is.EqualTo("schemas.yaml_utf16"));

    [Test]
    public void Read_Utf8WithByteOrderMark_HasThePlacesThatAnEditorShows()
    {
        var map = (YamlMap)Read("\uFEFFa: 1\nb: |\n  x\n");
        Assert.Multiple(() =>
        {
            Assert.That(map.Entries.Select(entry => entry.Key.Text.Text), Is.EqualTo(new[] { "a", "b" }));
            Assert.That(map.Entries.Select(entry => entry.Key.Place), Is.EqualTo(new[] { new SourcePlace("a.yaml", 1, 1), new SourcePlace("a.yaml", 2, 1) }));
            Assert.That(((YamlScalar)map.Find("b")!).Text.Start, Is.EqualTo(new SourcePlace("a.yaml", 3, 3)));
        });
    }

    // Each of these made some YAML reader somewhere slow or blew its stack.
    [TestCase("[", "schemas.yaml_too_deep")]
    [TestCase("{a: ", "schemas.yaml_too_deep")]
    [TestCase("- ", "schemas.yaml_too_deep")]
    [TestCase("? ", "schemas.yaml_key_not_text")]
    [TestCase("-\n", "schemas.yaml_too_many_nodes")]
    [TestCase("a ", null)]
    [TestCase("\n", "schemas.yaml_empty")]
    [TestCase("#", "schemas.yaml_empty")]
    [TestCase("\"", "schemas.")]
    [TestCase(":", "schemas.")]
    public void Read_HostileRepetition_EndsInAMoment(string part, string? code)
    {
        string text = new StringBuilder().Insert(0, part, YamlReader.SizeBytesMax / 4 / part.Length).ToString();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        LeptonDataException? failure = null;
        try
        {
            Read(text);
        }
        catch (LeptonDataException caught)
        {
            failure = caught;
        }
        Assert.Multiple(() =>
        {
            if (code is null) Assert.That(failure, Is.Null);
            else Assert.That(failure?.Code, Does.StartWith(code));
            Assert.That(failure?.Message.Length ?? 0, Is.LessThan(1000));
            Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(30)), "a tenth of a second when nothing else runs");
        });
    }

    [TestCase("")]
    [TestCase("  ")]
    public void Read_ManyValuesOnOneLongLine_TakesAMoment(string indentation)
    {
        string spaces = new StringBuilder().Insert(0, indentation, 400_000).ToString();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var list = (YamlList)Read($"{spaces}[{new StringBuilder().Insert(0, "😀,", 90_000)}z]");
        Assert.That(list.Items[^1].Place, Is.EqualTo(new SourcePlace("a.yaml", 1, spaces.Length + 2 + (2 * 90_000))));
        Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(30)), "a fifth of a second when nothing else runs");
    }

    [Test]
    public void Read_OneByteTooMany_IsRefused()
    {
        byte[] bytes = new byte[YamlReader.SizeBytesMax + 1];
        bytes.AsSpan().Fill((byte)'a');
        Assert.That(Assert.Throws<LeptonDataException>(() => YamlReader.Read(bytes, "a.yaml"))!.Code, Is.EqualTo("schemas.yaml_too_large"));
        Assert.That(YamlReader.Read(bytes.AsSpan(1), "a.yaml"), Is.InstanceOf<YamlScalar>());
    }

    [Test]
    public void Read_DepthAtTheLimit_IsTaken()
    {
        Assert.That(Read(new string('[', YamlReader.DepthMax) + new string(']', YamlReader.DepthMax)), Is.InstanceOf<YamlList>());
        Assert.That(() => Read(new string('[', YamlReader.DepthMax + 2) + new string(']', YamlReader.DepthMax + 2)), Throws.InstanceOf<LeptonDataException>());
    }

    [Test]
    public void Read_AnyText_GivesANodeOrAPlacedError()
    {
        string[] parts = ["a", ": ", ":", "- ", "\n", "  ", "{", "}", "[", "]", ", ", "'", "\"", "|", ">", "#", "&x", "*x", "!t", "?", "%", "---", "...", "\t", "中", "😀", "\r", "\\", "<<", "~", "|2-", "@"];
        for (int seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 30)).Select(_ => parts[random.Next(parts.Length)]));
            try
            {
                Walk(Read(text));
            }
            catch (LeptonDataException failure)
            {
                Assert.That(failure.Place?.LineNumber, Is.GreaterThan(0), $"seed {seed}");
                Assert.That(failure.Message, Does.Not.Contain("\n").And.Not.StartsWith("schemas."), $"seed {seed}");
            }
            catch (Exception other)
            {
                Assert.Fail($"seed {seed}: {other}");
            }

            void Walk(YamlNode node)
            {
                // A scalar that says that it is exact is found in the text where it says.
                if (node is YamlScalar { Text: { IsExact: true, Text.Length: > 0 } exact }) Assert.That(TextWithPlaceTests.FirstStray(text, exact), Is.EqualTo(-1), $"seed {seed}");
                if (node is YamlList list)
                {
                    foreach (YamlNode item in list.Items) Walk(item);
                }
                if (node is YamlMap map)
                {
                    foreach ((YamlScalar key, YamlNode value) in map.Entries)
                    {
                        Walk(key);
                        Walk(value);
                    }
                }
            }
        }
    }

    [Test]
    public void Read_Scalars_AreTextWithoutGuesses()
    {
        var map = (YamlMap)Read("no: no\nn: 012\nq: 'it''s'\nd: \"a\\n\\u4e2d\"\nempty:\nnothing: ~\nquoted: ''\n");
        Assert.That(map.Entries.Select(entry => ((YamlScalar)entry.Value).Text.Text), Is.EqualTo(new[] { "no", "012", "it's", "a\n中", "", "~", "" }));
        Assert.That(map.Entries.Select(entry => ((YamlScalar)entry.Value).IsNothing), Is.EqualTo(new[] { false, false, false, false, true, true, false }));
    }

    [Test]
    public void Error_AtAPlace_CarriesTheLineAndACaret()
    {
        LeptonDataException failure = Assert.Throws<LeptonDataException>(() => Read("x: 1\n中文: {b: 1, b: 2}\n"))!;
        Assert.That(failure.Excerpt, Is.EqualTo("中文: {b: 1, b: 2}\n\u3000\u3000         ^"));
    }

    private static YamlNode Read(string text) => YamlReader.Read(Encoding.UTF8.GetBytes(text), "a.yaml");
}
