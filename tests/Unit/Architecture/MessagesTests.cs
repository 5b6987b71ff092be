using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Architecture;

/// <summary>Every code that a room uses has a text in both languages, and every text has a code that uses it.</summary>
public sealed partial class MessagesTests
{
    private static IReadOnlyList<ProjectFile> Rooms => ProjectFile.Rooms;

    private static IEnumerable<ProjectFile> SpeakingRooms => Rooms.Where(room => File.Exists(English(room)));

    [TestCaseSource(nameof(Rooms))]
    public void Codes_OfARoom_HaveTextsInBothLanguages(object room)
    {
        Dictionary<string, Dictionary<string, string>> english = SpeakingRooms.ToDictionary(RoomWord, speaking => Texts(English(speaking)));
        Dictionary<string, Dictionary<string, string>> chinese = SpeakingRooms.ToDictionary(RoomWord, speaking => Texts(Chinese(speaking)));
        foreach ((string code, string place) in Codes((ProjectFile)room))
        {
            string word = code[..code.IndexOf('.', StringComparison.Ordinal)];
            Assert.That(english.GetValueOrDefault(word)?.ContainsKey(code) ?? false, $"{place}: {code} has no English text in {word}'s Messages.resx");
            Assert.That(chinese[word].ContainsKey(code), $"{place}: {code} has no Chinese text in {word}'s Messages.zh.resx");
        }
    }

    [TestCaseSource(nameof(SpeakingRooms))]
    public void Texts_OfARoom_SayTheSameInBothLanguages(object room)
    {
        var project = (ProjectFile)room;
        Dictionary<string, string> english = Texts(English(project));
        Dictionary<string, string> chinese = Texts(Chinese(project));
        Assert.That(chinese.Keys, Is.EquivalentTo(english.Keys), "the two files have other codes");
        Assert.Multiple(() =>
        {
            foreach ((string code, string text) in english)
            {
                Assert.That(code, Does.StartWith(RoomWord(project) + "."), "a code begins with its room");
                Assert.That(text, Is.Not.Empty.And.Not.Contains("\n"), code);
                Assert.That(text, Does.Not.Match(@"\p{IsCJKUnifiedIdeographs}"), code);
                Assert.That(chinese[code], Is.Not.Empty.And.Not.Contains("\n"), code);
                // A text of places and signs alone, or one name, may be the same in both.
                bool isName = !text.Contains(' ', StringComparison.Ordinal) && chinese[code] == text;
                if (!isName && Place().Replace(text, "").Any(char.IsLetter)) Assert.That(chinese[code], Does.Match(@"[\u3000-\u303F\u4E00-\u9FFF\uFF00-\uFFEF]"), $"{code} is not in Chinese");
                Assert.That(Places(chinese[code]), Is.EquivalentTo(Places(text)), $"{code}: the places {{0}}, {{1}}, … differ");
                Assert.That(chinese[code], Does.Not.Match("(?<!数据)湖"), $"{code}: a lake is 数据湖 everywhere");
                Assert.That(() => CompositeFormat.Parse(text), Throws.Nothing, code);
                Assert.That(() => CompositeFormat.Parse(chinese[code]), Throws.Nothing, code);
            }
        });
    }

    [Test]
    public void Texts_OfAllRooms_AreUsed()
    {
        HashSet<string> used = [.. Rooms.SelectMany(Codes).Select(use => use.Code)];
        string[] lines = [.. Rooms.SelectMany(room => room.Sources()).SelectMany(file => file.Lines)];
        // A code may be put together: $"storage.duckdb_{kind}" uses all that begin so, $"{code}_near" all that end so behind a code that is used.
        string[] beginnings = [.. lines.SelectMany(line => CodeBeginning().Matches(line)).Select(match => match.Groups[1].Value).Distinct()];
        string[] endings = [.. lines.SelectMany(line => CodeEnding().Matches(line)).Select(match => match.Groups[1].Value).Distinct()];
        bool IsUsed(string code) => used.Contains(code)
            || beginnings.Any(beginning => code.StartsWith(beginning, StringComparison.Ordinal))
            || endings.Any(ending => code.EndsWith(ending, StringComparison.Ordinal) && used.Contains(code[..^ending.Length]));
        string[] unused = [.. SpeakingRooms.SelectMany(room => Texts(English(room)).Keys).Where(code => !IsUsed(code))];
        Assert.That(unused, Is.Empty, string.Join(", ", unused));
    }

    [TestCaseSource(nameof(SpeakingRooms))]
    public void Texts_OfARoom_AreFoundAtRunTimeInBothLanguages(object room)
    {
        string code = Texts(English((ProjectFile)room)).Keys.First();
        System.Reflection.Assembly.Load(RoomWord((ProjectFile)room) == "cli" ? "lepton" : ((ProjectFile)room).Name);
        Assert.That(MessageCatalog.Find(code, CultureInfo.InvariantCulture), Is.EqualTo(Texts(English((ProjectFile)room))[code]));
        Assert.That(MessageCatalog.Find(code, CultureInfo.GetCultureInfo("zh-CN")), Is.EqualTo(Texts(Chinese((ProjectFile)room))[code]));
    }

    private static IEnumerable<(string Code, string Place)> Codes(ProjectFile room)
    {
        foreach ((string path, string[] lines) in room.Sources())
        {
            for (int i = 0; i < lines.Length; i++)
            {
                if (lines[i].TrimStart().StartsWith("//", StringComparison.Ordinal)) continue;
                foreach (Match match in Code().Matches(lines[i])) yield return (match.Groups[1].Value, $"{path}:{i + 1}");
            }
        }
    }

    private static string RoomWord(ProjectFile room) => room.Room.Split('/')[^1];

    private static string English(ProjectFile room) => Path.Combine(room.Folder, "Messages.resx");

    private static string Chinese(ProjectFile room) => Path.Combine(room.Folder, "Messages.zh.resx");

    private static Dictionary<string, string> Texts(string path)
        => XDocument.Load(path).Root!.Elements("data").ToDictionary(data => data.Attribute("name")!.Value, data => data.Element("value")!.Value);

    private static string[] Places(string text) => [.. Place().Matches(text).Select(match => match.Value.Contains('|', StringComparison.Ordinal) ? $"{match.Value.Split(':')[0]}}}" : match.Value).Distinct().Order(StringComparer.Ordinal)];

    [GeneratedRegex(@"""((?:schemas|sql|storage|privacy|operators|engines|connectors|governance|featurestore|jobs|server|cli)\.[a-z0-9_]+)""")]
    private static partial Regex Code();

    [GeneratedRegex(@"\$""((?:schemas|sql|storage|privacy|operators|engines|connectors|governance|featurestore|jobs|server|cli)\.[a-z0-9_]*)\{")]
    private static partial Regex CodeBeginning();

    [GeneratedRegex(@"[}""](_[a-z_]+)""")]
    private static partial Regex CodeEnding();

    [GeneratedRegex(@"(?<!\{)\{\d+[^{}]*\}")]
    private static partial Regex Place();
}
