using System.Text;

namespace Lepton.Data.Schemas.Hashing;

/// <summary>A column's part in a row's hash, and so a struct's field's part in the struct's.</summary>
internal sealed class HashedColumn
{
    internal HashedColumn(Field field)
    {
        (Name, Type) = (field.Name, field.Type);
        HashState key = HashState.Start;
        AbsorbTag(ref key, field.Type);
        key.Absorb(Encoding.UTF8.GetBytes(field.Name));
        Key = key;
        Children = [.. field.Type.Children.Select(child => new HashedColumn(child))];
    }

    internal string Name { get; }

    internal DataType Type { get; }

    internal HashState Key { get; }

    /// <summary>One for each of the type's children.</summary>
    internal HashedColumn[] Children { get; }

    /// <summary>Where this column stands in the schema of the batches (a struct's field: in the struct) that are being hashed.</summary>
    internal int Index { get; private set; }

    internal static bool IsInexact(Field field) => field.Metadata[FieldMetadata.InexactKey] == "true";

    /// <summary>Looks up columns by name in what is hashed next; it may have others too.</summary>
    /// <exception cref="ArgumentException">A column is missing or of another kind.</exception>
    internal static void Map(HashedColumn[] columns, IReadOnlyList<Field> fields)
    {
        foreach (HashedColumn column in columns)
        {
            column.Index = IndexOf(fields, column.Name);
            if (column.Index < 0) throw new ArgumentException($"the batch has no column {column.Name}", nameof(fields));
            DataType type = fields[column.Index].Type;
            if (!IsSameKind(column.Type, type)) throw new ArgumentException($"the batch has {fields[column.Index]} where {column.Type} is hashed", nameof(fields));
            column.MapWithin(type);
        }
    }

    private void MapWithin(DataType type)
    {
        if (Type is StructType) Map(Children, type.Children);
        else for (int i = 0; i < Children.Length; i++) Children[i].MapWithin(type.Children[i].Type);
    }

    private static int IndexOf(IReadOnlyList<Field> fields, string name)
    {
        for (int i = 0; i < fields.Count; i++)
            if (string.Equals(fields[i].Name, name, StringComparison.OrdinalIgnoreCase)) return i;
        return -1;
    }

    // What a struct holds is seen to by the keys of its fields, so that a field may be added without a change of what is there.
    private static void AbsorbTag(ref HashState state, DataType type)
    {
        state.Absorb(Tag(type));
        if (type is StructType) return;
        foreach (Field child in type.Children) AbsorbTag(ref state, child.Type);
    }

    private static bool IsSameKind(DataType hashed, DataType type)
    {
        if (Tag(hashed) != Tag(type)) return false;
        if (hashed is StructType) return true;
        for (int i = 0; i < hashed.Children.Count; i++)
            if (!IsSameKind(hashed.Children[i].Type, type.Children[i].Type)) return false;
        return true;
    }

    /// <summary>What kind of value; for decimals with the scale, since 10 means 1.0 under one scale and 0.1 under another.</summary>
    private static ulong Tag(DataType type) => type switch
    {
        NullType => 0,
        BooleanType => 1,
        IntegerType => 2,
        FloatType => 3,
        DecimalType { Scale: var scale } => 4 + ((ulong)scale << 8),
        StringType => 5,
        BinaryType => 6,
        DateType => 7,
        InstantType => 8,
        NaiveTimeType => 9,
        ListType or FixedSizeListType => 10,
        StructType => 11,
        MapType => 12,
        _ => throw new InvalidOperationException($"no tag for {type}"),
    };
}
