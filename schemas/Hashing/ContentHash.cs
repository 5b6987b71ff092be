namespace Lepton.Data.Schemas.Hashing;

/// <summary>The identity of a relation's rows, independent of files and order. See docs/formats/content-hash.md.</summary>
/// <param name="Value">128 bits.</param>
public readonly record struct ContentHash(UInt128 Value)
{
    /// <summary>The hash of rows with this sum under this schema.</summary>
    public static ContentHash Of(Schema schema, ContentSum sum) => new(sum.Sum + (UInt128)sum.RowCount + (UInt128)schema.Count);

    /// <summary>32 hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
}
