using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>Labels and one view over a history, joined by the product and by the oracle.</summary>
internal sealed record HistoryCase
{
    internal HistoryRule Rule { get; init; } = new();

    /// <summary>Types of the key's columns.</summary>
    internal IReadOnlyList<DataType> KeyTypes { get; init; } = [DataType.String];

    /// <summary>Types of the features.</summary>
    internal IReadOnlyList<DataType> FeatureTypes { get; init; } = [DataType.Int64];

    internal IReadOnlyList<HistoryRow> Rows { get; init; } = [];

    internal IReadOnlyList<HistoryLabel> Labels { get; init; } = [];

    /// <summary>How many batches the view's rows are cut into.</summary>
    internal int BatchCount { get; init; } = 1;

    internal string Name { get; init; } = "v";

    private IEnumerable<string> Keys => KeyTypes.Select((_, i) => $"key{i}");

    /// <summary>The view, with key columns called otherwise than the entity's keys.</summary>
    internal ViewJoin View => new(
        new FeatureView(Name, "thing", TableName.Parse($"{Name}_rows"), new EquatableList<string>(FeatureTypes.Select((_, i) => $"f{i}")))
        {
            EventTime = "happened_at",
            CreatedTime = Rule.HasCreatedTime ? "known_at" : null,
            Sequence = Rule.HasSequence ? "seq" : null,
            IsStrict = Rule.IsStrict,
            SkipsNulls = Rule.SkipsNulls,
            Ttl = Rule.TtlMicroseconds is { } ttl ? TimeSpan.FromMicroseconds(ttl) : null,
            KeyColumns = new EquatableList<string>(Keys.Select(key => $"row_{key}")),
        },
        new Entity("thing", new EquatableList<string>(Keys)));

    /// <summary>What the oracle says, row by row; null where it finds rows that tie.</summary>
    internal IReadOnlyList<HistoryAnswer>? Expected
    {
        get
        {
            try
            {
                return [.. Labels.Select(label => NestedLoopJoin.Answer(label, Rows, FeatureTypes.Count, Rule))];
            }
            catch (HistoryTieException)
            {
                return null;
            }
        }
    }

    internal Schema LabelSchema => new([.. KeyTypes.Select((type, i) => new Field($"key{i}", type)), new Field("at", DataType.Instant), new Field("own", DataType.Int64)]);

    internal Schema RowSchema => new(
    [
        .. KeyTypes.Select((type, i) => new Field($"row_key{i}", type)), new Field("happened_at", DataType.Instant), new Field("known_at", DataType.Instant), new Field("seq", DataType.Int64),
        .. FeatureTypes.Select((type, i) => new Field($"f{i}", type)),
    ]);

    /// <summary>The label rows as batches: keys, time, and the row's number as a column of its own.</summary>
    internal RecordBatch LabelBatch()
    {
        using var builder = new RecordBatchBuilder(LabelSchema, Labels.Count);
        for (int row = 0; row < Labels.Count; row++)
        {
            for (int i = 0; i < KeyTypes.Count; i++) builder.Column(i).AppendValue(Labels[row].Key[i]);
            builder.Column(KeyTypes.Count).AppendValue(new EventTime(Labels[row].Time));
            builder.Column(KeyTypes.Count + 1).AppendValue((long)row);
        }
        return builder.Build();
    }

    /// <summary>The view's rows as batches.</summary>
    internal IReadOnlyList<RecordBatch> RowBatches()
    {
        using var builder = new RecordBatchBuilder(RowSchema);
        var batches = new List<RecordBatch>();
        int size = Math.Max(1, (Rows.Count + BatchCount - 1) / BatchCount);
        for (int start = 0; start < Rows.Count; start += size)
        {
            foreach (HistoryRow row in Rows.Skip(start).Take(size))
            {
                int column = 0;
                foreach (object? key in row.Key) builder.Column(column++).AppendValue(key);
                builder.Column(column++).AppendValue(row.EventTime is { } eventTime ? new EventTime(eventTime) : null);
                builder.Column(column++).AppendValue(row.CreatedTime is { } createdTime ? new EventTime(createdTime) : null);
                builder.Column(column++).AppendValue(row.Sequence);
                foreach (object? feature in row.Features) builder.Column(column++).AppendValue(feature);
            }
            batches.Add(builder.Build());
        }
        return batches;
    }

    /// <summary>Joins by the product.</summary>
    /// <exception cref="LeptonDataException">As the product throws it.</exception>
    internal Task<JoinedCase> JoinAsync() => JoinAllAsync([this]);

    /// <summary>Joins several views, which share labels and entity, in one pass.</summary>
    /// <param name="cases">The views and their rows; the labels are those of the first.</param>
    /// <param name="rowsPerRange">How many labels are worked on at once.</param>
    /// <param name="tables">The views' tables, where they are not batches of the rows.</param>
    /// <param name="engine">The engine, where it is not the tests' own.</param>
    /// <param name="memoryBytes">What the join may hold.</param>
    internal static async Task<JoinedCase> JoinAllAsync(
        IReadOnlyList<HistoryCase> cases, int rowsPerRange = int.MaxValue / 4, IReadOnlyDictionary<string, Input>? tables = null, IEngine? engine = null, long memoryBytes = 1L << 30)
    {
        RunContext run = FeatureStoreWorld.NewRun(memoryBytes: memoryBytes);
        var runner = new QueryRunner(FeatureStoreWorld.ContextOf(engine ?? FeatureStoreWorld.Engine), run);
        using RecordBatch labels = cases[0].LabelBatch();
        List<RecordBatch> batches = [];
        JoinedCase joined;
        try
        {
            var inputs = new Dictionary<string, Input>(tables ?? new Dictionary<string, Input>());
            foreach (HistoryCase item in tables is null ? cases : [])
            {
                IReadOnlyList<RecordBatch> rows = item.RowBatches();
                batches.AddRange(rows);
                inputs[item.View.View.Table.ToString()] = new BatchInput(item.RowSchema, rows);
            }
            await using var join = new PointInTimeJoin(runner, new LabelRows(new BatchInput(labels.Schema, [labels]), labels.Schema), "at", [.. cases.Select(item => item.View)], inputs, null) { RowsPerRangeMax = rowsPerRange };
            await join.PrepareAsync(CancellationToken.None);
            await using IRecordBatchReader reader = join.Read();
            List<object?[]> result = await BatchRows.ReadAsync(reader);
            Assert.That(join.Query.Schema, Is.EqualTo(join.Schema));
            joined = new JoinedCase(result, join.Schema, join.Statistics, join.Misses);
        }
        finally
        {
            await runner.DisposeAsync();
            foreach (RecordBatch batch in batches) batch.Dispose();
        }
        Assert.That(run.Memory.UsedBytes, Is.Zero, "what was charged is given back");
        return joined;
    }

    /// <summary>Joins by both and compares every row.</summary>
    internal async Task AssertAgreesAsync(string what, int rowsPerRange = int.MaxValue / 4)
    {
        IReadOnlyList<HistoryAnswer>? expected = Expected;
        JoinedCase joined;
        try
        {
            joined = await JoinAllAsync([this], rowsPerRange: rowsPerRange);
        }
        catch (LeptonDataException error) when (error.Code is "featurestore.tie" or "featurestore.tie_in_sequence")
        {
            Assert.That(expected, Is.Null, $"{what}: the oracle finds no rows that tie, but {error.Message}");
            return;
        }
        Assert.That(expected, Is.Not.Null, $"{what}: the oracle finds rows that tie");
        AssertEqual(joined, expected!, what);
    }

    /// <summary>Compares every row of what was joined with what the oracle says, by the columns of this view.</summary>
    internal void AssertEqual(JoinedCase joined, IReadOnlyList<HistoryAnswer> expected, string what)
    {
        Assert.That(joined.Rows, Has.Count.EqualTo(Labels.Count), what);
        int own = KeyTypes.Count + 2, first = joined.Schema.IndexOf(View.View.ColumnOf("f0"));
        for (int row = 0; row < Labels.Count; row++)
        {
            object?[] label = [.. Labels[row].Key, new EventTime(Labels[row].Time), (long)row], found = joined.Rows[row];
            if (!NestedLoopJoin.AreEqual([.. found.Take(own)], label) || !NestedLoopJoin.AreEqual(found[first..(first + FeatureTypes.Count)], expected[row].Features) || !Equals(found[first + FeatureTypes.Count], expected[row].Status))
                Assert.That((object?[])[.. found[..own], .. found[first..(first + FeatureTypes.Count + 1)]], Is.EqualTo((object?[])[.. label, .. expected[row].Features, expected[row].Status]), $"{what}, label {row}: key {string.Join('|', Labels[row].Key)}, time {Labels[row].Time}");
        }
    }

    /// <summary>How many labels a join by event time alone would give a row that nobody knew yet, word by word.</summary>
    internal int FromFuture => Labels.Count(label =>
    {
        HistoryRow[] happened = [.. Rows.Where(row => NestedLoopJoin.IsVisible(row with { CreatedTime = long.MinValue }, label, Rule) && row.CreatedTime is not null)];
        return Rule.HasCreatedTime && happened.Length > 0 && happened.Max(row => (row.EventTime!.Value, row.CreatedTime!.Value)).Item2 > label.Time;
    });
}

/// <summary>What the product joined.</summary>
internal sealed record JoinedCase(IReadOnlyList<object?[]> Rows, Schema Schema, IReadOnlyList<ViewStatistics> Statistics, IReadOnlyList<FeatureMisses> Misses)
{
    internal object? this[int row, string column] => Rows[row][Schema.IndexOf(column)];
}
