namespace Lepton.Data.Schemas.Configuration;

/// <summary>What was read for the keys of one record.</summary>
public sealed class RecordValues
{
    private readonly object?[] _values;
    private readonly YamlNode?[] _nodes;
    private readonly YamlNode _record;

    internal RecordValues(YamlNode record, object?[] values, YamlNode?[] nodes) => (_record, _values, _nodes) = (record, values, nodes);

    /// <summary>Where the record begins.</summary>
    public SourcePlace Place => _record.Place;

    /// <summary>Whether a person wrote the key.</summary>
    public bool Has(Property property) => _nodes[property.Index] is not null;

    /// <summary>The value of a required key, or of one with a default.</summary>
    /// <exception cref="InvalidOperationException">The key may be left out and has no default: ask <see cref="RecordValueExtensions"/>' <c>Find</c>.</exception>
    public T Get<T>(Property<T> property)
        => property.IsRequired || property.DefaultText is not null ? (T)_values[property.Index]! : throw new InvalidOperationException($"'{property.Key}' may be absent");

    /// <summary>Where the value of the key stands; where nobody wrote it, where the record begins.</summary>
    public SourcePlace PlaceOf(Property property) => _nodes[property.Index]?.Place ?? Place;

    /// <summary>An error at the value of <paramref name="property"/>, or at the record's beginning where nobody wrote it.</summary>
    public LeptonDataException Error(Property property, string code, params ReadOnlySpan<object?> arguments) => (_nodes[property.Index] ?? _record).Error(code, arguments);

    /// <summary>An error at the record's beginning.</summary>
    public LeptonDataException Error(string code, params ReadOnlySpan<object?> arguments) => _record.Error(code, arguments);

    internal object? ValueOf(Property property) => _values[property.Index];
}

/// <summary>Values of keys that may be left out.</summary>
public static class RecordValueExtensions
{
    /// <summary>The value, or null where the key was left out.</summary>
    public static T? Find<T>(this RecordValues values, Property<T> property)
        where T : class
        => (T?)values.ValueOf(property);
}

/// <inheritdoc cref="RecordValueExtensions"/>
/// <remarks>A class of its own, since the two differ in their constraint only.</remarks>
public static class RecordStructValueExtensions
{
    /// <inheritdoc cref="RecordValueExtensions.Find"/>
    public static T? Find<T>(this RecordValues values, Property<T> property)
        where T : struct
        => (T?)values.ValueOf(property);
}
