using Lepton.Data.Schemas;

namespace Lepton.Data.Connectors.Files;

/// <summary>How one column differs from what was seen before.</summary>
/// <param name="Name">The column.</param>
/// <param name="Before">Its type before; null for a new column.</param>
/// <param name="After">Its type now; null for one that is gone.</param>
public sealed record ColumnChange(string Name, DataType? Before, DataType? After)
{
    /// <summary>Whether every value of the type before is one of the type now: whole and floating-point numbers and decimals of more digits, and whole numbers as DOUBLE (exact to 2^53).</summary>
    public bool IsWidening => Before is not null && After is not null && IsWider(Before, After);

    /// <summary>What differs, by column; the order of columns is no difference.</summary>
    public static IReadOnlyList<ColumnChange> Between(Schema before, Schema after)
    {
        var changes = new List<ColumnChange>();
        foreach (Field field in before.Fields)
        {
            Field? twin = after.Find(field.Name);
            if (twin is null || !twin.Type.Equals(field.Type)) changes.Add(new ColumnChange(field.Name, field.Type, twin?.Type));
        }
        changes.AddRange(after.Fields.Where(field => before.Find(field.Name) is null).Select(field => new ColumnChange(field.Name, null, field.Type)));
        return changes;
    }

    /// <summary>Whether <paramref name="to"/> holds every value of <paramref name="from"/>, see <see cref="IsWidening"/>.</summary>
    internal static bool IsWider(DataType from, DataType to) => (from, to) switch
    {
        (IntegerType { BitWidth: var less }, IntegerType { BitWidth: var more }) => more > less,
        (IntegerType, FloatType { BitWidth: 64 }) => true,
        (FloatType { BitWidth: 32 }, FloatType { BitWidth: 64 }) => true,
        (DecimalType { Precision: var digits, Scale: var scale }, DecimalType wide) => (wide.Precision, wide.Scale) != (digits, scale) && wide.Scale >= scale && wide.Precision - wide.Scale >= digits - scale,
        (IntegerType { BitWidth: var bits }, DecimalType wide) => wide.Precision - wide.Scale >= bits switch { 8 => 3, 16 => 5, 32 => 10, _ => 19 },
        _ => false,
    };

    /// <summary><c>+ gate VARCHAR</c>, <c>- gate VARCHAR</c> or <c>~ delay INTEGER -> BIGINT</c>.</summary>
    public override string ToString() => (Before, After) switch
    {
        (null, _) => $"+ {Name} {After}",
        (_, null) => $"- {Name} {Before}",
        _ => $"~ {Name} {Before} -> {After}",
    };
}

/// <summary>What becomes of a source whose columns are not those that the pipeline saw before.</summary>
public enum SchemaPolicy
{
    /// <summary>New columns are taken; one that is gone or of another type refuses the data.</summary>
    Add,

    /// <summary>New columns are taken, and types that hold all values of the type before (<see cref="ColumnChange.IsWidening"/>).</summary>
    Widen,

    /// <summary>Any change refuses the data.</summary>
    Fail,

    /// <summary>Files of other columns are left aside, and the others are read.</summary>
    Quarantine,
}
