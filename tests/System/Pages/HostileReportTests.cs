using Lepton.Data.Jobs.Reports;
using Lepton.Data.Tests.Unit.Jobs.Reports;
using Microsoft.Playwright;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Pages;

/// <summary>The page with tables of any content: names that would be markup, names that never end. It stays whole, fits, and can be read.</summary>
public sealed class HostileReportTests
{
    // What a hostile table may hold: names and values that would be markup, and a word that never ends.
    private const string Hostile = "<img src=x onerror=alert(1)></script><script>alert(2)</script>{a|b}";
    private static readonly string s_long = "averyveryverylongnamewithoutanyspaceinitwhatsoever_" + new string('x', 80);

    private string _folder = "";
    private Browser? _browser;

    [OneTimeSetUp]
    public async Task StartBrowser()
    {
        _browser = await Browser.StartAsync();
        _folder = Directory.CreateTempSubdirectory("lepton-report-").FullName;
    }

    [OneTimeTearDown]
    public async Task CloseBrowser()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        if (_folder.Length > 0) Directory.Delete(_folder, recursive: true);
    }

    [Test]
    [Pairwise]
    public async Task Page_AnyWidthThemeAndLanguage_FitsAndIsReadable(
        [Values(360, 800, 1280)] int width, [Values("light", "dark")] string theme, [Values("en", "zh")] string language, [Values("flights", Hostile, "long")] string text)
    {
        await using Sight sight = await OpenAsync(text == "long" ? s_long : text, width, $"?lang={language}&theme={theme}");
        Assert.Multiple(() =>
        {
            Assert.That(sight.Complaints, Is.Empty, "errors of the page");
            Assert.That(sight.Requests, Is.Empty, "the report needs no network");
        });
        Assert.That(await sight.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), Is.LessThanOrEqualTo(width), "a line is wider than the screen");
        Assert.That(await sight.Page.EvaluateAsync<int>("document.querySelectorAll('#report script, #report img').length"), Is.Zero, "data became markup");
        Assert.That(await sight.Page.EvaluateAsync<int>("document.querySelectorAll('.chart svg').length"), Is.GreaterThanOrEqualTo(4), "charts are drawn");
        Assert.That(await sight.Page.EvaluateAsync<string[]>(Contrast), Is.Empty, "text that is hard to read against its ground");
    }

    [Test]
    public async Task Page_EveryChart_HasAWordForWhoCannotSeeIt()
    {
        await using Sight sight = await OpenAsync("flights", 1280, "");
        Assert.That(await sight.Page.EvaluateAsync<int>("[...document.querySelectorAll('.chart')].filter(c => c.getAttribute('role') !== 'img' || !c.getAttribute('aria-label')).length"), Is.Zero);
        Assert.That(await sight.Page.EvaluateAsync<int>("[...document.querySelectorAll('figure')].filter(f => !f.querySelector('table, ul') && !f.parentElement.querySelector('table')).length"), Is.Zero, "a chart without its figures as text");
    }

    private async Task<Sight> OpenAsync(string text, int width, string query)
    {
        string path = Path.Combine(_folder, $"{Guid.CreateVersion7()}.html");
        await HtmlReport.WriteAsync(SampleReport.Create(text), path);
        IBrowserContext context = await _browser!.Instance.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = width, Height = 900 }, Locale = "en-US" });
        var sight = new Sight(context, await context.NewPageAsync());
        sight.Page.PageError += (_, error) => sight.Complaints.Add(error);
        sight.Page.Console += (_, message) => { if (message.Type is "error" or "warning") sight.Complaints.Add(message.Text); };
        sight.Page.Dialog += (_, dialog) => { sight.Complaints.Add($"alert {dialog.Message}"); _ = dialog.DismissAsync(); };
        sight.Page.Request += (_, request) => { if (!request.Url.StartsWith("file:", StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal)) sight.Requests.Add(request.Url); };
        await sight.Page.GotoAsync($"file://{path}{query}");
        await sight.Page.WaitForFunctionAsync("document.querySelectorAll('.chart svg').length >= 1");
        return sight;
    }

    // WCAG 2.1, 1.4.3: the ratio of the relative luminances of text and ground, at least 4.5.
    private const string Contrast = """
        (() => {
          const rgb = text => { const n = text.match(/[\d.]+/g).map(Number); return { c: n.slice(0, 3), a: n.length > 3 ? n[3] : 1 }; };
          const luminance = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
          const ground = e => { for (; e; e = e.parentElement) { const b = rgb(getComputedStyle(e).backgroundColor); if (b.a > 0.99) return b.c; } return [255, 255, 255]; };
          const bad = new Set();
          for (const e of document.querySelectorAll('#report *')) {
            if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.getClientRects().length || e.closest('svg')) continue;
            const a = luminance(rgb(getComputedStyle(e).color).c), b = luminance(ground(e));
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 4.5) bad.add(e.tagName + '.' + e.className + ' ' + ratio.toFixed(2));
          }
          return [...bad];
        })()
        """;

    private sealed record Sight(IBrowserContext Context, IPage Page) : IAsyncDisposable
    {
        public List<string> Complaints { get; } = [];

        public List<string> Requests { get; } = [];

        public async ValueTask DisposeAsync() => await Context.CloseAsync();
    }
}
