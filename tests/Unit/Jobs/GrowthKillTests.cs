using Lepton.Data.Jobs;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

/// <summary>Promise 1 of the design for steps that grow: a run that dies at any point where something begins to be there, and after the next one every row is in its table, or in its quarantine, once.</summary>
public sealed class GrowthKillTests
{
    private ProjectFixture _project = null!;
    private int _fileCount;

    private static bool IsTorture => Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 };

    [SetUp]
    public void Arrange()
    {
        _project = new ProjectFixture();
        _fileCount = 0;
        _project.Pipeline(GrowingVisits.PipelineYaml);
    }

    [TearDown]
    public async Task End() => await _project.DisposeAsync();

    // Each put of a run, before and after it took effect; some twice in a row. `make torture` takes all of them, several times over.
    [Test]
    [Category("Torture")]
    public async Task Run_DiesWhereSomethingBeginsToBeThere_TheNextRunEqualsARefresh()
    {
        const int Seed = 20010621;
        var random = new Random(Seed);
        Write(random, 40);
        await _project.RunWellAsync();
        Write(random, 20);
        int points = await RunAsync(int.MaxValue, failsAfter: false);
        // The run's beginning and end, and of each step two commits.
        Assert.That(points, Is.EqualTo(8));
        (int Point, bool After)[] all = [.. from round in Enumerable.Range(0, IsTorture ? 3 : 1) from point in Enumerable.Range(1, points) from after in new[] { false, true } select (point, after)];
        random.Shuffle(all);
        int repeated = 0;
        foreach ((int point, bool after) in IsTorture ? all : all[..6])
        {
            string where = $"seed {Seed}, put {point} of {points}, {(after ? "after" : "before")} it";
            Write(random, random.Next(1, 20));
            for (int inARow = random.Next(1, 3); inARow > 0; inARow--)
            {
                await RunAsync(point, after);
                _project.Reopen();
                // Each table is what it was, or what the dead run made of it, and can be read.
                foreach (string table in GrowingVisits.Tables)
                    Assert.That((await _project.RowsAsync(table)).Length, Is.EqualTo((await _project.SnapshotAsync(table))!.RowCount), $"{table}: {where}");
            }
            if (random.Next(2) == 0) Write(random, random.Next(1, 20));
            repeated += (await _project.RunWellAsync()).Steps.Count(step => step is { Growth.FullBecause: null, Reason: "interrupted" });
            await CompareAsync(where);
        }
        TestContext.Out.WriteLine($"seed {Seed}, {points} points, {repeated} steps repeated");
        if (IsTorture) Assert.That(repeated, Is.Positive, "dead runs were repeated");
    }

    // How many points there were.
    private async Task<int> RunAsync(int dyingAt, bool failsAfter)
    {
        FaultyObjectStore? store = null;
        _project.Reopen(inner => store = new FaultyObjectStore(inner, dyingAt, failsAfter, () => new LeptonDataException("storage.io", ["x", "it died"]), staysBroken: true, countsPutsOnly: true));
        try
        {
            RunSummary summary = await _project.RunAsync();
            Assert.That(summary.Failures.Select(failure => failure.Error.Message), Is.All.Contain("it died"));
        }
        catch (LeptonDataException failure) when (failure.Message.Contains("it died", StringComparison.Ordinal))
        {
        }
        _project.Reopen();
        return store!.CallCount;
    }

    private async Task CompareAsync(string where)
    {
        string[] grown = [.. await HashesAsync()];
        string[] refused = await RefusedAsync();
        Assert.That((await _project.RunAsync(isFullRefresh: true)).Failures, Is.Empty, where);
        Assert.That(grown, Is.EqualTo(await HashesAsync()), where);
        Assert.That(refused, Is.EqualTo(await RefusedAsync()), where);
    }

    private async Task<List<string>> HashesAsync()
    {
        var hashes = new List<string>();
        foreach (string table in GrowingVisits.Tables)
        {
            Snapshot snapshot = (await _project.SnapshotAsync(table))!;
            hashes.Add($"{table} {snapshot.RowCount} {snapshot.ContentHash}");
        }
        return hashes;
    }

    private async Task<string[]> RefusedAsync()
    {
        var rows = new List<string>();
        foreach (string table in GrowingVisits.Tables.Skip(3))
        {
            string[] columns = [.. (await _project.SnapshotAsync(table))!.Schema.Fields.Select(field => field.Name).Where(name => name != "__run_id")];
            rows.AddRange(await _project.RowsAsync(table, columns));
        }
        return [.. rows];
    }

    private void Write(Random random, int rowCount) => _project.Csv($"part-{++_fileCount}", GrowingVisits.File(random, rowCount));
}
