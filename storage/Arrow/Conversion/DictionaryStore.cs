using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Conversion;

/// <summary>The values that the numbers of dictionary-encoded columns mean, by dictionary. Not safe for use by several threads.</summary>
/// <param name="budget">Charged for what is joined; null for none.</param>
internal sealed class DictionaryStore(MemoryBudget? budget) : IDisposable
{
    private readonly Dictionary<long, DictionaryValues> _values = [];

    /// <summary>Takes a batch of one column, also where this fails; a delta adds to what is there, anything else replaces it.</summary>
    internal void Add(long id, RecordBatch values, bool isDelta, ArrowPlace place, ArrowField field)
    {
        if (!isDelta) Remove(id);
        if (!_values.TryGetValue(id, out DictionaryValues? known)) _values.Add(id, known = new DictionaryValues(budget));
        known.Add(values, place, field);
    }

    /// <summary>Forgets the values of a dictionary; later deltas begin with none.</summary>
    internal void Remove(long id)
    {
        if (_values.Remove(id, out DictionaryValues? removed)) removed.Dispose();
    }

    /// <summary>The values of a field's dictionary; none where it never came, which is right as long as every value is NULL.</summary>
    internal DictionaryValues Find(ArrowField field, CancellationToken cancellationToken)
    {
        Resolve?.Invoke(field.Dictionary!.Id, cancellationToken);
        return _values.TryGetValue(field.Dictionary!.Id, out DictionaryValues? values) ? values : DictionaryValues.None;
    }

    /// <summary>Called before a dictionary is used: where they are at hand, a file reads it then.</summary>
    internal Action<long, CancellationToken>? Resolve { get; set; }

    public void Dispose()
    {
        foreach (DictionaryValues values in _values.Values) values.Dispose();
        _values.Clear();
    }
}

/// <summary>The values of one dictionary, in the pieces that they came in.</summary>
internal sealed class DictionaryValues(MemoryBudget? budget) : IDisposable
{
    private readonly List<Piece> _pieces = [];

    internal static DictionaryValues None { get; } = new(null);

    internal int Count { get; private set; }

    /// <summary>Values that somebody else owns.</summary>
    internal static DictionaryValues Of(in ColumnBuffers values, long count)
    {
        var result = new DictionaryValues(null) { Count = (int)count };
        result._pieces.Add(new Piece(null, values, 0, (int)count));
        return result;
    }

    internal void Add(RecordBatch values, ArrowPlace place, ArrowField field)
    {
        if (values.RowCount > int.MaxValue - 1 - Count)
        {
            values.Dispose();
            throw place.Error("storage.arrow_length", field.Path, (long)Count + values.RowCount);
        }
        if (values.RowCount == 0)
        {
            // Nothing to find there, however many of them come.
            values.Dispose();
            return;
        }
        _pieces.Add(new Piece(values, values.Column(0).Buffers, Count, values.RowCount));
        Count += values.RowCount;
        // Pieces are joined like a binary counter, so that many small deltas stay few pieces and cost little in all.
        while (_pieces.Count > 1 && _pieces[^2].Count <= 2 * _pieces[^1].Count && _pieces.Count > 4) Join(place, field);
    }

    /// <summary>Appends values by their numbers, which are checked; -1 is NULL.</summary>
    internal void Append(ColumnGather gather, ColumnBuilder target, DataType type, Span<int> rows)
    {
        if (_pieces.Count == 0) Append(gather, target, type, default, rows);
        else if (_pieces.Count == 1) Append(gather, target, type, in _pieces[0].Buffers, rows);
        else
        {
            // Runs within one piece go together.
            for (int start = 0, end; start < rows.Length; start = end)
            {
                Piece piece = Find(rows[start]);
                for (end = start; end < rows.Length && (rows[end] < 0 || (rows[end] >= piece.Start && rows[end] - piece.Start < piece.Count)); end++)
                    if (rows[end] >= 0) rows[end] -= piece.Start;
                Append(gather, target, type, in piece.Buffers, rows[start..end]);
            }
        }
    }

    public void Dispose()
    {
        foreach (Piece piece in _pieces) piece.Owner?.Dispose();
        _pieces.Clear();
        Count = 0;
    }

    private static void Append(ColumnGather gather, ColumnBuilder target, DataType type, in ColumnBuffers values, ReadOnlySpan<int> rows) => gather.Append(target, type, in values, rows);

    private Piece Find(int row)
    {
        int i = _pieces.Count - 1;
        while (i > 0 && _pieces[i].Start > row) i--;
        return _pieces[i];
    }

    private void Join(ArrowPlace place, ArrowField field)
    {
        (Piece left, Piece right) = (_pieces[^2], _pieces[^1]);
        // What is joined was charged when it came.
        var gather = new ColumnGather(place, new ExpansionMeter(new ArrowReadOptions { ExpandedBytesMin = long.MaxValue }, 0), field);
        DataType type = left.Owner!.Schema[0].Type;
        using var builder = new RecordBatchBuilder(left.Owner.Schema, left.Count + right.Count, budget);
        gather.AppendRange(builder.Column(0), type, in left.Buffers, 0, left.Count);
        gather.AppendRange(builder.Column(0), type, in right.Buffers, 0, right.Count);
        RecordBatch joined = builder.Build();
        _pieces.RemoveRange(_pieces.Count - 2, 2);
        left.Owner.Dispose();
        right.Owner!.Dispose();
        _pieces.Add(new Piece(joined, joined.Column(0).Buffers, left.Start, joined.RowCount));
    }

    private sealed class Piece(RecordBatch? owner, ColumnBuffers buffers, int start, int count)
    {
        internal readonly ColumnBuffers Buffers = buffers;

        internal RecordBatch? Owner => owner;

        internal int Start => start;

        internal int Count => count;
    }
}
