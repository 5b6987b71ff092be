using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.DeletionVectors;
using Lepton.Data.Storage.Delta.Log;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

/// <summary>The files of a checkpoint by column, against the objects that they were made from.</summary>
public sealed class RestoredFilesTests
{
    private const string Table = "/lake/t";
    private static readonly SourcePlace s_place = new("/lake/t/_delta_log/checkpoint");

    private static readonly Schema s_columns = new(
    [
        new Field("path", DataType.String), new Field("size", DataType.Int64), new Field("modificationTime", DataType.Int64), new Field("partitionValues", DataType.Parse("MAP(VARCHAR, VARCHAR)")),
        new Field("tags", DataType.Parse("MAP(VARCHAR, VARCHAR)")), new Field("deletionVector", DataType.Parse("STRUCT(storageType VARCHAR, pathOrInlineDv VARCHAR, \"offset\" INTEGER, sizeInBytes INTEGER, cardinality BIGINT)")),
    ]);

    private static readonly Schema s_statistics = new([new Field("path", DataType.String), new Field("stats", DataType.String)]);

    [Test]
    public void Read_AnyFiles_SaysWhatTheCheckpointSays([Values(1, 2, 3)] int seed)
    {
        var random = new Random(seed);
        var files = new RestoredFiles(Table, "/lake", s_place);
        List<AddAction> expected = [];
        foreach (int count in new[] { 1, 300, 5 })
        {
            AddAction[] adds = [.. Enumerable.Range(expected.Count, count).Select(number => RandomAdd(random, number))];
            using (RecordBatch batch = BatchOf(adds)) files.Add(batch);
            expected.AddRange(adds);
        }
        // The two queries need not end their batches at the same rows.
        files.AddStatistics(() => [.. expected[..50].Chunk(20).Select(StatisticsOf)]);
        files.AddStatistics(() => [StatisticsOf(expected[50..])]);
        Assert.That(files.Count, Is.EqualTo(expected.Count));
        for (int row = 0; row < expected.Count; row++)
        {
            string what = $"seed {seed}, row {row}: {expected[row].Path}";
            AddAction read = files.Read(row);
            Assert.That(Text(read), Is.EqualTo(Text(expected[row])), what);
            Assert.That(files.Find(expected[row].Key), Is.EqualTo(row), what);
            Assert.That(files.Find(expected[row].Key + "x"), Is.EqualTo(-1), what);
        }
    }

    [TestCase("a", "a")]
    [TestCase("a b", "/lake/t/a%20b")]
    public void Add_AFileTwice_IsRefused(string path, string inLog)
    {
        var files = new RestoredFiles(Table, "/lake", s_place);
        using RecordBatch one = BatchOf([Add("z"), Add(path)]), other = BatchOf([Add(path) with { Path = new FilePath(path, inLog) }]);
        files.Add(one);
        Assert.That(Assert.Throws<LeptonDataException>(() => files.Add(other))!.Message, Does.Contain("twice"));
    }

    [TestCase(1)]
    [TestCase(3)]
    public void Statistics_OfAnotherNumberOfFiles_AreNotBelieved(int count)
    {
        var files = new RestoredFiles(Table, "/lake", s_place);
        AddAction[] adds = [Add("a"), Add("b")];
        using RecordBatch batch = BatchOf(adds);
        files.Add(batch);
        files.AddStatistics(() => [StatisticsOf([.. adds.Append(Add("c", rows: 3)).Take(count)])]);
        AddAction read = files.Read(0);
        Assert.That(files.HasFailed, Is.False);
        Assert.That((read.Statistics.Json.Length, files.TryReadStatistics(), files.HasFailed), Is.EqualTo((0, false, true)));
    }

    [Test]
    public void Statistics_OfOtherFiles_AreNotBelieved()
    {
        var files = new RestoredFiles(Table, "/lake", s_place);
        using RecordBatch batch = BatchOf([Add("a", rows: 1), Add("b", rows: 2)]);
        files.Add(batch);
        files.AddStatistics(() => [StatisticsOf([Add("b", rows: 2), Add("a", rows: 1)])]);
        Assert.That((files.TryReadStatistics(), files.Read(0).Statistics.Json.Length), Is.EqualTo((false, 0)));
    }

    [Test]
    public void Doubtful_Rows_AreThoseThatAnObjectMustBeMadeOf()
    {
        var files = new RestoredFiles(Table, "/lake", s_place);
        AddAction[] adds =
        [
            Add("plain", sum: 3, rows: 3), Add("no sum", rows: 3), Add("no statistics", sum: 3),
            Add("deleted", rows: 3) with { DeletionVector = Vector("aaaaa") }, Add("no partition") with { PartitionValues = AddAction.NoTexts }, Add("another partition") with { PartitionValues = Texts(("q", "1")) },
            Add("two partitions") with { PartitionValues = Texts(("p", "1"), ("q", "1")) }, Add("null partition") with { PartitionValues = Texts(("p", null)) },
        ];
        using RecordBatch batch = BatchOf(adds);
        files.Add(batch);
        Assert.That(files.Doubtful(["p"]).Select(row => adds[row].Path.Path), Is.EqualTo(new[] { "deleted", "no partition", "another partition", "two partitions" }));
    }

    private static AddAction RandomAdd(Random random, int number)
    {
        string path = random.Next(4) switch { 0 => $"part-{number}.parquet", 1 => $"p={number}/ä {number}%", 2 => $"{number}~", _ => $"a/b.{number}/c" };
        AddAction add = Add(path, random.Next(3) == 0 ? null : random.Next(100), random.Next(3) == 0 ? null : random.Next(100));
        if (random.Next(3) == 0) add = add with { Tags = Texts(("x", "y"), (new string('城', random.Next(3)), null)) };
        if (random.Next(5) == 0) add = add with { DeletionVector = Vector(new string("abcde"[random.Next(5)], 5)) };
        // As another writer would have it.
        if (random.Next(5) == 0) add = add with { Path = new FilePath(add.Path.Path, "/lake/t/" + PathEncoding.Encode(add.Path.Path)) };
        return add;
    }

    private static AddAction Add(string path, long? sum = null, long? rows = null) => new(s_place, new FilePath(path, null), Texts(("p", "1")), 7, -5, rows is null ? default : (StatisticsText)Encoding.UTF8.GetBytes($$"""{"numRecords":{{rows}}}"""))
    {
        ContentSum = sum is { } count ? new ContentSum(count, 12) : null,
    };

    private static DeletionVector Vector(string bytes) => new("i", bytes, null, 4, 1);

    private static Dictionary<string, string?> Texts(params (string Key, string? Value)[] texts) => texts.ToDictionary(text => text.Key, text => text.Value, StringComparer.Ordinal);

    private static RecordBatch BatchOf(AddAction[] adds)
    {
        using var builder = new RecordBatchBuilder(s_columns);
        foreach (AddAction add in adds)
        {
            var tags = add.Tags.ToDictionary(StringComparer.Ordinal);
            if (add.ContentSum is { } sum) tags.Add(ActionWriter.ContentSumTag, sum.ToString());
            object?[]? vector = add.DeletionVector is { } v ? [v.StorageType, v.PathOrInline, v.Offset, v.SizeBytes, v.RowCount] : null;
            object?[] values = [add.Path.InLog, add.SizeBytes, add.ModifiedMilliseconds, Entries(add.PartitionValues), tags.Count == 0 ? null : Entries(tags), vector];
            for (int i = 0; i < values.Length; i++) builder.Column(i).AppendValue(values[i]);
        }
        return builder.Build();

        static KeyValuePair<object, object?>[] Entries(IReadOnlyDictionary<string, string?> texts) => [.. texts.Select(text => new KeyValuePair<object, object?>(text.Key, text.Value))];
    }

    private static (TextColumn, TextColumn) StatisticsOf(IReadOnlyList<AddAction> adds)
    {
        using var builder = new RecordBatchBuilder(s_statistics);
        foreach (AddAction add in adds)
        {
            builder.Column(0).AppendValue(add.Path.InLog);
            builder.Column(1).AppendValue(add.Statistics.Json is { IsEmpty: false } json ? Encoding.UTF8.GetString(json.Span) : null);
        }
        using RecordBatch batch = builder.Build();
        return (new TextColumn(batch.Column(0)), new TextColumn(batch.Column(1)));
    }

    private static string Text(AddAction add)
        => $"{add.Path} {add.SizeBytes} {add.ModifiedMilliseconds} {Encoding.UTF8.GetString(add.Statistics.Json.Span)} {All(add.PartitionValues)} {All(add.Tags)} {add.ContentSum} {add.DeletionVector} {add.Place}";

    private static string All(IReadOnlyDictionary<string, string?> texts) => string.Join(',', texts.OrderBy(text => text.Key, StringComparer.Ordinal).Select(text => $"{text.Key}={text.Value ?? "NULL"}"));
}
