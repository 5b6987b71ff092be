using System.Numerics;
using System.Runtime.CompilerServices;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.FeatureStore.Offline.Join;

/// <summary>Rows of files, numbered in the order of their places. Once sealed, safe for several threads.</summary>
/// <remarks>A bitmap in blocks of 65,536 rows, of which only those exist that hold a row: at most a bit for each row of the table, and little for few rows.</remarks>
internal sealed unsafe class PlaceSet(MemoryBudget budget) : IDisposable
{
    private const int BlockShift = 16;
    private const int BlockWords = (1 << BlockShift) / 64;

    private readonly List<List<NativeBlock?>> _files = [];
    private readonly List<List<int>> _numbers = [];

    /// <summary>How many rows; known once sealed.</summary>
    internal int Count { get; private set; }

    internal void Add(int file, long row)
    {
        while (_files.Count <= file) _files.Add([]);
        List<NativeBlock?> blocks = _files[file];
        int index = (int)(row >> BlockShift);
        while (blocks.Count <= index) blocks.Add(null);
        if (blocks[index] is not { } block)
        {
            // After the bits stand, for each word, the rows of the block before it.
            blocks[index] = block = NativeBlock.Rent(BlockWords * (sizeof(ulong) + sizeof(ushort)), budget);
            new Span<byte>(block.Pointer, BlockWords * sizeof(ulong)).Clear();
        }
        int bit = (int)row & ((1 << BlockShift) - 1);
        ((ulong*)block.Pointer)[bit >> 6] |= 1UL << (bit & 63);
    }

    /// <summary>To be called when all were added.</summary>
    internal void Seal()
    {
        foreach (List<NativeBlock?> blocks in _files)
        {
            var numbers = new List<int>(blocks.Count);
            foreach (NativeBlock? block in blocks)
            {
                numbers.Add(Count);
                if (block is null) continue;
                var bits = (ulong*)block.Pointer;
                var before = (ushort*)(bits + BlockWords);
                int count = 0;
                for (int word = 0; word < BlockWords; word++)
                {
                    // A full block has 65,536 rows, but no word of it has so many before it.
                    before[word] = (ushort)count;
                    count += BitOperations.PopCount(bits[word]);
                }
                Count += count;
            }
            _numbers.Add(numbers);
        }
    }

    /// <summary>The number of a row that was added.</summary>
    internal int NumberOf(int file, long row) => _numbers[file][(int)(row >> BlockShift)] + NumberIn(_files[file][(int)(row >> BlockShift)]!.Pointer, (int)row & ((1 << BlockShift) - 1));

    /// <summary>Finds those of some rows that were added.</summary>
    /// <param name="files">Each row's file.</param>
    /// <param name="rows">Each row's place in it.</param>
    /// <param name="found">Filled with their indexes, as places of one batch.</param>
    /// <param name="numbers">Filled with their numbers.</param>
    /// <returns>How many.</returns>
    internal int Find(ReadOnlySpan<long> files, ReadOnlySpan<long> rows, Span<long> found, Span<int> numbers)
    {
        int count = 0, first = 0;
        long file = -1, block = -1;
        ulong* bits = null;
        for (int i = 0; i < rows.Length; i++)
        {
            long row = rows[i];
            if (files[i] != file || row >> BlockShift != block)
            {
                (file, block) = (files[i], row >> BlockShift);
                bits = null;
                if (file < _files.Count && block < _files[(int)file].Count && _files[(int)file][(int)block] is { } here)
                {
                    bits = (ulong*)here.Pointer;
                    first = _numbers[(int)file][(int)block];
                }
            }
            if (bits is null) continue;
            int bit = (int)row & ((1 << BlockShift) - 1);
            if ((bits[bit >> 6] & (1UL << (bit & 63))) == 0) continue;
            found[count] = i;
            numbers[count++] = first + NumberIn((byte*)bits, bit);
        }
        return count;
    }

    public void Dispose()
    {
        foreach (List<NativeBlock?> blocks in _files)
            foreach (NativeBlock? block in blocks) block?.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int NumberIn(byte* block, int bit)
    {
        var bits = (ulong*)block;
        return ((ushort*)(bits + BlockWords))[bit >> 6] + BitOperations.PopCount(bits[bit >> 6] & ((1UL << (bit & 63)) - 1));
    }
}
