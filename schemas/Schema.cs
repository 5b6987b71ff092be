namespace Lepton.Data.Schemas;

/// <summary>The columns of a relation, in order. Immutable; equality is by value, of the columns.</summary>
public sealed class Schema : IEquatable<Schema>
{
    private readonly Field[] _fields;
    private readonly Dictionary<string, int> _indexByName;

    /// <summary>Takes the fields in order.</summary>
    /// <exception cref="LeptonDataException"><c>schemas.duplicate_column</c>: two names are equal but for case.</exception>
    public Schema(IEnumerable<Field> fields)
    {
        _fields = [.. fields];
        _indexByName = new Dictionary<string, int>(_fields.Length, StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < _fields.Length; i++)
            if (!_indexByName.TryAdd(_fields[i].Name, i)) throw new LeptonDataException("schemas.duplicate_column", [_fields[i].Name]);
    }

    /// <summary>No columns.</summary>
    public static Schema Empty { get; } = new([]);

    /// <summary>The fields in order.</summary>
    public IReadOnlyList<Field> Fields => _fields;

    /// <summary>Facts of the whole by key, as Arrow carries them (<c>pandas</c>, for example). Never null. They make no two schemas differ: of tables, only the columns last.</summary>
    public FieldMetadata Metadata { get; init; } = FieldMetadata.Empty;

    /// <summary>How many columns.</summary>
    public int Count => _fields.Length;

    /// <summary>The field at <paramref name="index"/>, counted from 0.</summary>
    public Field this[int index] => _fields[index];

    /// <summary>The index of the column called <paramref name="name"/> in any case, or -1.</summary>
    public int IndexOf(string name) => _indexByName.GetValueOrDefault(name, -1);

    /// <summary>The column called <paramref name="name"/> in any case, or null.</summary>
    public Field? Find(string name) => IndexOf(name) is var index and >= 0 ? _fields[index] : null;

    /// <inheritdoc/>
    public bool Equals(Schema? other) => other is not null && _fields.AsSpan().SequenceEqual(other._fields);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Schema);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (Field field in _fields) hash.Add(field);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", (object[])_fields);
}
