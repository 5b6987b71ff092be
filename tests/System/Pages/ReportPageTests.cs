using System.Globalization;
using Lepton.Data.Tests.System.Running;
using Microsoft.Playwright;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Pages;

/// <summary>The report as a person opens it: without a network, on a phone and on a desk, by day and by night, in both languages.</summary>
[TestFixture]
internal sealed class ReportPageTests
{
    private TestFolder _folder = null!;
    private Browser? _browser;
    private string _report = null!;

    [OneTimeSetUp]
    public async Task WriteReport()
    {
        _folder = SmallProject.Create();
        _browser = await Browser.StartAsync();
        foreach (string[] verb in (string[][])[["run"], ["apply"], ["dataset", "create"], ["report"]]) _folder.Lepton.Done(verb);
        _report = _folder["report.html"];
    }

    [OneTimeTearDown]
    public async Task Close()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task Page_AtEachSizeAndLight_IsWholeQuietAndFits([Values(360, 768, 1440)] int width, [Values] bool isDark, [Values("en", "zh")] string language)
    {
        await using IBrowserContext context = await _browser!.Instance.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = 800 },
            ColorScheme = isDark ? ColorScheme.Dark : ColorScheme.Light,
            Locale = language == "zh" ? "zh-CN" : "en-US",
        });
        var requests = new List<string>();
        var complaints = new List<string>();
        IPage page = await context.NewPageAsync();
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith("data:", StringComparison.Ordinal)) requests.Add(request.Url);
        };
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") complaints.Add(message.Text);
        };
        page.PageError += (_, error) => complaints.Add(error);

        await page.GotoAsync($"file://{_report}");
        await page.WaitForSelectorAsync("h1");
        // Charts below the fold may be drawn when they are reached.
        await page.EvaluateAsync("async () => { for (let y = 0; y < document.body.scrollHeight; y += 400) { scrollTo(0, y); await new Promise(done => setTimeout(done, 30)); } }");

        string text = await page.InnerTextAsync("body");
        string background = await page.EvaluateAsync<string>("() => getComputedStyle(document.body).backgroundColor");
        int overflow = await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
        int drawn = await page.EvaluateAsync<int>("() => [...document.querySelectorAll('canvas, svg')].filter(chart => chart.clientWidth > 0).length");
        Assert.Multiple(() =>
        {
            Assert.That(requests, Is.EqualTo(new[] { $"file://{_report}" }), "nothing but the file itself is asked for");
            Assert.That(complaints, Is.Empty);
            Assert.That(overflow, Is.LessThanOrEqualTo(0), "nothing stands beyond the right edge");
            Assert.That(drawn, Is.GreaterThan(0), "charts are drawn");
            Assert.That(Brightness(background), isDark ? Is.LessThan(80) : Is.GreaterThan(200), background);
            Assert.That(text, Does.Contain("orders__quarantine").Or.Contain("orders"));
            Assert.That(text, Does.Contain("customer_daily"));
            Assert.That(text.Any(c => c is >= '\u4e00' and <= '\u9fff' && c is not ('上' or '海' or '北' or '京' or '中' or '文')), Is.EqualTo(language == "zh"), "the page is in the reader's language");
        });
    }

    [Test]
    public async Task Page_OnAPhone_ShowsNamesWholeAndSectionsInOneLine()
    {
        await using IBrowserContext context = await _browser!.Instance.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 390, Height = 800 }, Locale = "en-US" });
        IPage page = await context.NewPageAsync();
        await page.GotoAsync($"file://{_report}");
        await page.WaitForSelectorAsync("#expectations svg text");
        string[] words = await page.EvaluateAsync<string[]>("() => [...document.querySelectorAll('svg text')].map(text => text.textContent)");
        Assert.Multiple(async () =>
        {
            Assert.That(words, Has.Some.EqualTo("orders.amount_positive"));
            Assert.That(words, Has.None.Contains("…"));
            Assert.That(await page.EvaluateAsync<int>("() => document.querySelector('nav.sections').clientHeight"), Is.LessThan(60));
        });
    }

    [Test]
    public async Task Page_OnADesk_DrawsLinesBesideBoxes()
    {
        await using IBrowserContext context = await _browser!.Instance.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1280, Height = 800 } });
        IPage page = await context.NewPageAsync();
        await page.GotoAsync($"file://{_report}");
        await page.WaitForSelectorAsync("#rows figure svg text");
        int[] counts = await page.EvaluateAsync<int[]>(
            """
            () => {
              const paths = [...document.querySelectorAll('#rows figure svg path')];
              const boxes = paths.filter(path => path.getAttribute('fill') !== 'none' && path.getAttribute('stroke')).map(path => path.getBBox());
              const lines = paths.filter(path => path.getAttribute('fill') === 'none');
              const points = line => Array.from({ length: 101 }, (_, i) => line.getPointAtLength(line.getTotalLength() * i / 100));
              const isInside = (point, box) => point.x > box.x + 2 && point.x < box.x + box.width - 2 && point.y > box.y + 2 && point.y < box.y + box.height - 2;
              return [boxes.length, lines.length, lines.filter(line => points(line).some(point => boxes.some(box => isInside(point, box)))).length];
            }
            """);
        Assert.That(counts[..2], Has.All.GreaterThan(1), "boxes and lines");
        Assert.That(counts[2], Is.Zero, "lines across boxes");
    }

    [Test]
    public async Task Page_LanguageSwitched_StaysSwitched()
    {
        await using IBrowserContext context = await _browser!.Instance.NewContextAsync(new BrowserNewContextOptions { Locale = "en-US" });
        IPage page = await context.NewPageAsync();
        await page.GotoAsync($"file://{_report}");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "中文" }).ClickAsync();
        Assert.That(await page.EvaluateAsync<string>("() => document.documentElement.lang"), Is.EqualTo("zh-CN"));
        await page.ReloadAsync();
        Assert.That(await page.EvaluateAsync<string>("() => document.documentElement.lang"), Is.EqualTo("zh-CN"));
    }

    // "rgb(18, 18, 20)": the mean of the three.
    private static double Brightness(string color)
        => color.Split('(', ',', ')').Select(part => part.Trim()).Where(part => part.Length > 0 && char.IsAsciiDigit(part[0])).Take(3).Average(part => double.Parse(part, CultureInfo.InvariantCulture));
}
