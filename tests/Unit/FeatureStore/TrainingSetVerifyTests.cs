using System.Text;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>Verification finds each kind of damage, and names it.</summary>
public sealed class TrainingSetVerifyTests
{
    [Test]
    public async Task Verify_Untouched_IsSoundInContentAndBytes()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        await lake.CreateAsync();
        VerificationResult result = await lake.VerifyAsync();
        Assert.That((result.IsSound, result.ContentIsEqual, result.BytesAreEqual), Is.EqualTo((true, (bool?)true, (bool?)true)));
        Assert.That(TrainingSetStoreTests.Entries(lake), Is.EqualTo((string[])["v1"]), "the rebuild is gone");
    }

    [Test]
    public async Task Verify_RegistryGone_RebuildsFromTheManifestAlone()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        await lake.CreateAsync();
        Directory.Delete(Path.Combine(lake.Lake.RootPath, "_lepton", "registry"), recursive: true);
        Assert.That((await lake.VerifyAsync()).IsSound);
    }

    [Test]
    public Task Verify_OneByteChanged_IsFoundBySha256()
        => FindsAsync("featurestore.file_changed", (_, version) =>
        {
            string path = version.FilePaths.Single();
            byte[] bytes = File.ReadAllBytes(path);
            bytes[bytes.Length / 2] ^= 1;
            File.WriteAllBytes(path, bytes);
        });

    [Test]
    public Task Verify_FileCut_IsFound()
        => FindsAsync("featurestore.file_size_differs", (_, version) =>
        {
            using FileStream file = File.OpenWrite(version.FilePaths.Single());
            file.SetLength(file.Length - 1);
        });

    [Test]
    public Task Verify_FileMissing_IsNamed() => FindsAsync("featurestore.file_missing", (_, version) => File.Delete(version.FilePaths.Single()));

    [Test]
    public Task Verify_FileTooMany_IsNamed() => FindsAsync("featurestore.file_unexpected", (_, version) => File.WriteAllText(Path.Combine(version.Folder, "part-00001.parquet"), ""));

    [Test]
    public Task Verify_ManifestWithAnotherContentHash_IsFound()
        => FindsAsync("featurestore.content_differs", (_, version) => Edit(version, version.Manifest.ContentHash, new string('0', 32)));

    [Test]
    public Task Verify_ManifestWithOtherCounts_IsFound()
        => FindsAsync("featurestore.manifest_differs", (_, version) => Edit(version, "\"absent\": 18", "\"absent\": 17"));

    [Test]
    public Task Verify_ManifestWithAnotherLabelQuery_IsFound()
        => FindsAsync("featurestore.identity_differs", (_, version) => Edit(version, "delay > 15", "delay > 16"));

    [Test]
    public Task Verify_ManifestWithALabelQueryOfAnotherForm_IsFound()
        => FindsAsync("featurestore.identity_differs", (_, version) => Edit(version, "SELECT origin", "SELECT nothing"));

    [Test]
    public Task Verify_AnotherRule_IsFoundAndNotRebuilt()
        => FindsAsync("featurestore.rule_differs", (_, version) => Edit(version, "\"rule_version\": 1", "\"rule_version\": 2"), isRebuilt: false);

    [Test]
    public Task Verify_FileOfASnapshotMissing_IsNamed()
        => FindsAsync("featurestore.snapshot_file_missing", (lake, _) => File.Delete(Directory.EnumerateFiles(Path.Combine(lake.Lake.RootPath, "main", "hourly"), "*.parquet").Single()), isRebuilt: false);

    [Test]
    public Task Verify_TableMissing_IsNamed()
        => FindsAsync("featurestore.table_missing", (lake, _) => Directory.Delete(Path.Combine(lake.Lake.RootPath, "main", "hourly"), recursive: true), isRebuilt: false);

    [Test]
    public async Task Verify_FolderTakenAwayMeanwhile_IsNamed()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        TrainingSetVersion version = (await lake.CreateAsync()).Version;
        Directory.Delete(version.Folder, recursive: true);
        VerificationResult result = await new Verification(lake.Context, version, FeatureStoreWorld.NewRun()).RunAsync(CancellationToken.None);
        Assert.That(result.Findings.Select(finding => finding.Code), Is.EqualTo((string[])["featurestore.file_missing"]));
        Assert.That(result.Findings[0].Message, Does.Contain(version.Folder));
    }

    [Test]
    public async Task Verify_VersionOfATableMissing_IsNamed()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        await lake.WriteAsync("hourly", TestLake.Hourly, [["JFK", TestLake.Hour(1), TestLake.Hour(1), 1L, 1.0]]);
        await lake.CreateAsync();
        File.Delete(Path.Combine(lake.Lake.RootPath, "main", "hourly", "_delta_log", "00000000000000000001.json"));
        var fresh = new Reopened(lake);
        VerificationResult result = await fresh.TrainingSets.VerifyAsync("late", null, FeatureStoreWorld.NewRun());
        Assert.That(result.Findings.Single().Code, Is.EqualTo("featurestore.snapshot_missing"));
        Assert.That(result.Findings.Single().Message, Does.Contain("version 1 of the table 'hourly'"));
    }

    [Test]
    public async Task Verify_TableMadeAnew_IsFound()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        await lake.CreateAsync();
        Directory.Delete(Path.Combine(lake.Lake.RootPath, "main", "airports"), recursive: true);
        var fresh = new Reopened(lake);
        await RemakeAirportsAsync(fresh.Lake);
        VerificationResult result = await fresh.TrainingSets.VerifyAsync("late", null, FeatureStoreWorld.NewRun());
        Assert.That(result.Findings.Single().Code, Is.EqualTo("featurestore.snapshot_of_other_table"));
    }

    [TestCase("\"format_version\": 1", "\"format_version\": 2", "featurestore.manifest_newer")]
    [TestCase("\"format\": \"lepton.training_set\"", "\"format\": \"other\"", "featurestore.manifest_broken")]
    [TestCase("\"name\": \"late\"", "\"name\": \"later\"", "featurestore.manifest_broken")]
    [TestCase("part-00000.parquet", "../../../lepton.json", "featurestore.manifest_broken")]
    [TestCase("TIMESTAMPTZ", "TIMESTAMPTSZ", "featurestore.manifest_broken")]
    [TestCase("\"rows\"", "\"rowz\"", "featurestore.manifest_broken")]
    [TestCase("{", "", "featurestore.manifest_broken")]
    public async Task Open_BrokenManifest_IsRefused(string right, string wrong, string code)
    {
        using TestLake lake = await TestLake.AppliedAsync();
        Edit((await lake.CreateAsync()).Version, right, wrong);
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () => await lake.TrainingSets.FindAsync("late")))!;
        Assert.That(error.Code, Is.EqualTo(code), error.Message);
    }

    [Test]
    public async Task Manifest_WrittenAndRead_IsTheSameText()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        TrainingSetVersion version = (await lake.CreateAsync()).Version;
        byte[] written = File.ReadAllBytes(Path.Combine(version.Folder, "manifest.json"));
        Assert.That(Encoding.UTF8.GetString(ManifestJson.Write(ManifestJson.Read(written, "m"))), Is.EqualTo(Encoding.UTF8.GetString(written)));
    }

    private static async Task FindsAsync(string code, Action<TestLake, TrainingSetVersion> damage, bool isRebuilt = true)
    {
        using TestLake lake = await TestLake.AppliedAsync();
        damage(lake, (await lake.CreateAsync()).Version);
        var fresh = new Reopened(lake);
        VerificationResult result = await fresh.TrainingSets.VerifyAsync("late", null, FeatureStoreWorld.NewRun());
        Assert.That(result.IsSound, Is.False);
        Assert.That(result.Findings[0].Code, Is.EqualTo(code), string.Join('\n', result.Findings.Select(finding => finding.Message)));
        if (!isRebuilt) Assert.That(result.ContentIsEqual, Is.Null);
        Assert.That(TrainingSetStoreTests.Entries(lake), Is.EqualTo((string[])["v1"]));
    }

    private static void Edit(TrainingSetVersion version, string right, string wrong)
    {
        string path = Path.Combine(version.Folder, "manifest.json");
        string text = File.ReadAllText(path);
        int at = text.IndexOf(right, StringComparison.Ordinal);
        Assert.That(at, Is.GreaterThanOrEqualTo(0), $"the manifest holds no {right}");
        File.WriteAllText(path, text[..at] + wrong + text[(at + right.Length)..]);
    }

    /// <summary>The lake as another process sees it, which remembers nothing.</summary>
    private sealed class Reopened(TestLake lake)
    {
        internal Lake Lake { get; } = Lake.Open(lake.Lake.RootPath);

        internal TrainingSetStore TrainingSets => new(FeatureStoreWorld.ContextOf(Lake));
    }

    /// <summary>The airports' table, made again with the same rows.</summary>
    private static async Task RemakeAirportsAsync(Lake lake)
    {
        using var builder = new RecordBatchBuilder(TestLake.Airports);
        foreach ((string? iata, string state) in ((string?, string)[])[("JFK", "NY"), ("LAX", "CA"), (null, "?")])
        {
            builder.Column(0).AppendValue(iata);
            builder.Column(1).AppendValue(state);
        }
        using RecordBatch batch = builder.Build();
        await lake.AppendRecordsAsync(lake.Table(TableName.Parse("airports")), TestLake.Airports, [batch], new RecordsCommit("WRITE", default));
    }
}
