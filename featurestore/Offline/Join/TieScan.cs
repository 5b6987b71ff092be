using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Schemas.Hashing;
using static Lepton.Data.Schemas.SqlLiteral;

namespace Lepton.Data.FeatureStore.Offline.Join;

/// <summary>Compares the values of rows that tie where they win: their hashes, of 128 bits, must be equal. Only needed where rows tie at all.</summary>
internal sealed class TieScan : IAccumulator
{
    private readonly TieCheck _check;
    private readonly RowHasher _hasher;
    private readonly RecordBatchBuilder _builder;
    private readonly KeyScratch _scratch = new();
    private int[] _keys = [];
    private readonly List<long> _rows = [];
    private readonly List<int> _slots = [];

    private TieScan(TieCheck check)
    {
        _check = check;
        _builder = new RecordBatchBuilder(check.Values);
        _hasher = new RowHasher(check.Values, skipInexact: false);
    }

    public unsafe void Process(RecordBatch borrowed)
    {
        int count = borrowed.RowCount;
        if (_keys.Length < count) _keys = new int[count];
        _check.Labels.Keys.Find(borrowed, _check.Keys, _keys.AsSpan(0, count), _scratch);
        _rows.Clear();
        _slots.Clear();
        for (int row = 0; row < count; row++)
        {
            if (_keys[row] < 0 || _check.SlotOf(borrowed, row, _keys[row]) is not (>= 0 and var slot)) continue;
            _rows.Add(row);
            _slots.Add(slot);
        }
        if (_rows.Count == 0) return;
        var gatherer = new RowGatherer([borrowed]);
        ReadOnlySpan<long> rows = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_rows);
        for (int i = 0; i < _check.Values.Count; i++) gatherer.Append(_check.FirstValue + i, rows, _builder.Column(i));
        using RecordBatch values = _builder.Build();
        for (int start = 0; start < values.RowCount; start += RowHasher.RunRowsMax)
        {
            int run = Math.Min(RowHasher.RunRowsMax, values.RowCount - start);
            _hasher.Hash(values, start, run, out ReadOnlySpan<ulong> low, out ReadOnlySpan<ulong> high);
            for (int i = 0; i < run; i++) _check.Compare(_slots[start + i], new UInt128(high[i], low[i]));
        }
    }

    public void Merge(IAccumulator other) { }

    public void Dispose() => _builder.Dispose();

    /// <summary>What rows of one view's tied winners are compared by. Safe for several threads.</summary>
    internal sealed class TieCheck
    {
        private readonly WinnerPlan _plan;
        private readonly WinnerSlots _winners;
        private readonly Dictionary<int, UInt128?> _hashes;
        private readonly HashSet<int> _different = [];
        private readonly Lock _gate = new();
        private readonly int _eventTime, _createdTime, _sequence, _present;

        /// <param name="unit">Whose features are compared.</param>
        /// <param name="labels">The labels.</param>
        /// <param name="winners">What was offered to them.</param>
        /// <param name="tied">The slots whose rows tie and win.</param>
        internal TieCheck(JoinUnit unit, LabelSlots labels, WinnerSlots winners, IEnumerable<int> tied)
        {
            (_plan, Labels, _winners) = (unit.Answer.Winners, labels, winners);
            _hashes = tied.ToDictionary(slot => slot, _ => (UInt128?)null);
            FeatureView view = unit.Join.View;
            Schema table = _plan.Table.Schema;
            // The features stand together at the end, so that a batch of theirs has their order; a column may stand in the query twice.
            var columns = new ScanColumns();
            Keys = [.. view.KeyColumns.Select(columns.AddColumn)];
            _eventTime = columns.AddColumn(view.EventTime!);
            _createdTime = view.CreatedTime is null ? _eventTime : columns.AddColumn(view.CreatedTime);
            _sequence = view.Sequence is null ? -1 : columns.Add($"CAST({Name(view.Sequence)} AS BIGINT)");
            _present = _plan.Present is null ? -1 : columns.Add($"{Name(_plan.Present)} IS NOT NULL");
            FirstValue = columns.Add("CAST(0 AS BIGINT)") + 1;
            foreach (string feature in unit.Features) columns.Add($"({Name(feature)})");
            Values = new Schema(unit.Features.Select(feature => table.Find(feature)!));
            Sql = columns.Sql(_plan.Table);
        }

        internal string Sql { get; }

        internal LabelSlots Labels { get; }

        internal int[] Keys { get; }

        internal int FirstValue { get; }

        internal Schema Values { get; }

        /// <summary>Slots whose rows tie and differ.</summary>
        internal IReadOnlyCollection<int> Different => _different;

        internal TieScan NewScan() => new(this);

        internal int SlotOf(RecordBatch batch, int row, int key)
        {
            ColumnView eventTimes = batch.Column(_eventTime), createdTimes = batch.Column(_createdTime);
            if (eventTimes.IsNull(row) || createdTimes.IsNull(row) || (_present >= 0 && !batch.Column(_present).Boolean(row))) return -1;
            long eventTime = eventTimes.Values<long>()[row], createdTime = createdTimes.Values<long>()[row], sequence = 0;
            if (_sequence >= 0) sequence = batch.Column(_sequence).IsNull(row) ? long.MinValue : batch.Column(_sequence).Values<long>()[row];
            if (!WinnerScan.TrySeenFrom(eventTime, createdTime, _plan.View.IsStrict, out long from)) return -1;
            int slot = Labels.Find(key, from);
            // Behind the last label of the key are those of another.
            if (slot == Labels.EndOf(key) || !_hashes.ContainsKey(slot)) return -1;
            WinnerSlots.Slot kept = _winners[slot];
            return kept.EventTime == eventTime && kept.CreatedTime == createdTime && kept.Sequence == sequence ? slot : -1;
        }

        internal void Compare(int slot, UInt128 hash)
        {
            lock (_gate)
            {
                if (_hashes[slot] is not { } known) _hashes[slot] = hash;
                else if (known != hash) _different.Add(slot);
            }
        }
    }
}
