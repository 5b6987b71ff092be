using System.Numerics;
using System.Runtime.CompilerServices;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.FeatureStore.Offline.Join;

/// <summary>Keys of one column whose values are whole numbers, dates, times or truths.</summary>
internal sealed unsafe class WholeKeyTable(MemoryBudget budget) : KeyTable
{
    // Where keys lie so close together, a table by the key itself is smaller than one by its hash, and quicker.
    private const int DenseRangePerKey = 8;

    private NativeArray<Entry> _entries = Empty(1 << 10, budget);
    private NativeArray<int>? _dense;
    private int _shift = 64 - 10;
    private int _count;
    private long _least = long.MaxValue;
    private long _greatest = long.MinValue;

    internal override int Count => _count;

    internal override void Add(RecordBatch batch, ReadOnlySpan<int> columns, Span<int> numbers, KeyScratch scratch)
    {
        ColumnView column = batch.Column(columns[0]);
        ReadOnlySpan<long> keys = Whole(column, scratch);
        for (int i = 0; i < keys.Length; i++)
        {
            if (column.IsNull(i))
            {
                numbers[i] = Null;
                continue;
            }
            if (2 * (_count + 1) > _entries.Length) Grow();
            Entry* entry = Find(_entries.Pointer, _entries.Length - 1, _shift, keys[i]);
            if (entry->Number == Unknown)
            {
                *entry = new Entry { Key = keys[i], Number = _count++ };
                (_least, _greatest) = (Math.Min(_least, keys[i]), Math.Max(_greatest, keys[i]));
            }
            numbers[i] = entry->Number;
        }
    }

    internal override void Seal()
    {
        if (_count == 0 || (UInt128)((Int128)_greatest - _least) >= (UInt128)((long)_count * DenseRangePerKey) || (long)_count * DenseRangePerKey > int.MaxValue / 2) return;
        _dense = new NativeArray<int>((int)(_greatest - _least) + 1, budget);
        _dense.Span.Fill(Unknown);
        for (int i = 0; i < _entries.Length; i++)
            if (_entries[i].Number != Unknown) _dense[(int)(_entries[i].Key - _least)] = _entries[i].Number;
        _entries.Dispose();
    }

    internal override void Find(RecordBatch batch, ReadOnlySpan<int> columns, Span<int> numbers, KeyScratch scratch)
    {
        ColumnView column = batch.Column(columns[0]);
        ReadOnlySpan<long> keys = Whole(column, scratch);
        numbers = numbers[..keys.Length];
        if (_dense is not null)
        {
            int* dense = _dense.Pointer;
            ulong range = (ulong)_dense.Length;
            for (int i = 0; i < keys.Length; i++)
            {
                ulong at = (ulong)(keys[i] - _least);
                numbers[i] = at < range ? dense[at] : Unknown;
            }
        }
        else
        {
            Entry* entries = _entries.Pointer;
            int mask = _entries.Length - 1;
            for (int i = 0; i < keys.Length; i++) numbers[i] = Find(entries, mask, _shift, keys[i])->Number;
        }
        if (!column.MayHaveNulls) return;
        for (int i = 0; i < keys.Length; i++)
            if (column.IsNull(i)) numbers[i] = Null;
    }

    public override void Dispose()
    {
        _entries.Dispose();
        _dense?.Dispose();
    }

    private static NativeArray<Entry> Empty(int length, MemoryBudget budget)
    {
        var entries = new NativeArray<Entry>(length, budget);
        entries.Span.Fill(new Entry { Number = Unknown });
        return entries;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Entry* Find(Entry* entries, int mask, int shift, long key)
    {
        int at = (int)(((ulong)key * 0x9E3779B97F4A7C15) >> shift);
        while (entries[at].Number != Unknown && entries[at].Key != key) at = (at + 1) & mask;
        return entries + at;
    }

    private void Grow()
    {
        NativeArray<Entry> grown = Empty(2 * _entries.Length, budget);
        int shift = 64 - BitOperations.Log2((uint)grown.Length);
        for (int i = 0; i < _entries.Length; i++)
            if (_entries[i].Number != Unknown) *Find(grown.Pointer, grown.Length - 1, shift, _entries[i].Key) = _entries[i];
        _entries.Dispose();
        (_entries, _shift) = (grown, shift);
    }

    private struct Entry
    {
        internal long Key;
        internal int Number;
    }
}
