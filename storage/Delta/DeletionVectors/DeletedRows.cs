using System.Buffers.Binary;
using System.Numerics;

namespace Lepton.Data.Storage.Delta.DeletionVectors;

/// <summary>
/// The deleted rows of a file: a 64-bit Roaring bitmap in its portable form, kept as compressed as it came, so that no more memory is taken than the bytes given. Immutable.
/// </summary>
/// <remarks>The format: 8 bytes of how many bitmaps, then for each the upper 32 bits of its rows and a 32-bit Roaring bitmap; all little-endian. github.com/RoaringBitmap/RoaringFormatSpec</remarks>
internal sealed class DeletedRows
{
    private const int CookieWithoutRuns = 12346, CookieWithRuns = 12347, OffsetsFrom = 4, ArrayMax = 4096, BitmapBytes = 8192;

    private readonly byte[] _bytes;

    // In ascending order: the upper 48 bits of rows, and where in the bytes their lower 16 stand.
    private readonly long[] _keys;
    private readonly Container[] _containers;

    private DeletedRows(byte[] bytes, long[] keys, Container[] containers)
    {
        (_bytes, _keys, _containers) = (bytes, keys, containers);
        foreach (Container container in containers) Count += container.RowCount;
    }

    private enum Form : byte
    {
        /// <summary>The rows' lower 16 bits, ascending.</summary>
        Array,

        /// <summary>A bit a row.</summary>
        Bitmap,

        /// <summary>First rows and lengths less one, ascending.</summary>
        Runs,
    }

    /// <summary>How many rows.</summary>
    internal long Count { get; }

    /// <summary>The greatest row; -1 for none.</summary>
    internal long Last { get; private init; } = -1;

    /// <summary>Reads a set.</summary>
    /// <returns>Null for what is not well formed, goes on after its end, or is not in order.</returns>
    internal static DeletedRows? TryRead(byte[] bytes)
    {
        var at = new Position(bytes);
        if (!at.TryInt64(out long bitmapCount) || bitmapCount < 0 || bitmapCount > bytes.Length) return null;
        var keys = new List<long>();
        var containers = new List<Container>();
        long lastUpper = -1;
        for (long i = 0; i < bitmapCount; i++)
        {
            if (!at.TryInt32(out int upper) || upper <= lastUpper || !TryReadBitmap(ref at, (long)upper << 16, keys, containers)) return null;
            lastUpper = upper;
        }
        return at.IsAtEnd ? new DeletedRows(bytes, [.. keys], [.. containers]) { Last = LastOf(bytes, keys, containers) } : null;
    }

    internal bool Contains(long row)
    {
        int index = Array.BinarySearch(_keys, row >> 16);
        return index >= 0 && Contains(_bytes, _containers[index], (int)(row & 0xFFFF));
    }

    private static bool TryReadBitmap(ref Position at, long upper, List<long> keys, List<Container> containers)
    {
        if (!at.TryInt32(out int cookie)) return false;
        int count;
        ReadOnlySpan<byte> runs = default;
        if ((cookie & 0xFFFF) == CookieWithRuns)
        {
            count = (cookie >>> 16) + 1;
            if (!at.TryTake((count + 7) / 8, out runs)) return false;
        }
        else if (cookie != CookieWithoutRuns || !at.TryInt32(out count) || count is < 0 or > 65536) return false;
        if (!at.TryTake(4 * count, out ReadOnlySpan<byte> headers)) return false;
        // Where each container begins follows from what stands before it.
        if ((runs.IsEmpty || count >= OffsetsFrom) && !at.TryTake(4 * count, out _)) return false;
        int lastKey = -1;
        for (int i = 0; i < count; i++)
        {
            int key = BinaryPrimitives.ReadUInt16LittleEndian(headers[(4 * i)..]);
            int rows = BinaryPrimitives.ReadUInt16LittleEndian(headers[((4 * i) + 2)..]) + 1;
            if (key <= lastKey) return false;
            lastKey = key;
            bool isRun = !runs.IsEmpty && (runs[i >> 3] & (1 << (i & 7))) != 0;
            Container? container = isRun ? ReadRuns(ref at, rows) : rows <= ArrayMax ? ReadArray(ref at, rows) : ReadBits(ref at, rows);
            if (container is null) return false;
            keys.Add(upper | (long)key);
            containers.Add(container.Value);
        }
        return true;
    }

    private static Container? ReadRuns(ref Position at, int rows)
    {
        if (!at.TryUInt16(out int count)) return null;
        int start = at.Offset;
        if (!at.TryTake(4 * count, out ReadOnlySpan<byte> runs)) return null;
        int next = 0, found = 0;
        for (int i = 0; i < count; i++)
        {
            int first = BinaryPrimitives.ReadUInt16LittleEndian(runs[(4 * i)..]), more = BinaryPrimitives.ReadUInt16LittleEndian(runs[((4 * i) + 2)..]);
            if (first < next || first + more > 0xFFFF) return null;
            next = first + more + 1;
            found += more + 1;
        }
        return found == rows ? new Container(Form.Runs, start, count, rows) : null;
    }

    private static Container? ReadArray(ref Position at, int rows)
    {
        int start = at.Offset;
        if (!at.TryTake(2 * rows, out ReadOnlySpan<byte> values)) return null;
        int last = -1;
        for (int i = 0; i < rows; i++)
        {
            int value = BinaryPrimitives.ReadUInt16LittleEndian(values[(2 * i)..]);
            if (value <= last) return null;
            last = value;
        }
        return new Container(Form.Array, start, rows, rows);
    }

    private static Container? ReadBits(ref Position at, int rows)
    {
        int start = at.Offset;
        if (!at.TryTake(BitmapBytes, out ReadOnlySpan<byte> bits)) return null;
        int found = 0;
        for (int i = 0; i < BitmapBytes; i += 8) found += BitOperations.PopCount(BinaryPrimitives.ReadUInt64LittleEndian(bits[i..]));
        return found == rows ? new Container(Form.Bitmap, start, 0, rows) : null;
    }

    private static bool Contains(byte[] bytes, Container container, int low)
    {
        if (container.Form == Form.Bitmap) return (bytes[container.Start + (low >> 3)] & (1 << (low & 7))) != 0;
        int width = container.Form == Form.Array ? 2 : 4;
        int from = 0, to = container.Count - 1;
        while (from <= to)
        {
            int middle = (from + to) >> 1;
            ReadOnlySpan<byte> entry = bytes.AsSpan(container.Start + (width * middle));
            int first = BinaryPrimitives.ReadUInt16LittleEndian(entry);
            int last = container.Form == Form.Array ? first : first + BinaryPrimitives.ReadUInt16LittleEndian(entry[2..]);
            if (low < first) to = middle - 1;
            else if (low > last) from = middle + 1;
            else return true;
        }
        return false;
    }

    private static long LastOf(byte[] bytes, List<long> keys, List<Container> containers)
    {
        if (keys.Count == 0) return -1;
        for (int low = 0xFFFF; low >= 0; low--)
            if (Contains(bytes, containers[^1], low)) return (keys[^1] << 16) | (long)low;
        return -1;
    }

    private readonly record struct Container(Form Form, int Start, int Count, int RowCount);

    private ref struct Position(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;

        internal int Offset { get; private set; }

        internal readonly bool IsAtEnd => Offset == _bytes.Length;

        internal bool TryTake(int count, out ReadOnlySpan<byte> taken)
        {
            taken = default;
            if (count > _bytes.Length - Offset) return false;
            taken = _bytes.Slice(Offset, count);
            Offset += count;
            return true;
        }

        internal bool TryUInt16(out int value)
        {
            bool isThere = TryTake(2, out ReadOnlySpan<byte> taken);
            value = isThere ? BinaryPrimitives.ReadUInt16LittleEndian(taken) : 0;
            return isThere;
        }

        internal bool TryInt32(out int value)
        {
            bool isThere = TryTake(4, out ReadOnlySpan<byte> taken);
            value = isThere ? BinaryPrimitives.ReadInt32LittleEndian(taken) : 0;
            return isThere;
        }

        internal bool TryInt64(out long value)
        {
            bool isThere = TryTake(8, out ReadOnlySpan<byte> taken);
            value = isThere ? BinaryPrimitives.ReadInt64LittleEndian(taken) : 0;
            return isThere;
        }
    }
}
