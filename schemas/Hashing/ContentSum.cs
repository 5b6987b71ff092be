using System.Buffers.Text;
using System.Globalization;

namespace Lepton.Data.Schemas.Hashing;

/// <summary>The sum of rows' hashes: what each file carries, and what adds up to a table's content hash. See docs/formats/content-hash.md.</summary>
/// <param name="RowCount">How many rows.</param>
/// <param name="Sum">Their 128-bit hashes, added modulo 2^128.</param>
public readonly record struct ContentSum(long RowCount, UInt128 Sum)
{
    /// <summary>The sum of nothing.</summary>
    public static ContentSum Zero => default;

    /// <summary>Both counts and both sums together; order does not matter.</summary>
    public static ContentSum operator +(ContentSum left, ContentSum right) => new(checked(left.RowCount + right.RowCount), unchecked(left.Sum + right.Sum));

    /// <summary>All of them together.</summary>
    public static ContentSum Total(IEnumerable<ContentSum> sums) => sums.Aggregate(Zero, (total, sum) => total + sum);

    /// <summary><c>rows:sum</c>, the sum as 32 hexadecimal digits: the form in Delta's <c>add.tags</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{RowCount}:{Sum:x32}");

    /// <summary>Reads <see cref="ToString"/>'s form.</summary>
    public static bool TryParse(string? text, out ContentSum sum)
    {
        sum = default;
        if (text is null || text.IndexOf(':', StringComparison.Ordinal) is not (> 0 and var colon)) return false;
        if (!long.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out long rows)) return false;
        if (text.Length - colon - 1 != 32 || !UInt128.TryParse(text.AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out UInt128 value)) return false;
        sum = new ContentSum(rows, value);
        return true;
    }

    /// <inheritdoc cref="TryParse(string?, out ContentSum)"/>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out ContentSum sum)
    {
        sum = default;
        int colon = utf8.IndexOf((byte)':');
        if (colon <= 0 || utf8.Length - colon - 1 != 32 || utf8[..colon].ContainsAnyExceptInRange((byte)'0', (byte)'9') || !Utf8Parser.TryParse(utf8[..colon], out long rows, out _)) return false;
        if (!Utf8Parser.TryParse(utf8.Slice(colon + 1, 16), out ulong upper, out int upperLength, 'x') || !Utf8Parser.TryParse(utf8[(colon + 17)..], out ulong lower, out int lowerLength, 'x') || upperLength + lowerLength != 32) return false;
        sum = new ContentSum(rows, new UInt128(upper, lower));
        return true;
    }
}
