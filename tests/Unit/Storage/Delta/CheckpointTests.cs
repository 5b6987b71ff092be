using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Log;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Testing;
using Lepton.Data.Tests.Unit.Storage.Objects;
using NUnit.Framework;
using static Lepton.Data.Tests.Unit.Storage.Delta.DeltaFixture;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

public sealed class CheckpointTests
{
    private const string V2Protocol = """{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["v2Checkpoint"],"writerFeatures":["v2Checkpoint"]}}""";

    [Test]
    public async Task Commit_EachTenthVersion_LeavesACheckpointThatSaysTheSame()
    {
        using var t = new DeltaFixture();
        Snapshot whole = await FillAsync(t, 21);
        Assert.That(Checkpoints(t), Is.EqualTo(new[] { Name(10), Name(20) }));
        Assert.That(await File.ReadAllTextAsync(Path.Join(t.LogPath, "_last_checkpoint")), Does.StartWith("""{"version":20,"size":"""));
        DeleteCommits(t, 0, 19);
        await AssertSameAsync(t, whole);
        Snapshot at = (await t.Open().ReadAsync(20))!;
        Assert.That((at.Version, at.CommittedAt), Is.EqualTo((20L, Noon)), "the commit itself says when it was made");
        Assert.That((await Refusal.Of("storage.log_checkpoint", () => t.Open().ReadAsync(9).AsTask())).Message, Does.Contain("version 9"));
    }

    [Test]
    public async Task Commit_AfterACheckpoint_GoesOn()
    {
        using var t = new DeltaFixture();
        await FillAsync(t, 10);
        DeleteCommits(t, 0, 10);
        DeltaTable table = t.Open();
        Snapshot snapshot = (await table.ReadAsync())!;
        Assert.That(snapshot.Version, Is.EqualTo(10));
        snapshot = await table.CommitAsync(Overwrite(snapshot, t.File("new")));
        Assert.That((snapshot.Version, snapshot.Files.Count), Is.EqualTo((11L, 1)));
        await AssertSameAsync(t, snapshot);
    }

    [Test]
    public async Task Checkpoint_Content_IsWhatTheProtocolAsks()
    {
        using var t = new DeltaFixture();
        Snapshot snapshot = await FillAsync(t, 9);
        await t.Table.CommitAsync(Overwrite(snapshot, t.File("last", rows: 7)) with { Transactions = [new TransactionStep("a/b", null, 5)] });
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [t.RootPath] });
        using DuckDbConnection connection = database.Connect();
        string rows = $"read_parquet({SqlLiteral.Text(Path.Join(t.LogPath, Name(10)))})";
        Assert.That(connection.ReadValue<long>($"SELECT count(*) FROM {rows} WHERE add.path = 'last' AND add.stats LIKE '{{\"numRecords\":7,%' AND NOT add.dataChange AND add.tags['lepton.contentSum'] LIKE '7:%'"), Is.EqualTo(1));
        Assert.That(connection.ReadValue<long>($"SELECT count(*) FROM {rows} WHERE remove.path IS NOT NULL AND remove.deletionTimestamp = epoch_ms(TIMESTAMP '2026-03-01 12:00:00')"), Is.EqualTo(snapshot.Files.Count + 2), "tombstones: two files went before");
        Assert.That(connection.ReadValue<long>($"SELECT count(*) FROM {rows} WHERE txn.appId = 'a/b' AND txn.version = 5 AND txn.lastUpdated IS NOT NULL"), Is.EqualTo(1));
        Assert.That(connection.ReadValue<long>($"SELECT count(*) FROM {rows} WHERE protocol.minReaderVersion = 1 AND protocol.minWriterVersion = 2"), Is.EqualTo(1));
        Assert.That(connection.ReadValue<long>($"SELECT count(*) FROM {rows} WHERE metaData.id = '{snapshot.TableId}' AND metaData.format.provider = 'parquet' AND metaData.schemaString LIKE '{{\"type\":\"struct\"%'"), Is.EqualTo(1));
    }

    [Test]
    public async Task Checkpoint_Tombstones_StayForTheTablesRetentionAndNoLonger()
    {
        using var t = new DeltaFixture();
        Snapshot snapshot = await t.Table.CommitAsync(Append(null, t.File("a"), t.File("b")) with { Properties = new Dictionary<string, string> { ["delta.deletedFileRetentionDuration"] = "interval 2 days", ["delta.checkpointInterval"] = "2" } });
        snapshot = await t.Table.CommitAsync(Append(snapshot) with { Removed = [snapshot.Files[0]], HasReadTable = true, CommittedAt = Noon });
        snapshot = await t.Table.CommitAsync(At(Append(snapshot), days: 1));
        Assert.That(await TombstonesAsync(t, 2), Is.EqualTo(1));
        // The next process knows them from the checkpoint alone.
        DeltaTable later = t.Open();
        snapshot = await later.CommitAsync(At(Append(snapshot) with { Removed = snapshot.Files, HasReadTable = true }, days: 1));
        snapshot = await later.CommitAsync(At(Append(snapshot), days: 1));
        Assert.That(await TombstonesAsync(t, 4), Is.EqualTo(2));
        snapshot = await later.CommitAsync(At(Append(snapshot), days: 2));
        await later.CommitAsync(At(Append(snapshot), days: 2, micros: 1000));
        Assert.That(await TombstonesAsync(t, 6), Is.EqualTo(1), "one is older than two days");

        static TableChange At(TableChange change, int days, long micros = 0) => change with { CommittedAt = new EventTime(Noon.MicrosecondsSinceEpoch + (days * 86_400_000_000L) + micros) };
    }

    [Test]
    public async Task Open_TornCheckpoint_FallsBackToAnOlderOneOrTheCommits([Values(0, 1, 100, -1)] int length)
    {
        using var t = new DeltaFixture();
        Snapshot whole = await FillAsync(t, 21);
        Truncate(t, 20, length);
        await AssertSameAsync(t, whole);
        DeleteCommits(t, 0, 9);
        await AssertSameAsync(t, whole);
        Truncate(t, 10, length);
        LeptonDataException failure = await Refusal.Of("storage.checkpoint", () => t.Open().ReadAsync().AsTask());
        Assert.That(failure.Place!.Path, Is.EqualTo(Path.Join(t.LogPath, Name(20))));
        Assert.That(failure.Message, Does.Not.Contain("\n"));
    }

    [TestCase("")]
    [TestCase("no JSON")]
    [TestCase("""{"version":10,"size":1}""")]
    [TestCase("""{"version":99999,"size":1,"parts":3}""")]
    [TestCase("""{"version":-1}""")]
    [TestCase("""{"version":"20"}""")]
    [TestCase("""{"version":21,"size":1}""")]
    [TestCase("[20]")]
    public async Task Open_HintThatLies_DoesNoHarm(string hint)
    {
        using var t = new DeltaFixture();
        Snapshot whole = await FillAsync(t, 21);
        await File.WriteAllTextAsync(Path.Join(t.LogPath, "_last_checkpoint"), hint);
        DeleteCommits(t, 0, 19);
        await AssertSameAsync(t, whole);
    }

    [Test]
    public async Task Open_Hint_SparesTheLookAtWhatLiesBehindTheCheckpoint()
    {
        using var t = new DeltaFixture();
        await FillAsync(t, 21);
        var folder = new LogFolder(new LocalObjectStore(t.RootPath), "t");
        LogListing recent = (await folder.ListFromHintAsync(default))!;
        Assert.That((recent.OldestCommit, recent.Newest, recent.CheckpointsUpTo(21).Single().Version), Is.EqualTo((20L, 21L, 20L)));
        // What is broken there nobody sees, as long as nobody asks for it.
        await File.WriteAllTextAsync(t.LogFile(12), "no JSON");
        File.Delete(t.LogFile(13));
        Assert.That((await t.Open().ReadAsync())!.Version, Is.EqualTo(21));
        Assert.That((await t.Open().ReadAsync(11))!.Version, Is.EqualTo(11), "a version before the hint's is looked for in the whole folder");
        await Refusal.Of("storage.log_gap", () => t.Open().ReadAsync(14).AsTask());
    }

    [Test]
    public async Task Open_HintThatCannotBeRead_DoesNoHarm()
    {
        using var t = new DeltaFixture();
        Snapshot whole = await FillAsync(t, 11);
        File.Delete(Path.Join(t.LogPath, "_last_checkpoint"));
        Directory.CreateDirectory(Path.Join(t.LogPath, "_last_checkpoint"));
        await AssertSameAsync(t, whole);
    }

    [Test]
    public async Task Read_FilesOfACheckpoint_AreTheSameObjectsEachTime()
    {
        using var t = new DeltaFixture();
        await FillAsync(t, 11);
        DeltaTable table = t.Open();
        Snapshot snapshot = (await table.ReadAsync())!;
        DataFile[] files = [.. snapshot.Files];
        Assert.That(snapshot.Files, Is.EqualTo(files).Using<DataFile>(ReferenceEquals));
        Snapshot next = await table.CommitAsync(Append(snapshot, t.File("more")) with { Removed = [files[1]], HasReadTable = true });
        Assert.That(next.Files.Take(next.Files.Count - 1), Is.EqualTo(files.Where((_, i) => i != 1)).Using<DataFile>(ReferenceEquals));
        Assert.That(snapshot.Files, Has.Count.EqualTo(files.Length), "a snapshot stays as it is");
        Assert.That(() => snapshot.Files[files.Length], Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => snapshot.Files[-1], Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [TestCase("partitionValues := MAP {'id': '1'}", "storage.log_field")]
    [TestCase("deletionVector := {storageType: 'i', pathOrInlineDv: 'aaaaa', \"offset\": NULL::INTEGER, sizeInBytes: 4::INTEGER, cardinality: 1::BIGINT}", "storage.delta_feature_unlisted")]
    public async Task Read_FileOfACheckpointThatNoSnapshotMayShow_IsRefusedAtOnce(string change, string code)
    {
        using var t = new DeltaFixture();
        await FillAsync(t, 11);
        Change(t, 10, $"CASE WHEN add.path = 'f9' THEN struct_update(add, {change}) ELSE add END");
        Assert.That((await Refusal.Of(code, () => t.Open().ReadAsync().AsTask())).Message, Does.Not.Contain("f8"));
    }

    [Test]
    public async Task Statistics_OfACheckpoint_AreReadWhenAskedForAlsoIfItIsGoneByThen()
    {
        using var t = new DeltaFixture();
        Snapshot whole = await FillAsync(t, 11);
        Snapshot found = (await t.Open().ReadAsync())!;
        File.Delete(Path.Join(t.LogPath, Name(10)));
        DataFile[] expected = [.. whole.Files.OrderBy(file => file.Path, StringComparer.Ordinal)];
        Assert.That(found.Files.OrderBy(file => file.Path, StringComparer.Ordinal).Select(file => file.Statistics!.Columns["id"]), Is.EqualTo(expected.Select(file => file.Statistics!.Columns["id"])));
    }

    [Test]
    public async Task Statistics_ThatCannotBeRead_AreUnknownUntilTheTableIsReadFromElsewhere()
    {
        using var t = new DeltaFixture();
        Snapshot whole = await FillAsync(t, 11);
        SpoilStatistics(t, 10);
        DeltaTable table = t.Open();
        Snapshot found = (await table.ReadAsync())!;
        Assert.That((found.ContentHash, found.RowCount), Is.EqualTo((whole.ContentHash, whole.RowCount)), "what is known without them");
        for (int i = 0; i < 2; i++) Assert.That(File9(found).Statistics, Is.Null);
        Assert.That(File9((await table.ReadAsync())!).Statistics!.Columns["id"], Is.EqualTo(File9(whole).Statistics!.Columns["id"]), "from the commits");
    }

    [Test]
    public async Task Statistics_ThatCannotBeReadWhereNothingElseReachesBack_StayUnknown()
    {
        using var t = new DeltaFixture();
        Snapshot whole = await FillAsync(t, 11);
        SpoilStatistics(t, 10);
        DeleteCommits(t, 0, 9);
        DeltaTable table = t.Open();
        for (int i = 0; i < 2; i++)
        {
            Snapshot found = (await table.ReadAsync())!;
            Assert.That((found.ContentHash, File9(found).Statistics), Is.EqualTo((whole.ContentHash, (FileStatistics?)null)));
        }
    }

    [Test]
    public async Task Checkpoint_AfterOneWhoseStatisticsCannotBeRead_HasThemAll()
    {
        using var t = new DeltaFixture();
        Snapshot whole = await FillAsync(t, 11);
        SpoilStatistics(t, 10);
        DeltaTable table = t.Open();
        Snapshot current = (await table.ReadAsync())!;
        while (current.Version < 20) current = await table.CommitAsync(Append(current, t.File($"g{current.Version}")));
        File.Delete(Path.Join(t.LogPath, Name(10)));
        DeleteCommits(t, 0, 19);
        Assert.That(File9((await t.Open().ReadAsync())!).Statistics!.Columns["id"], Is.EqualTo(File9(whole).Statistics!.Columns["id"]));
    }

    private static DataFile File9(Snapshot snapshot) => snapshot.Files.Single(file => file.Path == "f9");

    // Bytes of the texts' page are turned, so that their lengths lie.
    private static void SpoilStatistics(DeltaFixture t, long version)
    {
        string path = Path.Join(t.LogPath, Name(version)), changed = path + ".new";
        Duck(t, [$"COPY (SELECT * REPLACE (CASE WHEN add IS NOT NULL THEN struct_update(add, stats := repeat('x', 100000)) END AS add) FROM read_parquet({SqlLiteral.Text(path)})) TO {SqlLiteral.Text(changed)} (FORMAT parquet, COMPRESSION uncompressed)"]);
        byte[] bytes = File.ReadAllBytes(changed);
        bytes[bytes.AsSpan().IndexOf("xxxx"u8) - 1] ^= 0xff;
        File.WriteAllBytes(path, bytes);
        File.Delete(changed);
    }

    [Test]
    public async Task Statistics_ThatContradictTheContentSum_AreRefused()
    {
        using var t = new DeltaFixture();
        await FillAsync(t, 11);
        Change(t, 10, "CASE WHEN add.path = 'f9' THEN struct_update(add, tags := MAP {'lepton.contentSum': '5:00000000000000000000000000000000'}) ELSE add END");
        Snapshot found = (await t.Open().ReadAsync())!;
        Assert.That(found.Files.First(file => file.Path == "f8").Statistics, Is.Not.Null);
        Assert.That(Assert.Throws<LeptonDataException>(() => _ = found.Files.First(file => file.Path == "f9").Statistics)!.Code, Is.EqualTo("storage.log_sum"));
    }

    [Test]
    public async Task Read_CheckpointWithoutFieldsThatMayBeAbsent_HasTheRest()
    {
        using var t = new DeltaFixture();
        Snapshot whole = await FillAsync(t, 11);
        Change(t, 10, "CASE WHEN add IS NOT NULL THEN {path: add.path, size: add.size, modificationTime: add.modificationTime, more: 7} END");
        Snapshot found = (await t.Open().ReadAsync())!;
        Assert.That(found.Files.Select(file => file.Path), Is.EquivalentTo(whole.Files.Select(file => file.Path)));
        Assert.That(found.Files.Take(found.Files.Count - 1).Select(file => file.Statistics), Has.All.Null);
    }

    [Test]
    public async Task Open_GapBehindTheCheckpoint_IsNamed()
    {
        using var t = new DeltaFixture();
        await FillAsync(t, 15);
        File.Delete(t.LogFile(13));
        Assert.That((await Refusal.Of("storage.log_gap", () => t.Open().ReadAsync().AsTask())).Message, Does.Contain("Version 13"));
    }

    [Test]
    public async Task Open_PartsOfACheckpoint_AreReadWhereAllAreThere()
    {
        using var t = new DeltaFixture();
        Snapshot whole = await FillAsync(t, 11);
        string path = Path.Join(t.LogPath, Name(10));
        string[] parts = [.. Enumerable.Range(1, 3).Select(part => Path.Join(t.LogPath, string.Create(CultureInfo.InvariantCulture, $"{10:d20}.checkpoint.{part:d10}.{3:d10}.parquet")))];
        Duck(t, [.. parts.Select((part, i) => $"COPY (SELECT * FROM read_parquet({SqlLiteral.Text(path)}) WHERE file_row_number % 3 = {i}) TO {SqlLiteral.Text(part)} (FORMAT parquet)")]);
        File.Delete(path);
        DeleteCommits(t, 0, 9);
        await AssertSameAsync(t, whole);
        File.Delete(parts[1]);
        await Refusal.Of("storage.log_checkpoint", () => t.Open().ReadAsync().AsTask());
    }

    [TestCase("json")]
    [TestCase("parquet")]
    public async Task Open_CheckpointOfTheSecondKind_IsReadWithItsSidecars(string kind)
    {
        using var t = new DeltaFixture();
        (string top, string sidecar) = WriteV2(t, kind, version: 1);
        Snapshot snapshot = (await t.Open().ReadAsync())!;
        Assert.That(snapshot.Version, Is.EqualTo(1));
        Assert.That(snapshot.Files.Select(file => file.Path), Is.EquivalentTo(new[] { "a b", "c" }));
        Assert.That(snapshot.Files.Single(file => file.Path == "c").Statistics!.RowCount, Is.EqualTo(4));
        Assert.That(snapshot.Transactions["app"], Is.EqualTo(3));
        await File.AppendAllTextAsync(sidecar, "x");
        Assert.That((await Refusal.Of("storage.checkpoint", () => t.Open().ReadAsync().AsTask())).Message, Does.Contain("of another length"));
        File.Delete(sidecar);
        await Refusal.Of("storage.checkpoint", () => t.Open().ReadAsync().AsTask());
        Assert.That(top, Does.Exist);
    }

    [Test]
    public async Task Open_CheckpointThatSaysAnotherVersion_IsRefused()
    {
        using var t = new DeltaFixture();
        (string top, _) = WriteV2(t, "json", version: 1);
        File.Move(top, top.Replace("1.checkpoint", "2.checkpoint", StringComparison.Ordinal));
        Assert.That((await Refusal.Of("storage.checkpoint", () => t.Open().ReadAsync().AsTask())).Message, Does.Contain("another version"));
    }

    [TestCase("SELECT * FROM old UNION ALL SELECT * FROM old WHERE add IS NOT NULL", "twice")]
    [TestCase("SELECT * FROM old UNION ALL SELECT * FROM old WHERE protocol IS NOT NULL", "twice")]
    [TestCase("SELECT * FROM old WHERE metaData IS NULL", "no protocol or no metadata")]
    [TestCase("SELECT 1 AS something", "no protocol or no metadata")]
    [TestCase("SELECT * REPLACE (7 AS add) FROM old", "")]
    [TestCase("SELECT * REPLACE (CASE WHEN add IS NOT NULL THEN struct_update(add, path := '../up') END AS add) FROM old", "path")]
    [TestCase("SELECT * REPLACE (CASE WHEN add IS NOT NULL THEN struct_update(add, path := NULL::VARCHAR) END AS add) FROM old", "row")]
    [TestCase("SELECT * REPLACE (CASE WHEN add IS NOT NULL THEN struct_update(add, size := -1::BIGINT) END AS add) FROM old", "row")]
    [TestCase("SELECT * REPLACE (CASE WHEN add IS NOT NULL THEN struct_update(add, modificationTime := 9223372036854775807) END AS add) FROM old", "row")]
    [TestCase("SELECT * REPLACE (CASE WHEN add IS NOT NULL THEN struct_update(add, stats := repeat('x', 100000)) END AS add) FROM old, range(500)", "")]
    public async Task Open_CheckpointThatLies_IsRefusedByName(string select, string words)
    {
        using var t = new DeltaFixture();
        await FillAsync(t, 11);
        string path = Path.Join(t.LogPath, Name(10)), changed = path + ".new";
        Duck(t, [$"CREATE TABLE old AS FROM read_parquet({SqlLiteral.Text(path)})", $"COPY ({select}) TO {SqlLiteral.Text(changed)} (FORMAT parquet)"]);
        File.Move(changed, path, overwrite: true);
        DeleteCommits(t, 0, 9);
        LeptonDataException failure = await Refusal.Of("storage.checkpoint", () => t.Open().ReadAsync().AsTask());
        Assert.That(failure.Place!.Path, Is.EqualTo(path));
        Assert.That(failure.Message, Does.Contain(words).And.Not.Contain(".;"));
        // Ours, and not also that of what was wrong.
        Assert.That(failure.Message.Split("; "), Has.Length.EqualTo(2), failure.Message);
    }

    [Test]
    public async Task Commit_CheckpointThatCannotBeWritten_IsCommittedAllTheSame([Values] bool failsAfter)
    {
        int calls = await CallsOfTenthCommitAsync(int.MaxValue, failsAfter, hasCheckpoint: true);
        int callsOfTheCommit = await CallsOfTenthCommitAsync(int.MaxValue, failsAfter, hasCheckpoint: false);
        Assert.That(calls, Is.GreaterThan(callsOfTheCommit + 1), "the checkpoint takes calls of its own");
        // The commit's own calls come first, and have tests of their own; no failure after them reaches the caller.
        for (int call = callsOfTheCommit + 1; call <= calls; call++) await CallsOfTenthCommitAsync(call, failsAfter, hasCheckpoint: true);
    }

    /// <summary>Commits version 10 by a store that fails at one call, looks that it is there, and says how many calls there were.</summary>
    private static async Task<int> CallsOfTenthCommitAsync(int failingCall, bool failsAfter, bool hasCheckpoint)
    {
        using var t = new DeltaFixture();
        Snapshot created = await t.Table.CommitAsync(Append(null, t.File("f0")) with { Properties = new Dictionary<string, string> { ["delta.checkpointInterval"] = hasCheckpoint ? "10" : "1000" } });
        Snapshot snapshot = await FillAsync(t, 9, created);
        var store = new FaultyObjectStore(new LocalObjectStore(t.RootPath, new UnsyncedFileCalls()), failingCall, failsAfter, () => new LeptonDataException("storage.io", ["x", "y"]));
        Assert.That((await new DeltaTable(store, "t").CommitAsync(Append(snapshot, t.File("ten")))).Version, Is.EqualTo(10), $"call {failingCall}");
        Assert.That((await t.Open().ReadAsync())!.Version, Is.EqualTo(10), $"call {failingCall}");
        return store.CallCount;
    }

    [Test]
    public async Task Checkpoint_TwoWritersOfTheSame_LeaveOneWholeFile()
    {
        using var t = new DeltaFixture();
        await FillAsync(t, 10);
        byte[] first = await File.ReadAllBytesAsync(Path.Join(t.LogPath, Name(10)));
        File.Delete(Path.Join(t.LogPath, "_last_checkpoint"));
        var store = new LocalObjectStore(t.RootPath, new UnsyncedFileCalls());
        var reader = new CheckpointReader(store, "t", new LogFolder(store, "t"));
        LogState state = await reader.ReadAsync(new CheckpointFiles(10, [(await store.FindAsync($"t/_delta_log/{Name(10)}"))!]), default);
        await new CheckpointWriter(store, "t", reader).WriteAsync(state, Noon, default);
        Assert.That(await File.ReadAllBytesAsync(Path.Join(t.LogPath, Name(10))), Is.EqualTo(first));
        Assert.That(Path.Join(t.LogPath, "_last_checkpoint"), Does.Exist);
        Assert.That(Directory.GetFiles(t.LogPath, ".*"), Is.Empty, "nothing is left aside");
    }

    [Test]
    public async Task Commit_DoneBeforeTheCheckpoint_IsAnsweredWithItsOwnVersion()
    {
        using var t = new DeltaFixture();
        Snapshot snapshot = await FillAsync(t, 3);
        TableChange change = Append(snapshot, t.File("once")) with { Transactions = [new TransactionStep("app", null, 1)] };
        snapshot = await t.Table.CommitAsync(change);
        await FillAsync(t, 11, snapshot);
        Assert.That((await t.Open().CommitAsync(change)).Version, Is.EqualTo(4));
        DeleteCommits(t, 0, 9);
        Assert.That((await t.Open().CommitAsync(change)).Version, Is.EqualTo(10), "the oldest that can still be read");
    }

    [Test]
    public async Task Read_Statistics_AreNotParsedBeforeTheyAreAskedFor()
    {
        using var t = new DeltaFixture();
        t.WriteLog(FirstLines() + AddLine("a", ""","stats":"{\"numRecords\":3,\"minValues\":{\"id\":1},\"maxValues\":{\"id\":2},\"nullCount\":{\"id\":0}}" """));
        DataFile file = (await t.Table.ReadAsync())!.Files[0];
        Assert.That(file.RowCount, Is.EqualTo(3));
        FileStatistics first = file.Statistics!;
        Assert.That(file.Statistics, Is.SameAs(first));
        Assert.That(first.Columns["id"], Is.EqualTo(new ColumnStatistics(0, 1L, 2L)));
        Assert.That((file with { Statistics = null }).RowCount, Is.Null);
    }

    private static async Task<Snapshot> FillAsync(DeltaFixture t, int newest, Snapshot? current = null)
    {
        // Files with odd names, one removed now and then.
        current ??= await t.Table.CommitAsync(Append(null, t.File("p=ä%20/f 0")));
        while (current.Version < newest)
        {
            long next = current.Version + 1;
            TableChange change = Append(current, t.File($"f{next}", next)) with { Transactions = [new TransactionStep("filler", current.Transactions.TryGetValue("filler", out long at) ? at : null, next)] };
            if (next % 4 == 3) change = change with { Removed = [current.Files[^1]], HasReadTable = true };
            current = await t.Table.CommitAsync(change);
        }
        return current;
    }

    private static async Task AssertSameAsync(DeltaFixture t, Snapshot expected)
    {
        Snapshot found = (await t.Open().ReadAsync())!;
        Assert.That((found.Version, found.TableId, found.ContentHash, found.RowCount), Is.EqualTo((expected.Version, expected.TableId, expected.ContentHash, expected.RowCount)));
        Assert.That(found.Files.OrderBy(file => file.Path, StringComparer.Ordinal), Is.EqualTo(expected.Files.OrderBy(file => file.Path, StringComparer.Ordinal)));
        Assert.That(found.Transactions, Is.EquivalentTo(expected.Transactions));
        Assert.That(found.Properties, Is.EquivalentTo(expected.Properties));
        Assert.That(found.Schema, Is.EqualTo(expected.Schema));
        Assert.That(found.Files[^1].Statistics!.Columns["id"], Is.EqualTo(expected.Files.Single(file => file.Path == found.Files[^1].Path).Statistics!.Columns["id"]));
    }

    [Test]
    public async Task Checkpoint_FileThatCameBack_HasNoTombstone()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a"), t.File("b")) with { Properties = new Dictionary<string, string> { ["delta.checkpointInterval"] = "2" } });
        Snapshot none = await t.Table.CommitAsync(Overwrite(first));
        await t.Table.CommitAsync(Append(none, [.. first.Files.Take(1)]));
        Assert.That(await TombstonesAsync(t, 2), Is.EqualTo(1));
    }

    private static async Task<int> TombstonesAsync(DeltaFixture t, long version)
    {
        var store = new LocalObjectStore(t.RootPath, new UnsyncedFileCalls());
        var files = new CheckpointFiles(version, [(await store.FindAsync($"t/_delta_log/{Name(version)}"))!]);
        return (await new CheckpointReader(store, "t", new LogFolder(store, "t")).ReadTombstonesAsync(files, long.MinValue / 1000, default)).Count;
    }

    // Two files, of which one stands in the top file, and a tombstone.
    private static (string Top, string Sidecar) WriteV2(DeltaFixture t, string kind, long version)
    {
        string folder = Path.Join(t.LogPath, "_sidecars"), sidecar = Path.Join(folder, "side car.parquet");
        Directory.CreateDirectory(folder);
        const string stats = """{"numRecords":4}""";
        Duck(t, [$"COPY (SELECT {{path: 'c', partitionValues: MAP {{}}::MAP(VARCHAR, VARCHAR), size: 1::BIGINT, modificationTime: 0::BIGINT, dataChange: false, stats: '{stats}'}} AS add, {{path: 'gone', deletionTimestamp: 1::BIGINT}} AS remove) TO {SqlLiteral.Text(sidecar)} (FORMAT parquet)"]);
        // A row has one action: the tombstone of the row above is read by nobody, for the row is a file's.
        string lines = FirstLines(V2Protocol) + $$$"""{"checkpointMetadata":{"version":{{{version}}}}}""" + "\n" + $$$"""{"sidecar":{"path":"side%20car.parquet","sizeInBytes":{{{new FileInfo(sidecar).Length}}},"modificationTime":0}}""" + "\n"
            + """{"txn":{"appId":"app","version":3}}""" + "\n" + AddLine("a%20b");
        string top = Path.Join(t.LogPath, string.Create(CultureInfo.InvariantCulture, $"{version:d20}.checkpoint.3514b26b-3b92-449b-9c03-2ad61a4ede17.{kind}"));
        if (kind == "json") File.WriteAllText(top, lines);
        else
        {
            string json = Path.Join(t.RootPath, "lines.json");
            File.WriteAllText(json, lines);
            const string columns = "protocol: 'STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER, readerFeatures VARCHAR[], writerFeatures VARCHAR[])', metaData: 'STRUCT(id VARCHAR, format STRUCT(provider VARCHAR), schemaString VARCHAR, partitionColumns VARCHAR[], configuration MAP(VARCHAR, VARCHAR))', "
                + "checkpointMetadata: 'STRUCT(version BIGINT)', sidecar: 'STRUCT(path VARCHAR, sizeInBytes BIGINT)', txn: 'STRUCT(appId VARCHAR, version BIGINT)', add: 'STRUCT(path VARCHAR, partitionValues MAP(VARCHAR, VARCHAR), size BIGINT, modificationTime BIGINT)'";
            Duck(t, [$"COPY (FROM read_json({SqlLiteral.Text(json)}, format = 'newline_delimited', columns = {{{columns}}})) TO {SqlLiteral.Text(top)} (FORMAT parquet)"]);
        }
        return (top, sidecar);
    }

    private static void Change(DeltaFixture t, long version, string add)
    {
        string path = Path.Join(t.LogPath, Name(version)), changed = path + ".new";
        Duck(t, [$"COPY (SELECT * REPLACE ({add} AS add) FROM read_parquet({SqlLiteral.Text(path)})) TO {SqlLiteral.Text(changed)} (FORMAT parquet)"]);
        File.Move(changed, path, overwrite: true);
    }

    private static void Duck(DeltaFixture t, string[] statements)
    {
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [t.RootPath] });
        using DuckDbConnection connection = database.Connect();
        foreach (string statement in statements) connection.Execute(statement);
    }

    private static void Truncate(DeltaFixture t, long version, int length)
    {
        string path = Path.Join(t.LogPath, Name(version));
        byte[] bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..(length < 0 ? bytes.Length + length : length)]);
    }

    private static void DeleteCommits(DeltaFixture t, int first, int last)
    {
        for (int version = first; version <= last; version++) File.Delete(t.LogFile(version));
    }

    private static string Name(long version) => string.Create(CultureInfo.InvariantCulture, $"{version:d20}.checkpoint.parquet");

    private static string[] Checkpoints(DeltaFixture t) => [.. Directory.GetFiles(t.LogPath, "*.checkpoint.*").Select(Path.GetFileName).Order(StringComparer.Ordinal)!];
}
