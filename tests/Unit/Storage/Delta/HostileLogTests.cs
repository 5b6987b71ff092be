using System.Globalization;
using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using NUnit.Framework;
using static Lepton.Data.Tests.Unit.Storage.Delta.DeltaFixture;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

public sealed class HostileLogTests
{
    [TestCase("""{"add":{"path":"a","partitionValues":{},"size":1,"modificationTime":0,"dataCha""", "storage.log_not_json", 3)]
    [TestCase("""{"add":{"path":"a","path":"b","partitionValues":{},"size":1,"modificationTime":0}}""", "storage.log_not_json", 3)]
    [TestCase("\u0000\u0000\u0000", "storage.log_not_json", 3)]
    [TestCase("[]", "storage.log_field", 3)]
    [TestCase("{}", "storage.log_field", 3)]
    [TestCase("7", "storage.log_field", 3)]
    [TestCase("""{"add":null}""", "storage.log_field", 3)]
    [TestCase("""{"add":[]}""", "storage.log_field", 3)]
    [TestCase("""{"add":{"path":"a","partitionValues":{},"size":1,"modificationTime":0},"remove":{"path":"a"}}""", "storage.log_field", 3)]
    [TestCase("""{"add":{"partitionValues":{},"size":1,"modificationTime":0}}""", "storage.log_field", 3)]
    [TestCase("""{"add":{"path":"a","partitionValues":{},"size":-1,"modificationTime":0}}""", "storage.log_field", 3)]
    [TestCase("""{"add":{"path":"a","partitionValues":{},"size":1e99,"modificationTime":0}}""", "storage.log_field", 3)]
    [TestCase("""{"add":{"path":"a","partitionValues":{},"size":1,"modificationTime":9223372036854775807}}""", "storage.log_field", 3)]
    [TestCase("""{"add":{"path":"a","partitionValues":{"x":1},"size":1,"modificationTime":0}}""", "storage.log_field", 3)]
    [TestCase("""{"add":{"path":"a","partitionValues":{"x":"1"},"size":1,"modificationTime":0}}""", "storage.log_field", 3)]
    [TestCase("""{"add":{"path":"../a","partitionValues":{},"size":1,"modificationTime":0}}""", "storage.log_path", 3)]
    [TestCase("""{"add":{"path":"s3://b/a","partitionValues":{},"size":1,"modificationTime":0}}""", "storage.log_path", 3)]
    [TestCase("""{"remove":{"path":"/a"}}""", "storage.log_path", 3)]
    [TestCase("""{"add":{"path":"a\ud800","partitionValues":{},"size":1,"modificationTime":0}}""", "storage.log_not_json", 3)]
    [TestCase("""{"add":{"path":"a","partitionValues":{},"size":1,"modificationTime":0,"stats":"{\"numRecords\":2}","tags":{"lepton.contentSum":"3:00000000000000000000000000000000"}}}""", "storage.log_sum", 3)]
    [TestCase("""{"txn":{"appId":"a"}}""", "storage.log_field", 3)]
    [TestCase("""{"txn":{"appId":"a","version":-1}}""", "storage.log_field", 3)]
    public async Task Read_BrokenLine_IsRefusedWithFileAndLine(string line, string code, int lineNumber)
    {
        using var t = new DeltaFixture();
        t.WriteLog(FirstLines() + line + "\n" + AddLine("z"));
        LeptonDataException failure = await Refusal.Of(code, () => t.Table.ReadAsync().AsTask());
        Assert.That(failure.Place, Is.EqualTo(new SourcePlace(t.LogFile(0), lineNumber)));
    }

    [TestCase("""{"add":{"path":"a","partitionVal""", "it ends in the middle", "它在中途结束")]
    [TestCase("""{"add":x}""", "byte 7 is no JSON", "第 7 字节处不是 JSON")]
    [TestCase("""{"add":{},"add":{}}""", "one thing twice", "出现了两次")]
    [TestCase("""{"add":{"path":"a\ud800"}}""", "no Unicode", "不是 Unicode")]
    public async Task Read_LineThatIsNoJson_SaysInOurWordsWhatIsWrong(string line, string words, string chinese)
    {
        using var t = new DeltaFixture();
        t.WriteLog(FirstLines() + line);
        LeptonDataException failure = await Refusal.Of("storage.log_not_json", () => t.Table.ReadAsync().AsTask());
        Assert.That(failure.Message, Does.StartWith($"{t.LogFile(0)}:3: ").And.Contain(words).And.Not.Contain("BytePositionInLine"));
        Assert.That(failure.MessageIn(CultureInfo.GetCultureInfo("zh")), Does.Contain(chinese));
    }

    [Test]
    public async Task Read_ColumnTwice_NamesTheFileThatSaysSo()
    {
        using var t = new DeltaFixture();
        t.WriteLog(FirstLines(schema: """{"type":"struct","fields":[{"name":"c","type":"long"},{"name":"C","type":"long"}]}"""));
        LeptonDataException failure = await Refusal.Of("schemas.duplicate_column", () => t.Table.ReadAsync().AsTask());
        Assert.That(failure.Place, Is.EqualTo(new SourcePlace(t.LogFile(0), 2)));
    }

    [TestCase("")]
    [TestCase("\n \n")]
    public async Task Read_EmptyCommit_IsRefused(string text)
    {
        using var t = new DeltaFixture();
        t.WriteLog(FirstLines(), text);
        LeptonDataException failure = await Refusal.Of("storage.log_empty", () => t.Table.ReadAsync().AsTask());
        Assert.That(failure.Place!.Path, Is.EqualTo(t.LogFile(1)));
    }

    [Test]
    public async Task Read_GapInTheLog_NamesTheMissingVersion()
    {
        using var t = new DeltaFixture();
        t.WriteLog(FirstLines(), AddLine("a"), AddLine("b"));
        Assert.That((await t.Table.ReadAsync())!.Version, Is.EqualTo(2));
        File.Delete(t.LogFile(1));
        LeptonDataException failure = await Refusal.Of("storage.log_gap", () => t.Open().ReadAsync().AsTask());
        Assert.That(failure.Message, Does.Contain("Version 1 of the log is missing, though version 2 is there"));
    }

    [Test]
    public async Task Read_GapBehindWhatIsKnown_IsRefused()
    {
        using var t = new DeltaFixture();
        t.WriteLog(FirstLines());
        Assert.That((await t.Table.ReadAsync())!.Version, Is.Zero);
        await File.WriteAllTextAsync(t.LogFile(2), AddLine("b"));
        await Refusal.Of("storage.log_gap", () => t.Table.ReadAsync().AsTask());
    }

    [Test]
    public async Task Read_CheckpointThatIsTorn_IsNoHarmWhileTheLogIsWhole()
    {
        using var t = new DeltaFixture();
        t.WriteLog(FirstLines(), AddLine("a"), AddLine("b"));
        await File.WriteAllTextAsync(Path.Join(t.LogPath, "00000000000000000001.checkpoint.parquet"), "PAR1");
        await File.WriteAllTextAsync(Path.Join(t.LogPath, "_last_checkpoint"), """{"version":1,"size":3}""");
        Assert.That((await t.Open().ReadAsync())!.Version, Is.EqualTo(2), "with all of its commits it is read from them");
        File.Delete(t.LogFile(0));
        LeptonDataException failure = await Refusal.Of("storage.checkpoint", () => t.Open().ReadAsync().AsTask());
        Assert.That(failure.Place!.Path, Is.EqualTo(Path.Join(t.LogPath, "00000000000000000001.checkpoint.parquet")));
        File.Delete(t.LogFile(1));
        File.Delete(t.LogFile(2));
        await Refusal.Of("storage.checkpoint", () => t.Open().ReadAsync().AsTask());
    }

    [TestCase("""{"commitInfo":{}}""", "storage.log_without", TestName = "Read_NoProtocol_IsRefused")]
    [TestCase("""{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}""", "storage.log_without", TestName = "Read_NoMetadata_IsRefused")]
    public async Task Read_WithoutHeader(string log, string code)
    {
        using var t = new DeltaFixture();
        t.WriteLog(log);
        await Refusal.Of(code, () => t.Table.ReadAsync().AsTask());
    }

    [TestCase("""{"protocol":{"minReaderVersion":4,"minWriterVersion":8}}""", "{}", "storage.delta_protocol", "needs a Delta reader of version 4")]
    [TestCase("""{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["timestampNtz","tomorrow"],"writerFeatures":[]}}""", "{}", "storage.delta_feature", "'tomorrow'")]
    [TestCase("""{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["v2Checkpoint","typeWidening"],"writerFeatures":[]}}""", "{}", "storage.delta_feature", "'typeWidening'")]
    [TestCase("""{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}""", """{"delta.columnMapping.mode":"name"}""", "storage.delta_feature_unlisted", "'columnMapping'")]
    [TestCase("""{"protocol":{"minReaderVersion":2,"minWriterVersion":5}}""", """{"delta.columnMapping.mode":"place"}""", "storage.delta_feature", "'columnMapping (place)'")]
    [TestCase("""{"protocol":{"minReaderVersion":2,"minWriterVersion":5}}""", """{"delta.columnMapping.mode":"name"}""", "storage.delta_schema", "at 'id'")]
    public async Task Read_ProtocolThatWeDoNotKnow_IsRefusedByName(string protocol, string configuration, string code, string words)
    {
        using var t = new DeltaFixture();
        t.WriteLog(FirstLines(protocol, configuration));
        LeptonDataException failure = await Refusal.Of(code, () => t.Table.ReadAsync().AsTask());
        Assert.That(failure.Message, Does.Contain(words));
    }

    [Test]
    public async Task Read_DeletionVectorWithoutTheFeature_SaysThatTheProtocolDoesNotListIt()
    {
        using var t = new DeltaFixture();
        t.WriteLog(FirstLines() + AddLine("a", ""","deletionVector":{"storageType":"u","pathOrInlineDv":"T{s@x-(yulR6q@&A}0L)","sizeInBytes":1,"cardinality":1}"""));
        LeptonDataException failure = await Refusal.Of("storage.delta_feature_unlisted", () => t.Table.ReadAsync().AsTask());
        Assert.That(failure.Place, Is.EqualTo(new SourcePlace(t.LogFile(0), 3)));
        Assert.That(failure.Message, Does.Contain("'deletionVectors', which its protocol does not list"));
    }

    [TestCase("""{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["appendOnly","rowTracking"]}}""", "{}", "storage.delta_feature")]
    [TestCase("""{"protocol":{"minReaderVersion":1,"minWriterVersion":8}}""", "{}", "storage.delta_protocol")]
    [TestCase("""{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}""", """{"delta.appendOnly":"true"}""", "storage.append_only")]
    public async Task Commit_TableThatWeMayOnlyRead_IsRefused(string protocol, string configuration, string code)
    {
        using var t = new DeltaFixture();
        t.WriteLog(FirstLines(protocol, configuration) + AddLine("a"));
        Snapshot snapshot = (await t.Table.ReadAsync())!;
        await Refusal.Of(code, () => t.Table.CommitAsync(Overwrite(snapshot, t.File("b"))).AsTask());
    }

    [Test]
    public async Task Commit_AppendToAppendOnly_IsTaken()
    {
        using var t = new DeltaFixture();
        t.WriteLog(FirstLines(configuration: """{"delta.appendOnly":"true"}""") + AddLine("a"));
        Assert.That((await t.Table.CommitAsync(Append(await t.Table.ReadAsync(), t.File("b")))).Files, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Commit_TableWithInvariants_IsRefused()
    {
        using var t = new DeltaFixture();
        t.WriteLog(FirstLines(schema: """{"type":"struct","fields":[{"name":"id","type":"long","nullable":true,"metadata":{"delta.invariants":"{\"expression\":{\"expression\":\"id > 0\"}}"}}]}"""));
        await Refusal.Of("storage.delta_feature", async () => await t.Table.CommitAsync(Append(await t.Table.ReadAsync())));
    }

    [Test]
    public async Task Read_NaiveTimeOfOthers_IsRead()
    {
        using var t = new DeltaFixture();
        t.WriteLog(FirstLines(
            """{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["timestampNtz"],"writerFeatures":["timestampNtz"]}}""",
            schema: """{"type":"struct","fields":[{"name":"at","type":"timestamp_ntz","nullable":true,"metadata":{}}]}"""));
        Assert.That((await t.Table.ReadAsync())!.Schema[0].Type, Is.EqualTo(DataType.NaiveTime));
    }

    [Test]
    public async Task Read_RemoveAndAddOfOnePath_TheLaterLineWins()
    {
        using var t = new DeltaFixture();
        t.WriteLog(
            FirstLines() + AddLine("a") + AddLine("b") + AddLine("c"),
            """{"remove":{"path":"a","dataChange":true}}""" + "\n" + """{"remove":{"path":"never"}}""" + "\n" + AddLine("b", ""","stats":"{\"numRecords\":5}" """),
            AddLine("a") + """{"remove":{"path":"c"}}""",
            AddLine("d") + """{"remove":{"path":"d"}}""");
        Assert.That((await t.Table.ReadAsync(1))!.Files.Select(file => (file.Path, file.Statistics?.RowCount)), Is.EqualTo(new[] { ("c", (long?)null), ("b", 5L) }));
        Assert.That((await t.Table.ReadAsync())!.Files.Select(file => file.Path), Is.EqualTo(new[] { "b", "a" }));
    }

    [Test]
    public async Task Read_WhatWeDoNotKnow_IsPassedOver()
    {
        using var t = new DeltaFixture();
        t.WriteLog("""{"commitInfo":{"timestamp":"soon","operation":7,"operationParameters":{"predicate":["x"]},"more":{}}}""" + "\n" + FirstLines() + """{"domainMetadata":{"domain":"d","configuration":"","removed":false}}""" + "\r\n\n"
            + """{"cdc":{"path":"_change_data/x","partitionValues":{},"size":1,"dataChange":false}}""" + "\n" + """{"add":{"path":"a","partitionValues":{},"size":1,"modificationTime":0,"dataChange":true,"baseRowId":7}}""");
        await File.WriteAllTextAsync(Path.Join(t.LogPath, ".00000000000000000000.json.crc"), "x");
        await File.WriteAllTextAsync(Path.Join(t.LogPath, "00000000000000000000.00000000000000000001.compacted.json"), "x");
        Directory.CreateDirectory(Path.Join(t.LogPath, "_staged_commits"));
        Snapshot snapshot = (await t.Table.ReadAsync())!;
        Assert.That(snapshot.Files.Select(file => file.Path), Is.EqualTo(new[] { "a" }));
        await foreach (CommitEntry entry in t.Table.HistoryAsync()) Assert.That(entry.Parameters["predicate"], Is.EqualTo("[\"x\"]"));
    }

    [Test]
    public async Task Read_MutatedLogs_GiveASnapshotOrARefusal()
    {
        const int seed = 4711, rounds = 1000;
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a")) with { RunId = "r", Transactions = [new TransactionStep("x", null, 1)] });
        await t.Table.CommitAsync(Overwrite(first, t.File("城 市%.parquet")));
        byte[][] originals = [await File.ReadAllBytesAsync(t.LogFile(0)), await File.ReadAllBytesAsync(t.LogFile(1))];
        string[] tokens = ["null", "-1", "1e400", "\"\"", "[]", "{}", "\"\\ud800\"", "99999999999999999999", "true", "\"../x\"", "\n", "\\u0000", "{\"add\":", "}", "\"", ":", "\xff"];
        int refused = 0;
        for (int round = 0; round < rounds; round++)
        {
            var random = new Random(seed + round);
            int which = random.Next(2);
            await File.WriteAllBytesAsync(t.LogFile(which), Mutate(originals[which], random, tokens));
            try
            {
                await t.Open().ReadAsync();
                await t.Open().ReadAsync(0);
                await foreach (CommitEntry _ in t.Open().HistoryAsync())
                {
                }
            }
            catch (LeptonDataException)
            {
                refused++;
            }
            catch (Exception failure)
            {
                Assert.Fail($"seed {seed + round}: {failure}");
            }
            await File.WriteAllBytesAsync(t.LogFile(which), originals[which]);
        }
        // Were all taken or all refused, the mutations would show nothing.
        Assert.That(refused, Is.InRange(rounds / 4, rounds - (rounds / 20)));
    }

    private static byte[] Mutate(byte[] original, Random random, string[] tokens)
    {
        List<byte> bytes = [.. original];
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 40), bytes.Count - at));
                    if (bytes.Count == 0) bytes.Add((byte)'{');
                    break;
                case 2:
                    bytes.InsertRange(at, Encoding.Latin1.GetBytes(tokens[random.Next(tokens.Length)]));
                    break;
                case 3:
                    bytes.RemoveRange(at, bytes.Count - at);
                    if (bytes.Count == 0) bytes.Add((byte)'\n');
                    break;
                case 4:
                    ReplaceValue(bytes, random, tokens);
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 200), bytes.Count - at)));
                    break;
            }
        }
        return [.. bytes];
    }

    /// <summary>Puts another value behind a colon, which keeps the JSON sound more often than not.</summary>
    private static void ReplaceValue(List<byte> bytes, Random random, string[] tokens)
    {
        int[] colons = [.. Enumerable.Range(0, bytes.Count).Where(i => bytes[i] == ':')];
        if (colons.Length == 0) return;
        int start = colons[random.Next(colons.Length)] + 1;
        int end = start;
        while (end < bytes.Count && bytes[end] is not ((byte)',' or (byte)'}')) end++;
        bytes.RemoveRange(start, end - start);
        bytes.InsertRange(start, Encoding.Latin1.GetBytes(tokens[random.Next(tokens.Length)]));
    }
}
