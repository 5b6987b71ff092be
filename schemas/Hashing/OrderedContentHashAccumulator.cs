using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Schemas.Hashing;

/// <summary>Hashes rows in their order, over all columns, inexact ones too: the identity of a training set. Not safe for use by several threads.</summary>
public sealed class OrderedContentHashAccumulator : IAccumulator
{
    private static readonly UInt128 s_base = new(HashState.OrderHigh, HashState.OrderLow);

    private readonly Schema _schema;
    private readonly RowHasher _hasher;
    private long _rowCount;
    private UInt128 _polynomial;

    /// <summary>A hash over all columns of <paramref name="schema"/>.</summary>
    /// <param name="schema">Names and types by which values are hashed, see <see cref="ContentSumAccumulator"/>; the order of columns counts too.</param>
    public OrderedContentHashAccumulator(Schema schema) => (_schema, _hasher) = (schema, new RowHasher(schema, skipInexact: false));

    /// <summary>The hash of the rows taken in so far.</summary>
    public ContentHash Hash => ContentHash.OfOrdered(_schema, _rowCount, _polynomial);

    /// <summary>How many rows were taken in.</summary>
    public long RowCount => _rowCount;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The batch lacks a column, or has it with another kind of type.</exception>
    public void Process(RecordBatch borrowed)
    {
        UInt128 polynomial = _polynomial;
        for (int start = 0; start < borrowed.RowCount; start += RowHasher.RunRowsMax)
        {
            _hasher.Hash(borrowed, start, Math.Min(RowHasher.RunRowsMax, borrowed.RowCount - start), out ReadOnlySpan<ulong> low, out ReadOnlySpan<ulong> high);
            for (int row = 0; row < low.Length; row++) polynomial = (polynomial * s_base) + new UInt128(high[row], low[row]);
        }
        _polynomial = polynomial;
        _rowCount += borrowed.RowCount;
    }

    /// <summary>Takes in the rows of <paramref name="other"/>, behind the rows taken in so far.</summary>
    public void Merge(IAccumulator other)
    {
        var after = (OrderedContentHashAccumulator)other;
        _polynomial = (_polynomial * Power(after._rowCount)) + after._polynomial;
        _rowCount += after._rowCount;
    }

    /// <summary>Holds nothing that needs it.</summary>
    public void Dispose() { }

    private static UInt128 Power(long exponent)
    {
        UInt128 result = UInt128.One;
        for (UInt128 square = s_base; exponent > 0; exponent >>= 1, square *= square)
            if ((exponent & 1) != 0) result *= square;
        return result;
    }
}
