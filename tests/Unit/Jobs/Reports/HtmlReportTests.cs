using System.Text.Json;
using System.Text.RegularExpressions;
using Lepton.Data.Jobs.Reports;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs.Reports;

public sealed partial class HtmlReportTests
{
    private static readonly string[] s_scripts = ["report.format.js", "report.dom.js", "report.charts.js", "report.sections.tables.js", "report.sections.features.js", "report.sections.leaks.js", "report.sections.panels.js", "report.main.js"];

    [TestCase("</script><script>alert(1)</script>")]
    [TestCase("<img src=x onerror=alert(1)>")]
    [TestCase("<!-- <script>")]
    [TestCase("]]> {{script}} {{data}}")]
    [TestCase("' \" ` ${x} \\u003c \u2028 \u2029")]
    public void Render_TextThatLooksLikeMarkup_StaysData(string text)
    {
        string plain = HtmlReport.Render(SampleReport.Create());
        string html = HtmlReport.Render(SampleReport.Create(text));
        Assert.Multiple(() =>
        {
            foreach (string mark in new[] { "<script", "</script", "<!--", "<img" })
                Assert.That(Count(html, mark), Is.EqualTo(Count(plain, mark)), $"'{mark}' came in with the data");
            Assert.That(JsonDocument.Parse(ElementText(html, "report-data")).RootElement.GetProperty("title").GetProperty("en").GetString(), Is.EqualTo(text));
            Assert.That(ElementText(html, "report-data"), Does.Not.Contain("<"));
        });
    }

    [Test]
    public void Render_Chinese_StaysReadableInTheFile()
        => Assert.That(HtmlReport.Render(SampleReport.Create("航班")), Does.Contain("\"航班\"").And.Contain("<title>&#33322;&#29677;</title>").Or.Contain("<title>航班</title>"));

    [Test]
    public void Render_Always_ForbidsTheNetworkAndNeedsNone()
    {
        string html = HtmlReport.Render(SampleReport.Create());
        string own = s_scripts.Append("report.css").Append("report.html").Aggregate("", (all, name) => all + HtmlReport.Asset(name));
        Assert.Multiple(() =>
        {
            Assert.That(html, Does.Contain("default-src 'none'"));
            Assert.That(html, Does.Not.Contain("<script src").And.Not.Contain("<link rel=\"stylesheet\"").And.Not.Contain("@import"));
            Assert.That(own, Does.Not.Match("https?://"), "our own page names no address");
            Assert.That(HtmlReport.Asset("echarts.min.js"), Does.Not.Contain("</script"), "ECharts could end its own element");
        });
    }

    [TestCaseSource(nameof(s_scripts))]
    public void Script_Any_MakesElementsAndNeverMarkup(string name)
        => Assert.That(HtmlReport.Asset(name), Does.Not.Match("innerHTML|outerHTML|insertAdjacentHTML|document\\.write|createContextualFragment|DOMParser|\\beval\\b|new Function"));

    [Test]
    public void Texts_OfThePage_StandInBothLanguagesWithTheSamePlaces()
    {
        Dictionary<string, string> english = Texts("en");
        Dictionary<string, string> chinese = Texts("zh");
        Assert.That(english, Has.Count.GreaterThan(80));
        Assert.Multiple(() =>
        {
            foreach ((string key, string text) in english)
            {
                Assert.That(chinese[key], Is.Not.Empty, key);
                Assert.That(Places(chinese[key]), Is.EquivalentTo(Places(text)), key);
            }
        });
    }

    [Test]
    public void Texts_ThatScriptsAskFor_AreThereAndNoOthers()
    {
        string scripts = string.Join('\n', s_scripts.Select(HtmlReport.Asset));
        HashSet<string> known = [.. Texts("en").Keys];
        HashSet<string> asked = [.. Key().Matches(scripts).Select(match => match.Groups[1].Value)];
        // Keys put together from parts: t('status.' + key).
        string[] prefixes = [.. KeyPrefix().Matches(scripts).Select(match => match.Groups[1].Value)];
        Assert.Multiple(() =>
        {
            Assert.That(asked.Where(key => !known.Contains(key)), Is.Empty, "asked for, but not there");
            Assert.That(known.Where(key => !scripts.Contains($"'{key}'", StringComparison.Ordinal) && !prefixes.Any(prefix => key.StartsWith(prefix, StringComparison.Ordinal))), Is.Empty, "there, but never asked for");
        });
    }

    [Test]
    public async Task Write_FileThatExists_IsReplacedWhole()
    {
        string folder = Directory.CreateTempSubdirectory("lepton-report-").FullName;
        try
        {
            string path = Path.Combine(folder, "report.html");
            await File.WriteAllTextAsync(path, new string('x', 5_000_000));
            await HtmlReport.WriteAsync(SampleReport.Create(), path);
            Assert.That(await File.ReadAllTextAsync(path), Is.EqualTo(HtmlReport.Render(SampleReport.Create())));
            Assert.That(Directory.GetFiles(folder), Is.EqualTo(new[] { path }), "nothing is left aside");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void Write_WhatWasBegunCannotBeTakenAway_TellsWhyItWasNotWritten()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["report.html.new"]);
        Assert.That(
            async () => await HtmlReport.WriteAsync(SampleReport.Create(), folder["report.html"], null, new CancellationToken(canceled: true)), Throws.InstanceOf<OperationCanceledException>());
    }

    private static Dictionary<string, string> Texts(string language)
        => JsonDocument.Parse(HtmlReport.Asset("texts.json")).RootElement.EnumerateObject().ToDictionary(text => text.Name, text => text.Value.GetProperty(language).GetString()!);

    private static string[] Places(string text) => [.. Place().Matches(text).Select(match => match.Value).Distinct()];

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static string ElementText(string html, string id)
    {
        int start = html.IndexOf('>', html.IndexOf($"id=\"{id}\"", StringComparison.Ordinal)) + 1;
        return html[start..html.IndexOf("</script>", start, StringComparison.Ordinal)];
    }

    [GeneratedRegex(@"\bt\('([^']+)'[,)]")]
    private static partial Regex Key();

    [GeneratedRegex(@"\bt\('([^']+\.)' \+")]
    private static partial Regex KeyPrefix();

    [GeneratedRegex(@"\{\d(?=[:}])")]
    private static partial Regex Place();
}
