using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Arrow;

/// <summary>A field as a stream or another library declares it.</summary>
/// <param name="Name">Empty where there is none.</param>
/// <param name="Type">Of a dictionary-encoded field: the type of the dictionary's values.</param>
/// <param name="IsNullable">As declared.</param>
/// <param name="Children">What stands within.</param>
/// <param name="Metadata">As declared, extensions included.</param>
internal sealed record ArrowField(string Name, ArrowType Type, bool IsNullable, ArrowField[] Children, FieldMetadata Metadata)
{
    internal ArrowDictionary? Dictionary { get; init; }

    /// <summary>The field of ours that holds its values; set by <see cref="TypeMapping"/> for the columns that are read.</summary>
    internal Field? Ours { get; set; }

    /// <summary>The names from the column down to this field, with points between, for messages.</summary>
    internal string Path { get; private set; } = Name;

    /// <summary>Gives this field and those within their paths.</summary>
    internal void SetPath(string path)
    {
        Path = path;
        foreach (ArrowField child in Children) child.SetPath($"{path}.{child.Name}");
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
