using System.Runtime.CompilerServices;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Schemas.Hashing;

/// <summary>Sums up the hashes of rows, in any order: what a file carries and what adds up to a table's content hash. Not safe for use by several threads.</summary>
public sealed class ContentSumAccumulator : IAccumulator
{
    private readonly RowHasher _hasher;
    private long _rowCount;
    private UInt128 _sum;

    /// <summary>A sum over the columns of <paramref name="schema"/> that are exact.</summary>
    /// <param name="schema">
    /// Names and types by which values are hashed. The batches have these columns in any order, and may have others; integers and floats may be of another width there.
    /// Columns marked <see cref="FieldMetadata.InexactKey"/> are left out.
    /// </param>
    public ContentSumAccumulator(Schema schema) => _hasher = new RowHasher(schema, skipInexact: true);

    /// <summary>What was taken in so far.</summary>
    public ContentSum Sum => new(_rowCount, _sum);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The batch lacks a column, or has it with another kind of type.</exception>
    public void Process(RecordBatch borrowed)
    {
        ulong sumLow = 0;
        ulong sumHigh = 0;
        for (int start = 0; start < borrowed.RowCount; start += RowHasher.RunRowsMax)
        {
            _hasher.Hash(borrowed, start, Math.Min(RowHasher.RunRowsMax, borrowed.RowCount - start), out ReadOnlySpan<ulong> low, out ReadOnlySpan<ulong> high);
            high = high[..low.Length];
            for (int row = 0; row < low.Length; row++)
            {
                sumLow += low[row];
                sumHigh += high[row] + (sumLow < low[row] ? 1UL : 0);
            }
        }
        _sum += new UInt128(sumHigh, sumLow);
        _rowCount += borrowed.RowCount;
    }

    /// <inheritdoc/>
    public void Merge(IAccumulator other)
    {
        var same = (ContentSumAccumulator)other;
        _sum += same._sum;
        _rowCount += same._rowCount;
    }

    /// <summary>Holds nothing that needs it.</summary>
    public void Dispose() { }
}
