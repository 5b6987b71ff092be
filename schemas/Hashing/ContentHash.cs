using System.Globalization;
using System.Text;

namespace Lepton.Data.Schemas.Hashing;

/// <summary>The identity of a relation's rows, independent of files and machine. See docs/formats/content-hash.md.</summary>
/// <param name="Value">128 bits. Not meant against forgery.</param>
public readonly record struct ContentHash(UInt128 Value)
{
    private const ulong UnorderedTag = 240;
    private const ulong OrderedTag = 241;

    private static readonly Comparer<byte[]> s_byBytes = Comparer<byte[]>.Create((left, right) => left.AsSpan().SequenceCompareTo(right));

    /// <summary>The hash of rows with this sum under this schema: of their count, and of names and types of the exact columns, neither of their order nor of the columns' order.</summary>
    public static ContentHash Of(Schema schema, ContentSum sum)
    {
        IEnumerable<(byte[] Name, Field Field)> exact = schema.Fields.Where(field => !HashedColumn.IsInexact(field)).Select(field => (Encoding.UTF8.GetBytes(field.Name), field));
        return Of(UnorderedTag, sum.RowCount, sum.Sum, [.. exact.OrderBy(pair => pair.Name, s_byBytes).Select(pair => pair.Field)]);
    }

    /// <summary>32 hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);

    /// <summary>Reads <see cref="ToString"/>'s form.</summary>
    public static bool TryParse(string? text, out ContentHash hash)
    {
        hash = default;
        if (text?.Length != 32 || !UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out UInt128 value)) return false;
        hash = new ContentHash(value);
        return true;
    }

    internal static ContentHash OfOrdered(Schema schema, long rowCount, UInt128 polynomial) => Of(OrderedTag, rowCount, polynomial, schema.Fields);

    private static ContentHash Of(ulong tag, long rowCount, UInt128 rows, IReadOnlyList<Field> fields)
    {
        HashState state = HashState.Start;
        state.Absorb(tag);
        state.Absorb((ulong)rowCount);
        state.Absorb((ulong)rows);
        state.Absorb((ulong)(rows >> 64));
        state.Absorb((ulong)fields.Count);
        foreach (Field field in fields)
        {
            state.Absorb(Encoding.UTF8.GetBytes(field.Name));
            state.Absorb(Encoding.UTF8.GetBytes(field.Type.ToString()!));
        }
        return new ContentHash(state.Value);
    }
}
