using Lepton.Data.Tests.System.Running;
using Microsoft.Playwright;

namespace Lepton.Data.Tests.System.Pages;

/// <summary>Debian's Chromium, driven by Playwright; started once for a fixture.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly string[] s_commands = ["chromium", "chromium-browser", "google-chrome"];

    private readonly IPlaywright _playwright;

    private Browser(IPlaywright playwright, IBrowser instance) => (_playwright, Instance) = (playwright, instance);

    internal IBrowser Instance { get; }

    /// <summary>Starts it; where there is none, the tests are skipped.</summary>
    internal static async Task<Browser?> StartAsync()
    {
        string? command = s_commands.SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
        if (command is null)
        {
            Needs.Skip("there is no browser: apt-get install chromium");
            return null;
        }
        IPlaywright playwright = await Playwright.CreateAsync();
        // Root has no sandbox, and a machine without a screen no GPU.
        IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = command, Args = ["--no-sandbox", "--disable-gpu"] });
        return new Browser(playwright, browser);
    }

    public async ValueTask DisposeAsync()
    {
        await Instance.DisposeAsync();
        _playwright.Dispose();
    }
}
