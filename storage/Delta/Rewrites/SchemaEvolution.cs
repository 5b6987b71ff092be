using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Delta.Rewrites;

/// <summary>What may become of a table's columns when rows with others are written to it.</summary>
public enum SchemaPolicy
{
    /// <summary>Nothing: rows with other columns are refused. Columns that may be NULL may be missing.</summary>
    Fail,

    /// <summary>Columns that the table lacks are added to it; they are NULL in its rows.</summary>
    Add,

    /// <summary>Also, a column takes the least type that holds both its values and the new ones; the table's files are then to be written anew.</summary>
    Widen,
}

/// <summary>A table's columns after rows with other columns are written.</summary>
/// <param name="Schema">The columns: the table's, in its order, then those added.</param>
/// <param name="NeedsRewrite">Whether a column took another type, so that all files are to be replaced in the commit that says so.</param>
public sealed record EvolvedSchema(Schema Schema, bool NeedsRewrite)
{
    /// <summary>Brings a table's columns and those of rows together.</summary>
    /// <param name="current">The table.</param>
    /// <param name="rows">The rows' columns. A narrower type than the table's is cast by who writes them.</param>
    /// <param name="policy">What may change.</param>
    /// <exception cref="LeptonDataException"><c>storage.schema_policy</c>: the policy does not allow what the rows need; <c>storage.not_null_missing</c>: they lack a column that takes no NULL.</exception>
    public static EvolvedSchema Of(Snapshot current, Schema rows, SchemaPolicy policy)
    {
        var fields = new List<Field>();
        bool needsRewrite = false;
        foreach (Field old in current.Schema.Fields)
        {
            Field? given = rows.Find(old.Name);
            if (given is null || (given.IsNullable && !old.IsNullable && given.Type is NullType))
            {
                if (!old.IsNullable) throw new LeptonDataException("storage.not_null_missing", [current.RootPath, old.Name]);
                fields.Add(old);
                continue;
            }
            DataType? both = given.Type is NullType ? old.Type : TypeWidening.Common(old.Type, given.Type);
            // A partition column's values stand in the log, under the type that they were written with.
            bool isWidened = both is not null && !both.Equals(old.Type);
            if (both is null || (isWidened && (policy != SchemaPolicy.Widen || current.PartitionColumns.Contains(old.Name))))
                throw new LeptonDataException("storage.schema_policy", [current.RootPath, old.Name, given.Type, old.Type, Name(policy)]);
            needsRewrite |= isWidened;
            fields.Add(old with { Type = both });
        }
        foreach (Field added in rows.Fields)
        {
            if (current.Schema.Find(added.Name) is not null) continue;
            if (policy == SchemaPolicy.Fail) throw new LeptonDataException("storage.schema_policy_add", [current.RootPath, added.Name, Name(policy)]);
            fields.Add(added with { IsNullable = true });
        }
        return new EvolvedSchema(new Schema(fields), needsRewrite && current.Files.Count > 0);
    }

    private static string Name(SchemaPolicy policy) => policy switch { SchemaPolicy.Fail => "fail", SchemaPolicy.Add => "add", _ => "widen" };
}

/// <summary>The least type that holds the values of two, exactly.</summary>
internal static class TypeWidening
{
    /// <returns>Null where there is none.</returns>
    internal static DataType? Common(DataType left, DataType right) => (left, right) switch
    {
        _ when left.Equals(right) => left,
        (IntegerType a, IntegerType b) => a.BitWidth >= b.BitWidth ? a : b,
        (FloatType a, FloatType b) => a.BitWidth >= b.BitWidth ? a : b,
        // A double holds every integer of 32 bits, a float of 16.
        (FloatType a, IntegerType b) => OfFloat(a, b),
        (IntegerType a, FloatType b) => OfFloat(b, a),
        (DecimalType a, DecimalType b) => OfDecimals(a, b.Precision, b.Scale),
        (DecimalType a, IntegerType b) => OfDecimals(a, DigitsOf(b), 0),
        (IntegerType a, DecimalType b) => OfDecimals(b, DigitsOf(a), 0),
        _ => null,
    };

    private static DataType? OfFloat(FloatType number, IntegerType integer) => integer.BitWidth <= number.BitWidth / 2 ? number : integer.BitWidth <= 32 ? DataType.Float64 : null;

    private static DataType? OfDecimals(DecimalType number, int precision, int scale)
    {
        int widest = Math.Max(number.Scale, scale);
        int digits = Math.Max(number.Precision - number.Scale, precision - scale) + widest;
        return digits <= DecimalType.PrecisionMax ? DataType.Decimal(digits, widest) : null;
    }

    private static int DigitsOf(IntegerType type) => type.BitWidth switch { 8 => 3, 16 => 5, 32 => 10, _ => 19 };
}
