using System.Text;
using System.Text.RegularExpressions;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Architecture;

/// <summary>What the documentation points to is there.</summary>
public sealed partial class LinkTests
{
    private static IEnumerable<string> Pages =>
    [
        .. new[] { "README.md", "CONTRIBUTING.md" },
        .. Directory.EnumerateFiles(RepositoryFolder.At("docs"), "*.md", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(RepositoryFolder.Path, path)).Order(StringComparer.Ordinal),
    ];

    [TestCaseSource(nameof(Pages))]
    public void Links_OfAPage_LeadToFilesAndHeadings(string page)
    {
        string text = Prose(page);
        foreach (string link in Links().Matches(text).Select(match => match.Groups[1].Value).Where(link => !link.Contains(':', StringComparison.Ordinal)))
        {
            string[] parts = link.Split('#', 2);
            string target = parts[0].Length == 0 ? page : Path.GetRelativePath(RepositoryFolder.Path, Path.GetFullPath(parts[0], Path.GetDirectoryName(RepositoryFolder.At(page))!));
            Assert.That(Path.Exists(RepositoryFolder.At(target)), $"{page}: {link}");
            if (parts.Length == 2 && target.EndsWith(".md", StringComparison.Ordinal)) Assert.That(Headings().Matches(Prose(target)).Select(match => Anchor(match.Groups[1].Value)), Does.Contain(parts[1]), $"{page}: {link}");
        }
    }

    [Test]
    public void Pages_InChinese_AreListedAndLinkedBothWays()
    {
        string list = Prose("docs/zh/README.md");
        foreach (string name in Pages.Where(page => Path.GetDirectoryName(page) == "docs/zh" && page != "docs/zh/README.md").Select(Path.GetFileName)!)
        {
            Assert.That(list, Does.Contain($"]({name})"), "the Chinese README lists it");
            Assert.That(Prose($"docs/{name}"), Does.Contain($"[中文](zh/{name})"), name);
            Assert.That(Prose($"docs/zh/{name}"), Does.Contain($"[English](../{name})"), name);
        }
    }

    private static string Prose(string page) => Fences().Replace(File.ReadAllText(RepositoryFolder.At(page)), "");

    // As GitHub makes them: letters, digits, - and _ stay, spaces become -.
    private static string Anchor(string heading)
    {
        var anchor = new StringBuilder();
        foreach (char letter in heading.ToLowerInvariant())
            if (letter == ' ') anchor.Append('-');
            else if (char.IsLetterOrDigit(letter) || letter is '-' or '_') anchor.Append(letter);
        return anchor.ToString();
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Links();

    [GeneratedRegex("^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Headings();

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fences();
}
