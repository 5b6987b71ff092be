using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Arrow.Types;

/// <summary>A field as a stream or another library declares it.</summary>
/// <param name="Name">Empty where there is none.</param>
/// <param name="Type">Of a dictionary-encoded field: the type of the dictionary's values.</param>
/// <param name="IsNullable">As declared.</param>
/// <param name="Children">What stands within.</param>
/// <param name="Metadata">As declared, extensions included.</param>
internal sealed record ArrowField(string Name, ArrowType Type, bool IsNullable, ArrowField[] Children, FieldMetadata Metadata)
{
    /// <summary>Deeper types are no one's table; a bound keeps hostile ones from exhausting the stack.</summary>
    internal const int DepthMax = 64;

    // The field that this one stands in; null for columns.
    private ArrowField? _parent;

    internal ArrowDictionary? Dictionary { get; init; }

    /// <summary>The field of ours that holds its values; set by <see cref="TypeMapping"/> for the columns that are read.</summary>
    internal Field? Ours { get; set; }

    /// <summary>The names from the column down to this field, with points between, for messages.</summary>
    /// <remarks>Made when it is asked for: the paths of all fields may be far longer than the schema.</remarks>
    internal string Path => _parent is null ? Name : $"{_parent.Path}.{Name}";

    /// <summary>Whether values are views into any number of buffers, which follow those of <see cref="BufferCount"/>.</summary>
    internal bool HasViews => Dictionary is null && Type.Kind is ArrowKind.TextView or ArrowKind.BinaryView;

    /// <summary>How many buffers an array of the field has, those of what stands within aside.</summary>
    internal int BufferCount => Dictionary is not null ? 2 : Type.BufferCount;

    /// <summary>Whether there stand as many fields within, and of such types, as the type must have.</summary>
    internal bool HasRightChildren => this switch
    {
        { Type.ChildCount: >= 0 } when Type.ChildCount != Children.Length => false,
        { Type.Kind: ArrowKind.Map } => Children[0] is { Type.Kind: ArrowKind.Struct, Children.Length: 2, Dictionary: null },
        { Type.Kind: ArrowKind.RunEnd } => Children[0] is { Type: { Kind: ArrowKind.Int, IsSigned: true, Bits: 16 or 32 or 64 }, Dictionary: null },
        _ => true,
    };

    /// <summary>What values are, once written out: a run-end encoded field's are those of its second child.</summary>
    internal ArrowType ValueType => Type.Kind == ArrowKind.RunEnd ? Children[1].ValueType : Type;

    /// <summary>The columns of a schema: rows are structs that are never missing.</summary>
    internal static ArrowField Struct(ArrowField[] columns, FieldMetadata metadata) => new("", new ArrowType(ArrowKind.Struct), false, columns, metadata);

    /// <summary>Of a schema's struct: gives the columns and what stands within them their paths.</summary>
    internal void SetPaths()
    {
        foreach (ArrowField column in Children) column.SetParents(null);
    }

    private void SetParents(ArrowField? parent)
    {
        _parent = parent;
        foreach (ArrowField child in Children) child.SetParents(this);
    }

    /// <summary>Whether the values, a dictionary's where there is one, are of one type, names and metadata aside.</summary>
    internal bool HasValuesOf(ArrowField other)
        => Type == other.Type && Children.Length == other.Children.Length
            && Children.Zip(other.Children).All(pair => pair.First.Dictionary == pair.Second.Dictionary && pair.First.HasValuesOf(pair.Second));
}

/// <summary>How a field's values are numbers into a dictionary.</summary>
/// <param name="Id">Which dictionary of the stream.</param>
/// <param name="Index">An integer type.</param>
internal sealed record ArrowDictionary(long Id, ArrowType Index);
