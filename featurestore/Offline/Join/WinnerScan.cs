using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using static Lepton.Data.Schemas.SqlLiteral;

namespace Lepton.Data.FeatureStore.Offline.Join;

/// <summary>Which columns of a table decide its winners, and where they stand in the query.</summary>
internal sealed class WinnerColumns
{
    internal WinnerColumns(TablePlan table)
    {
        var columns = new ScanColumns();
        foreach (WinnerPlan winners in table.Winners)
        {
            FeatureView view = winners.View;
            int[] keys = [.. view.KeyColumns.Select(columns.AddColumn)];
            int group = Groups.FindIndex(candidate => candidate.Keys == winners.Keys && candidate.Columns.SequenceEqual(keys));
            if (group < 0)
            {
                group = Groups.Count;
                Groups.Add(new KeyGroup(winners.Keys, keys));
            }
            int eventTime = view.EventTime is null ? -1 : columns.AddColumn(view.EventTime);
            int createdTime = view.CreatedTime is null || view.EventTime is null ? -1 : columns.AddColumn(view.CreatedTime);
            int sequence = view.Sequence is null || view.EventTime is null ? -1 : columns.Add($"CAST({Name(view.Sequence)} AS BIGINT)");
            int present = winners.Present is null ? -1 : columns.Add($"{Name(winners.Present)} IS NOT NULL");
            int count = Counts.FindIndex(candidate => candidate == new CountColumns(group, eventTime, createdTime));
            if (count < 0)
            {
                count = Counts.Count;
                Counts.Add(new CountColumns(group, eventTime, createdTime));
            }
            Winners.Add(new WinnerColumn(winners, group, eventTime, createdTime, sequence, present, count));
        }
        (File, Row) = (columns.AddColumn(table.FileColumn), columns.AddColumn(table.RowColumn));
        Sql = columns.Sql(table);
    }

    internal string Sql { get; }

    internal List<KeyGroup> Groups { get; } = [];

    internal List<CountColumns> Counts { get; } = [];

    internal List<WinnerColumn> Winners { get; } = [];

    internal int File { get; }

    internal int Row { get; }

    internal sealed record KeyGroup(LabelKeys Keys, int[] Columns);

    /// <summary>Rows are counted once for views of equal keys and times.</summary>
    internal sealed record CountColumns(int Group, int EventTime, int CreatedTime);

    /// <summary>Columns by number; -1 for none.</summary>
    internal sealed record WinnerColumn(WinnerPlan Plan, int Group, int EventTime, int CreatedTime, int Sequence, int Present, int Count);
}

/// <summary>Rows of a table, and those that can never win.</summary>
internal record struct RowCounts(long Rows, long WithoutKey, long WithoutEventTime, long WithoutCreatedTime)
{
    public static RowCounts operator +(RowCounts left, RowCounts right)
        => new(left.Rows + right.Rows, left.WithoutKey + right.WithoutKey, left.WithoutEventTime + right.WithoutEventTime, left.WithoutCreatedTime + right.WithoutCreatedTime);
}

/// <summary>Offers the rows of a table to the labels.</summary>
/// <param name="columns">Where things stand in the batches.</param>
/// <param name="slots">The labels, by the number of their keys.</param>
/// <param name="winners">What is offered to them, by the number of the winners.</param>
internal sealed unsafe class WinnerScan(WinnerColumns columns, LabelSlots[] slots, WinnerSlots[] winners) : IAccumulator
{
    // What is asked for in a step is still near in the next.
    private const int BlockRows = 256;

    private readonly KeyScratch _scratch = new();
    private readonly RowCounts[] _counts = new RowCounts[columns.Counts.Count];
    private int[][] _keys = [];
    private int[] _rows = [];
    private readonly int[] _slots = new int[BlockRows];

    /// <summary>By the order of <see cref="WinnerColumns.Counts"/>.</summary>
    internal IReadOnlyList<RowCounts> Counts => _counts;

    public void Process(RecordBatch borrowed)
    {
        int count = borrowed.RowCount;
        if (_rows.Length < count)
        {
            _keys = [.. columns.Groups.Select(_ => new int[count])];
            _rows = new int[count];
        }
        for (int group = 0; group < _keys.Length; group++)
            slots[columns.Groups[group].Keys.Number].Keys.Find(borrowed, columns.Groups[group].Columns, _keys[group].AsSpan(0, count), _scratch);
        for (int i = 0; i < _counts.Length; i++) _counts[i] += CountsOf(borrowed, columns.Counts[i]);
        foreach (WinnerColumns.WinnerColumn column in columns.Winners) Offer(borrowed, column);
    }

    public void Merge(IAccumulator other)
    {
        for (int i = 0; i < _counts.Length; i++) _counts[i] += ((WinnerScan)other)._counts[i];
    }

    public void Dispose() { }

    /// <summary>The moment from which a row can be seen; false where that never comes.</summary>
    internal static bool TrySeenFrom(long eventTime, long createdTime, bool isStrict, out long from)
    {
        from = eventTime;
        if (isStrict)
        {
            if (eventTime == long.MaxValue) return false;
            from++;
        }
        if (createdTime > from) from = createdTime;
        return true;
    }

    private RowCounts CountsOf(RecordBatch batch, WinnerColumns.CountColumns count)
    {
        ReadOnlySpan<int> keys = _keys[count.Group].AsSpan(0, batch.RowCount);
        var counts = new RowCounts(keys.Length, 0, 0, 0);
        bool mayLackKey = false;
        foreach (int column in columns.Groups[count.Group].Columns) mayLackKey |= batch.Column(column).MayHaveNulls;
        if (mayLackKey) counts.WithoutKey = keys.Count(KeyTable.Null);
        ColumnView eventTime = count.EventTime < 0 ? default : batch.Column(count.EventTime), createdTime = count.CreatedTime < 0 ? default : batch.Column(count.CreatedTime);
        if (!(count.EventTime >= 0 && eventTime.MayHaveNulls) && !(count.CreatedTime >= 0 && createdTime.MayHaveNulls)) return counts;
        for (int i = 0; i < keys.Length; i++)
        {
            if (keys[i] == KeyTable.Null) continue;
            if (count.EventTime >= 0 && eventTime.IsNull(i)) counts.WithoutEventTime++;
            else if (count.CreatedTime >= 0 && createdTime.IsNull(i)) counts.WithoutCreatedTime++;
        }
        return counts;
    }

    private void Offer(RecordBatch batch, WinnerColumns.WinnerColumn column)
    {
        LabelSlots labels = slots[column.Plan.Keys.Number];
        WinnerSlots target = winners[column.Plan.Number];
        ReadOnlySpan<int> keys = _keys[column.Group].AsSpan(0, batch.RowCount);
        ReadOnlySpan<long> files = batch.Column(columns.File).Values<long>(), places = batch.Column(columns.Row).Values<long>();
        int count = RowsThatCount(batch, column, keys);
        ReadOnlySpan<int> rows = _rows.AsSpan(0, count);
        if (column.EventTime < 0)
        {
            foreach (int row in rows) target.Offer(labels.Starts[keys[row]], long.MinValue, long.MinValue, long.MinValue, WinnerSlots.PlaceOf(files[row], places[row]));
            return;
        }
        ReadOnlySpan<long> eventTimes = batch.Column(column.EventTime).Values<long>();
        ReadOnlySpan<long> createdTimes = column.CreatedTime < 0 ? eventTimes : batch.Column(column.CreatedTime).Values<long>();
        ColumnView sequences = column.Sequence < 0 ? default : batch.Column(column.Sequence);
        ReadOnlySpan<long> sequenceValues = column.Sequence < 0 ? default : sequences.Values<long>();
        for (int start = 0; start < rows.Length; start += BlockRows)
        {
            ReadOnlySpan<int> block = rows.Slice(start, Math.Min(BlockRows, rows.Length - start));
            FindSlots(labels, target, keys, block, eventTimes, createdTimes, column.Plan.View.IsStrict);
            for (int i = 0; i < block.Length; i++)
            {
                int row = block[i], slot = _slots[i];
                if (slot < 0) continue;
                long sequence = sequenceValues.IsEmpty ? 0 : sequences.IsNull(row) ? long.MinValue : sequenceValues[row];
                target.Offer(slot, eventTimes[row], createdTimes[row], sequence, WinnerSlots.PlaceOf(files[row], places[row]));
            }
        }
    }

    /// <summary>Fills <c>_slots</c> with the slot that each row of a block is offered to, or -1.</summary>
    /// <remarks>Labels and slots lie in many megabytes and are met at random: what the next step needs is asked for one step before.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FindSlots(LabelSlots labels, WinnerSlots target, ReadOnlySpan<int> keys, ReadOnlySpan<int> rows, ReadOnlySpan<long> eventTimes, ReadOnlySpan<long> createdTimes, bool isStrict)
    {
        int* starts = labels.Starts;
        long* times = labels.Times;
        int* first = stackalloc int[BlockRows], end = stackalloc int[BlockRows];
        for (int i = 0; i < rows.Length; i++)
        {
            int key = keys[rows[i]];
            first[i] = starts[key];
            end[i] = starts[key + 1];
            if (!Sse.IsSupported) continue;
            Sse.Prefetch0(times + first[i]);
            Sse.Prefetch0(times + first[i] + 8);
        }
        bool keepsLate = target.KeepsLate;
        Span<int> found = _slots.AsSpan(0, rows.Length);
        for (int i = 0; i < found.Length; i++)
        {
            int row = rows[i];
            found[i] = -1;
            if (!TrySeenFrom(eventTimes[row], createdTimes[row], isStrict, out long from)) continue;
            int slot = LabelSlots.Find(times, first[i], end[i] - first[i], from);
            if (slot < end[i])
            {
                found[i] = slot;
                target.Prefetch(slot);
            }
            // Where a label stands between the two times, it would have been given what nobody knew yet.
            if (!keepsLate || slot == first[i] || times[slot - 1] < eventTimes[row]) continue;
            int early = LabelSlots.Find(times, first[i], end[i] - first[i], isStrict ? eventTimes[row] + 1 : eventTimes[row]);
            if (early < slot) target.OfferLate(early, eventTimes[row], createdTimes[row]);
        }
    }

    /// <summary>Fills <c>_rows</c> with those rows whose key a label has, and that have their times.</summary>
    private int RowsThatCount(RecordBatch batch, WinnerColumns.WinnerColumn column, ReadOnlySpan<int> keys)
    {
        Span<int> rows = _rows.AsSpan(0, keys.Length);
        int count = 0;
        for (int i = 0; i < keys.Length; i++)
        {
            rows[count] = i;
            count += keys[i] >= 0 ? 1 : 0;
        }
        if (column.EventTime >= 0) count = Present(batch.Column(column.EventTime), count);
        if (column.CreatedTime >= 0) count = Present(batch.Column(column.CreatedTime), count);
        if (column.Present < 0) return count;
        ColumnView present = batch.Column(column.Present);
        int kept = 0;
        for (int i = 0; i < count; i++)
            if (present.Boolean(rows[i])) rows[kept++] = rows[i];
        return kept;
    }

    private int Present(ColumnView values, int count)
    {
        if (!values.MayHaveNulls) return count;
        int kept = 0;
        for (int i = 0; i < count; i++)
            if (!values.IsNull(_rows[i])) _rows[kept++] = _rows[i];
        return kept;
    }
}
