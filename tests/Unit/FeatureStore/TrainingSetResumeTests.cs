using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>Builds that go on behind what a killed one left. What a kill leaves is what lay on the disk at that moment: a copy of it, without a process that holds its lock.</summary>
public sealed class TrainingSetResumeTests
{
    private static readonly DateTime s_longAgo = new(2001, 6, 21, 0, 0, 0, DateTimeKind.Utc);

    // 40 labels: in files of 7, answered all at once or some at a time, so that ranges end before, at and behind files.
    [TestCase(7, int.MaxValue)]
    [TestCase(7, 7)]
    [TestCase(7, 3)]
    [TestCase(5, 12)]
    [TestCase(40, 40)]
    public async Task Create_KilledAtAnyMoment_GoesOnAndMakesTheSameBytes(int rowsPerFile, int rowsPerRange)
    {
        using TestLake lake = await TestLake.AppliedAsync();
        var sizes = new BuildSizes(rowsPerFile) { RowsPerRangeMax = rowsPerRange };
        using var copies = new Copies(lake);
        TrainingSetResult whole = await CreateAsync(lake, sizes, copies.Take);
        string[] expected = Bytes(whole);
        Assert.That(whole.Version.Manifest.Files, Has.Count.EqualTo((40 + rowsPerFile - 1) / rowsPerFile));
        int most = 0;
        foreach (string copy in copies.All)
        {
            Directory.Delete(whole.Version.Folder, recursive: true);
            int notes = copies.PutBack(copy);
            TrainingSetResult again = await CreateAsync(lake, sizes);
            Assert.That(again.FilesTaken, Is.EqualTo(notes), copy);
            Assert.That(Bytes(again), Is.EqualTo(expected), $"{copy}, {notes} files taken");
            Assert.That(again.Version.FilePaths.Count(path => File.GetLastWriteTimeUtc(path) == s_longAgo), Is.EqualTo(notes), "taken, and not written anew");
            Assert.That(TrainingSetStoreTests.Entries(lake), Is.EqualTo((string[])["v1"]));
            most = Math.Max(most, notes);
        }
        Assert.That(most, Is.EqualTo(whole.Version.Manifest.Files.Count), "one copy is of when all was written");
        Assert.That((await lake.VerifyAsync()).Findings, Is.Empty);
    }

    [TestCase("cut")]
    [TestCase("changed")]
    [TestCase("note cut")]
    [TestCase("note gone")]
    public async Task Create_WhatWasLeftIsNotWhole_TakesWhatComesBefore(string damage)
    {
        using TestLake lake = await TestLake.AppliedAsync();
        var sizes = new BuildSizes(7);
        using var copies = new Copies(lake);
        TrainingSetResult whole = await CreateAsync(lake, sizes, copies.Take);
        string[] expected = Bytes(whole);
        Directory.Delete(whole.Version.Folder, recursive: true);
        Assert.That(copies.PutBack(copies.All[^1]), Is.EqualTo(6));
        string aside = Directory.GetDirectories(lake.Lake.DatasetFolder("late")).Single(), part = Path.Combine(aside, "rows", "part-00002.parquet"), note = Path.Combine(aside, "part-00002.json");
        if (damage == "cut") await File.WriteAllBytesAsync(part, (await File.ReadAllBytesAsync(part))[..^1]);
        if (damage == "changed") await File.WriteAllBytesAsync(part, [.. (await File.ReadAllBytesAsync(part)).Select((value, i) => i == 100 ? (byte)(value ^ 1) : value)]);
        if (damage == "note cut") await File.WriteAllBytesAsync(note, (await File.ReadAllBytesAsync(note))[..^1]);
        if (damage == "note gone") File.Delete(note);
        TrainingSetResult again = await CreateAsync(lake, sizes);
        Assert.That(again.FilesTaken, Is.EqualTo(2));
        Assert.That(Bytes(again), Is.EqualTo(expected));
    }

    // What is asked for is a training set of the lake as it is now; nothing pinned the snapshots of a build that died, either.
    [TestCase("lake")]
    [TestCase("definition")]
    public async Task Create_SomethingElseIsToBeBuilt_BeginsAnew(string what)
    {
        using TestLake lake = await TestLake.AppliedAsync();
        var sizes = new BuildSizes(7);
        using var copies = new Copies(lake);
        TrainingSetResult whole = await CreateAsync(lake, sizes, copies.Take);
        Directory.Delete(whole.Version.Folder, recursive: true);
        copies.PutBack(copies.All[^1]);
        if (what == "lake") await lake.WriteAsync("airports", TestLake.Airports, [["SFO", "CA"]]);
        else
        {
            lake.Definitions = TestLake.Parse(TestLake.Yaml.Replace("ttl: 3h", "ttl: 2h", StringComparison.Ordinal));
            await lake.ApplyAsync();
        }
        TrainingSetResult again = await CreateAsync(lake, sizes);
        Assert.That(again.FilesTaken, Is.Zero);
        Assert.That(again.Version.Manifest.Identity, Is.Not.EqualTo(whole.Version.Manifest.Identity));
        Assert.That(TrainingSetStoreTests.Entries(lake), Is.EqualTo((string[])["v1"]), "what was left is gone");
        Assert.That((await lake.VerifyAsync()).Findings, Is.Empty);
    }

    [Test]
    public async Task Create_ThreeAtOnceWhereOneWasKilled_OneTakesItsFilesAndOneVersionIsMade()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        var sizes = new BuildSizes(7);
        using var copies = new Copies(lake);
        TrainingSetResult whole = await CreateAsync(lake, sizes, copies.Take);
        string[] expected = Bytes(whole);
        Directory.Delete(whole.Version.Folder, recursive: true);
        copies.PutBack(copies.All[^1]);
        TrainingSetResult[] results = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => CreateAsync(lake, sizes))));
        Assert.That(results.Count(result => result.IsNew), Is.EqualTo(1));
        Assert.That(results.Count(result => result.FilesTaken > 0), Is.LessThanOrEqualTo(1));
        foreach (TrainingSetResult result in results) Assert.That(Bytes(result), Is.EqualTo(expected));
        Assert.That(TrainingSetStoreTests.Entries(lake), Is.EqualTo((string[])["v1"]));
    }

    private static async Task<TrainingSetResult> CreateAsync(TestLake lake, BuildSizes sizes, Action? told = null)
    {
        RunContext run = FeatureStoreWorld.NewRun() with { Progress = told is null ? null : new Told(told) };
        return await new TrainingSetStore(lake.Context) { Sizes = sizes }.CreateAsync("late", lake.Definitions, run);
    }

    // All that is in a version, but for the run that made it.
    private static string[] Bytes(TrainingSetResult result)
    {
        TrainingSetManifest manifest = result.Version.Manifest with { RunId = "" };
        return [.. result.Version.FilePaths.Select(path => Convert.ToHexString(File.ReadAllBytes(path))), System.Text.Encoding.UTF8.GetString(ManifestJson.Write(manifest))];
    }

    private sealed class Told(Action told) : IProgress<StepProgress>
    {
        public void Report(StepProgress value) => told();
    }

    /// <summary>Copies of what a build has on the disk while it works.</summary>
    private sealed class Copies(TestLake lake) : IDisposable
    {
        private readonly TestFolder _folder = new();
        private readonly Lock _taking = new();

        internal List<string> All { get; } = [];

        internal void Take()
        {
            lock (_taking)
            {
                string? aside = Directory.GetDirectories(lake.Lake.DatasetFolder("late"), ".building-*").SingleOrDefault();
                if (aside is null) return;
                string copy = Path.Combine(_folder.Path, All.Count.ToString("D4", System.Globalization.CultureInfo.InvariantCulture));
                Copy(aside, copy);
                All.Add(copy);
            }
        }

        /// <returns>How many files are noted in it.</returns>
        internal int PutBack(string copy)
        {
            string aside = Path.Combine(lake.Lake.DatasetFolder("late"), ".building-killed");
            Copy(copy, aside);
            foreach (string file in Directory.GetFiles(aside, "*", SearchOption.AllDirectories)) File.SetLastWriteTimeUtc(file, s_longAgo);
            return Directory.GetFiles(aside, "part-*.json").Length;
        }

        public void Dispose() => _folder.Dispose();

        private static void Copy(string from, string to)
        {
            Directory.CreateDirectory(Path.Combine(to, "rows"));
            foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
            {
                try
                {
                    File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
                }
                catch (FileNotFoundException)
                {
                    // A note's temporary name is gone again.
                }
            }
        }
    }
}
