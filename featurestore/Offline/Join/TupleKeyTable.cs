using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.FeatureStore.Offline.Join;

/// <summary>Keys of any types and number of columns, compared as bytes that are equal exactly where the tuples are.</summary>
/// <remarks>A text stands with its length before it, so that <c>("1", "23")</c> and <c>("12", "3")</c> differ; a key of one text is that text.</remarks>
internal sealed unsafe class TupleKeyTable : KeyTable
{
    private readonly IReadOnlyList<DataType> _types;
    private readonly MemoryBudget _budget;
    private readonly NativeList<byte> _bytes;
    private readonly NativeList<int> _ends;
    private NativeArray<Entry> _entries;

    internal TupleKeyTable(IReadOnlyList<DataType> types, MemoryBudget budget)
    {
        (_types, _budget) = (types, budget);
        (_bytes, _ends, _entries) = (new NativeList<byte>(budget), new NativeList<int>(budget), Empty(1 << 10, budget));
        _ends.Add(0);
    }

    internal override int Count => _ends.Count - 1;

    internal override void Add(RecordBatch batch, ReadOnlySpan<int> columns, Span<int> numbers, KeyScratch scratch)
    {
        Encode(batch, columns, scratch, out ReadOnlySpan<byte> data, out ReadOnlySpan<int> offsets);
        for (int i = 0; i < batch.RowCount; i++)
        {
            if (HasNull(batch, columns, i))
            {
                numbers[i] = Null;
                continue;
            }
            if (2 * (Count + 1) > _entries.Length) Grow();
            ReadOnlySpan<byte> key = data[offsets[i]..offsets[i + 1]];
            ulong hash = Hash(key);
            Entry* entry = Find(key, hash);
            if (entry->Number == Unknown)
            {
                *entry = new Entry { Hash = (uint)hash, Number = Count };
                if ((long)_bytes.Count + key.Length > int.MaxValue) throw new LeptonDataException("schemas.batch_too_large", [int.MaxValue]);
                _bytes.Add(key);
                _ends.Add(_bytes.Count);
            }
            numbers[i] = entry->Number;
        }
    }

    internal override void Find(RecordBatch batch, ReadOnlySpan<int> columns, Span<int> numbers, KeyScratch scratch)
    {
        Encode(batch, columns, scratch, out ReadOnlySpan<byte> data, out ReadOnlySpan<int> offsets);
        for (int i = 0; i < batch.RowCount; i++)
        {
            ReadOnlySpan<byte> key = data[offsets[i]..offsets[i + 1]];
            numbers[i] = Find(key, Hash(key))->Number;
        }
        foreach (int column in columns)
        {
            ColumnView values = batch.Column(column);
            if (!values.MayHaveNulls) continue;
            for (int i = 0; i < batch.RowCount; i++)
                if (values.IsNull(i)) numbers[i] = Null;
        }
    }

    public override void Dispose()
    {
        _bytes.Dispose();
        _ends.Dispose();
        _entries.Dispose();
    }

    private static NativeArray<Entry> Empty(int length, MemoryBudget budget)
    {
        var entries = new NativeArray<Entry>(length, budget);
        entries.Span.Fill(new Entry { Number = Unknown });
        return entries;
    }

    private static bool HasNull(RecordBatch batch, ReadOnlySpan<int> columns, int row)
    {
        foreach (int column in columns)
            if (batch.Column(column).IsNull(row)) return true;
        return false;
    }

    // Eight bytes a step. It is no defence against keys that somebody chose to collide; the number of labels bounds what they could do.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Hash(ReadOnlySpan<byte> key)
    {
        const ulong odd = 0x9E3779B97F4A7C15, other = 0xD6E8FEB86659FD93;
        ulong hash = (ulong)key.Length * odd;
        while (key.Length >= 8)
        {
            hash = BitOperations.RotateLeft(hash ^ (MemoryMarshal.Read<ulong>(key) * other), 29) * odd;
            key = key[8..];
        }
        ulong rest = 0;
        if (key.Length >= 4)
        {
            rest = MemoryMarshal.Read<uint>(key);
            key = key[4..];
        }
        foreach (byte value in key) rest = (rest << 8) | value;
        hash = (hash ^ rest) * other;
        hash ^= hash >> 32;
        hash *= odd;
        return hash ^ (hash >> 29);
    }

    private Entry* Find(ReadOnlySpan<byte> key, ulong hash)
    {
        Entry* entries = _entries.Pointer;
        int mask = _entries.Length - 1;
        int* ends = _ends.Pointer;
        byte* bytes = _bytes.Pointer;
        for (int at = (int)(hash >> 32) & mask; ; at = (at + 1) & mask)
        {
            Entry* entry = entries + at;
            if (entry->Number == Unknown) return entry;
            if (entry->Hash == (uint)hash && new ReadOnlySpan<byte>(bytes + ends[entry->Number], ends[entry->Number + 1] - ends[entry->Number]).SequenceEqual(key)) return entry;
        }
    }

    private void Grow()
    {
        NativeArray<Entry> old = _entries;
        _entries = Empty(2 * old.Length, _budget);
        int mask = _entries.Length - 1;
        for (int i = 0; i < Count; i++)
        {
            ulong hash = Hash(new ReadOnlySpan<byte>(_bytes.Pointer + _ends.Pointer[i], _ends.Pointer[i + 1] - _ends.Pointer[i]));
            int at = (int)(hash >> 32) & mask;
            while (_entries[at].Number != Unknown) at = (at + 1) & mask;
            _entries[at] = new Entry { Hash = (uint)hash, Number = i };
        }
        old.Dispose();
    }

    private void Encode(RecordBatch batch, ReadOnlySpan<int> columns, KeyScratch scratch, out ReadOnlySpan<byte> data, out ReadOnlySpan<int> offsets)
    {
        if (_types is [StringType or BinaryType])
        {
            ColumnView text = batch.Column(columns[0]);
            data = text.Data;
            offsets = text.Offsets;
            return;
        }
        int rows = batch.RowCount;
        scratch.Reserve(rows);
        int[] ends = scratch.Offsets, cursors = scratch.Cursors;
        int width = _types.Sum(WidthOf);
        Array.Fill(ends, width, 1, rows);
        for (int i = 0; i < columns.Length; i++)
        {
            if (_types[i] is not (StringType or BinaryType)) continue;
            ReadOnlySpan<int> texts = batch.Column(columns[i]).Offsets;
            for (int row = 0; row < rows; row++) ends[row + 1] += texts[row + 1] - texts[row];
        }
        for (int row = 0; row < rows; row++)
        {
            cursors[row] = ends[row];
            ends[row + 1] = checked(ends[row] + ends[row + 1]);
        }
        byte[] bytes = scratch.Bytes(ends[rows]);
        fixed (byte* start = bytes)
            for (int i = 0; i < columns.Length; i++) Write(batch.Column(columns[i]), scratch, start, cursors);
        data = bytes.AsSpan(0, ends[rows]);
        offsets = ends.AsSpan(0, rows + 1);
    }

    private static void Write(ColumnView column, KeyScratch scratch, byte* start, int[] cursors)
    {
        int rows = column.Count;
        if (column.Type is StringType or BinaryType)
        {
            ReadOnlySpan<int> texts = column.Offsets;
            ReadOnlySpan<byte> data = column.Data;
            for (int row = 0; row < rows; row++)
            {
                int length = texts[row + 1] - texts[row];
                Unsafe.WriteUnaligned(start + cursors[row], length);
                data.Slice(texts[row], length).CopyTo(new Span<byte>(start + cursors[row] + sizeof(int), length));
                cursors[row] += sizeof(int) + length;
            }
        }
        else if (column.Type is DecimalType)
        {
            ReadOnlySpan<Int128> values = column.Values<Int128>();
            for (int row = 0; row < rows; row++)
            {
                Unsafe.WriteUnaligned(start + cursors[row], values[row]);
                cursors[row] += sizeof(Int128);
            }
        }
        else
        {
            ReadOnlySpan<long> values = Whole(column, scratch);
            for (int row = 0; row < rows; row++)
            {
                Unsafe.WriteUnaligned(start + cursors[row], values[row]);
                cursors[row] += sizeof(long);
            }
        }
    }

    private static int WidthOf(DataType type) => type switch
    {
        StringType or BinaryType => sizeof(int),
        DecimalType => sizeof(Int128),
        _ => sizeof(long),
    };

    private struct Entry
    {
        internal uint Hash;
        internal int Number;
    }
}
