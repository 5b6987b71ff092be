using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.FeatureStore.Offline.Join;

/// <summary>The features of rows that won: batches in no order, and where each row lies in them.</summary>
internal sealed class GatheredRows : IDisposable
{
    private readonly MemoryBudget _budget;
    private readonly List<RecordBatch?> _batches = [];
    private readonly NativeArray<long> _places;

    /// <param name="rows">Which rows.</param>
    /// <param name="schema">Their features.</param>
    /// <param name="budget">Charged.</param>
    internal GatheredRows(PlaceSet rows, Schema schema, MemoryBudget budget)
    {
        (Rows, Schema, _budget) = (rows, schema, budget);
        _places = new NativeArray<long>(rows.Count, budget);
    }

    internal PlaceSet Rows { get; }

    internal Schema Schema { get; }

    internal MemoryBudget Budget => _budget;

    /// <summary>By the number of a row in <see cref="Rows"/>: its place in the batches.</summary>
    internal NativeArray<long> Places => _places;

    /// <summary>What copies the rows; null where there are none.</summary>
    internal RowGatherer? NewGatherer() => _batches.Count == 0 ? null : new RowGatherer(_batches!);

    /// <summary>The number that a batch will have. Safe for several threads.</summary>
    internal int Reserve()
    {
        lock (_batches)
        {
            _batches.Add(null);
            return _batches.Count - 1;
        }
    }

    internal void Put(int number, RecordBatch batch)
    {
        lock (_batches) _batches[number] = batch;
    }

    /// <summary>Gives the set of rows up, which only gathering needs.</summary>
    internal void Seal() => Rows.Dispose();

    public void Dispose()
    {
        Rows.Dispose();
        _places.Dispose();
        foreach (RecordBatch? batch in _batches) batch?.Dispose();
    }
}

/// <summary>Which columns of a table are gathered, and where they stand in the query.</summary>
internal sealed class GatherColumns
{
    /// <param name="table">The table.</param>
    /// <param name="winners">Those of its winners of which there are any.</param>
    internal GatherColumns(TablePlan table, IEnumerable<WinnerPlan> winners)
    {
        var columns = new ScanColumns();
        (File, Row) = (columns.AddColumn(table.FileColumn), columns.AddColumn(table.RowColumn));
        foreach (WinnerPlan plan in winners) Winners.Add((plan, [.. plan.Features.Select(feature => columns.AddColumn(feature.Name))]));
        Sql = columns.Sql(table);
    }

    internal string Sql { get; }

    internal int File { get; }

    internal int Row { get; }

    internal List<(WinnerPlan Plan, int[] Columns)> Winners { get; } = [];
}

/// <summary>Copies the features of rows that won.</summary>
/// <param name="columns">Where things stand in the batches.</param>
/// <param name="targets">Where they go, by the number of the winners.</param>
internal sealed class GatherScan(GatherColumns columns, GatheredRows?[] targets) : IAccumulator
{
    // A batch in the making takes its room at once; few of them are wasted on a thread's last one.
    private const int BatchBytes = 2 << 20;

    private readonly Target[] _targets = [.. columns.Winners.Select(entry => new Target(targets[entry.Plan.Number]!, entry.Columns))];
    private long[] _found = [];
    private int[] _numbers = [];

    public void Process(RecordBatch borrowed)
    {
        if (_found.Length < borrowed.RowCount) (_found, _numbers) = (new long[borrowed.RowCount], new int[borrowed.RowCount]);
        ReadOnlySpan<long> files = borrowed.Column(columns.File).Values<long>(), rows = borrowed.Column(columns.Row).Values<long>();
        RowGatherer? gatherer = null;
        foreach (Target target in _targets)
        {
            int count = target.Rows.Rows.Find(files, rows, _found, _numbers);
            if (count > 0) target.Add(gatherer ??= new RowGatherer([borrowed]), _found.AsSpan(0, count), _numbers.AsSpan(0, count));
        }
    }

    public void Merge(IAccumulator other)
    {
        foreach (Target target in ((GatherScan)other)._targets) target.Flush();
    }

    /// <summary>To be called once after merging.</summary>
    internal void Flush()
    {
        foreach (Target target in _targets) target.Flush();
    }

    public void Dispose()
    {
        foreach (Target target in _targets) target.Dispose();
    }

    private sealed class Target(GatheredRows rows, int[] columns) : IDisposable
    {
        private readonly int _rowsMax = (int)Math.Clamp(BatchBytes / Math.Max(1, rows.Schema.Fields.Sum(field => Math.Max(8L, TypeWidths.Of(field.Type)))), 64, 16_384);
        private RecordBatchBuilder? _builder;
        private int _batch;
        private int _count;

        internal GatheredRows Rows => rows;

        internal void Add(RowGatherer gatherer, ReadOnlySpan<long> found, ReadOnlySpan<int> numbers)
        {
            while (found.Length > 0)
            {
                if (_count == 0) _batch = rows.Reserve();
                _builder ??= new RecordBatchBuilder(rows.Schema, _rowsMax, rows.Budget);
                int count = Math.Min(found.Length, _rowsMax - _count);
                for (int i = 0; i < columns.Length; i++) gatherer.Append(columns[i], found[..count], _builder.Column(i));
                for (int i = 0; i < count; i++) rows.Places[numbers[i]] = RowGatherer.Place(_batch, _count + i);
                _count += count;
                if (_count == _rowsMax) Flush();
                found = found[count..];
                numbers = numbers[count..];
            }
        }

        internal void Flush()
        {
            if (_count == 0) return;
            rows.Put(_batch, _builder!.Build());
            _count = 0;
        }

        public void Dispose() => _builder?.Dispose();
    }
}
