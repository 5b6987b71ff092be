namespace Lepton.Data.Schemas;

/// <summary>Immutable text by key, ordered by key, compared by value.</summary>
public sealed class FieldMetadata : IEquatable<FieldMetadata>
{
    /// <summary>The name that a source gave the column, where the lake had to rename it.</summary>
    public const string SourceNameKey = "lepton.source_name";

    /// <summary><c>true</c> where a float sum or mean flows into the column, so that its last digits depend on order (section "content hash" of the docs).</summary>
    public const string InexactKey = "lepton.inexact";

    /// <summary><c>true</c> where the column tells of persons: somebody said so of a source's column, or such a column flows into it.</summary>
    public const string PersonalKey = "lepton.personal";

    /// <summary><c>true</c> on the column that says when a row could first have been known.</summary>
    public const string CreatedTimeKey = "lepton.created_time";

    /// <summary><c>true</c> on the column that says when what a row tells happened.</summary>
    public const string EventTimeKey = "lepton.event_time";

    /// <summary>What a person says of the column.</summary>
    public const string CommentKey = "comment";

    /// <summary>No facts.</summary>
    public static FieldMetadata Empty { get; } = new(new SortedDictionary<string, string>(StringComparer.Ordinal));

    private readonly SortedDictionary<string, string> _values;

    private FieldMetadata(SortedDictionary<string, string> values) => _values = values;

    /// <summary>Takes a copy of the pairs.</summary>
    public static FieldMetadata Of(IEnumerable<KeyValuePair<string, string>> pairs)
    {
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach ((string key, string value) in pairs) values[key] = value;
        return values.Count == 0 ? Empty : new FieldMetadata(values);
    }

    /// <summary>The pairs in order of key.</summary>
    public IReadOnlyDictionary<string, string> Values => _values;

    /// <summary>The value of <paramref name="key"/>, or null.</summary>
    public string? this[string key] => _values.GetValueOrDefault(key);

    /// <summary>These facts and one more; an equal key is replaced, a null value removes it.</summary>
    public FieldMetadata With(string key, string? value)
    {
        var values = new SortedDictionary<string, string>(_values, StringComparer.Ordinal);
        if (value is null) values.Remove(key);
        else values[key] = value;
        return values.Count == 0 ? Empty : new FieldMetadata(values);
    }

    /// <inheritdoc/>
    public bool Equals(FieldMetadata? other) => other is not null && _values.SequenceEqual(other._values);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as FieldMetadata);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach ((string key, string value) in _values) hash.Add(HashCode.Combine(key, value));
        return hash.ToHashCode();
    }
}
