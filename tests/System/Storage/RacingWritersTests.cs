using System.Diagnostics;
using System.Globalization;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Storage;

[TestFixture]
internal sealed class RacingWritersTests
{
    [Test]
    [Category("Torture")]
    public async Task Commit_TwoProcesses_LoseNothingAndKeepApart()
    {
        using var folder = new TestFolder();
        await RaceAsync(Lake.Create(folder["lake"]), _ => new Dictionary<string, string>(), Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 } ? 2000 : 400);
    }

    /// <summary>Has two processes commit to a new lake at once, and looks at what came of it.</summary>
    /// <param name="lake">Empty.</param>
    /// <param name="environment">What a process of that number finds in its environment besides what it inherits.</param>
    /// <param name="rounds">Of each process; a multiple of ten.</param>
    internal static async Task RaceAsync(Lake lake, Func<int, IReadOnlyDictionary<string, string>> environment, int rounds)
    {
        await lake.Table(RacingWriter.Log).CommitAsync(RacingWriter.Change(null, []));
        await lake.Table(RacingWriter.Counter).CommitAsync(RacingWriter.Change(null, [RacingWriter.FileOf(lake, RacingWriter.Counter, 0, 0, "start")]));

        Process[] writers = [.. Enumerable.Range(1, 2).Select(writer => Start(lake.RootPath, writer, rounds, environment(writer)))];
        foreach (Process writer in writers) Assert.That(await writer.StandardOutput.ReadLineAsync(), Is.EqualTo("ready"));
        foreach (Process writer in writers) await writer.StandardInput.WriteLineAsync();
        foreach (Process writer in writers)
        {
            using (writer)
            {
                string output = await writer.StandardOutput.ReadToEndAsync();
                await writer.WaitForExitAsync();
                TestContext.Out.WriteLine(output);
                Assert.That(writer.ExitCode, Is.Zero, output);
            }
        }

        Snapshot log = (await Lake.Open(lake.Store).Table(RacingWriter.Log).ReadAsync())!;
        Assert.That(log.Version, Is.EqualTo(2 * (rounds + (rounds / 10))));
        string[] expected = [.. Enumerable.Range(1, 2).SelectMany(writer => Enumerable.Range(1, rounds).Where(round => (round - 1) % 10 >= 5).Select(round => $"{writer}-{round}"))];
        Assert.That(log.Files.Select(file => file.Path), Is.EquivalentTo(expected));
        Assert.That(log.Transactions, Is.EquivalentTo(new Dictionary<string, long> { ["writer/1"] = rounds, ["writer/2"] = rounds }));
        Snapshot counter = (await Lake.Open(lake.Store).Table(RacingWriter.Counter).ReadAsync())!;
        Assert.That(counter.Files.Single().Statistics!.Columns["round"].Max, Is.EqualTo(2L * (rounds / 5)), "an increment was lost");
        Assert.That(counter.Version, Is.EqualTo(2 * (rounds / 5)));
        // One after the other they would take one turn, and show nothing.
        int turns = log.Files.Zip(log.Files.Skip(1)).Count(pair => pair.First.Path[0] != pair.Second.Path[0]);
        Assert.That(turns, Is.GreaterThan(2));
        TestContext.Out.WriteLine($"{log.Version + counter.Version} commits, {turns} turns");
    }

    private static Process Start(string lake, int writer, int rounds, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardInput = true };
        foreach (string argument in new[] { typeof(RacingWriter).Assembly.Location, lake, writer.ToString(CultureInfo.InvariantCulture), rounds.ToString(CultureInfo.InvariantCulture) }) start.ArgumentList.Add(argument);
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
