namespace Lepton.Data.Schemas.Configuration;

/// <summary>Declares the keys of a record, see <see cref="RecordFormat{T}"/>.</summary>
public sealed class RecordFormatBuilder
{
    private readonly List<Property> _properties = [];
    private readonly List<KeyRule> _rules = [];

    internal RecordFormatBuilder(BilingualText name, BilingualText documentation) => (Name, Documentation) = (name, documentation);

    internal BilingualText Name { get; }

    internal BilingualText Documentation { get; }

    internal IReadOnlyList<Property> Properties => _properties;

    internal IReadOnlyList<KeyRule> Rules => _rules;

    /// <summary>A key that every record has.</summary>
    /// <param name="key">As it is written.</param>
    /// <param name="kind">What it takes.</param>
    /// <param name="english">What it means, a sentence.</param>
    /// <param name="chinese">The same in Chinese.</param>
    public Property<T> Required<T>(string key, ValueKind<T> kind, string english, string chinese) => Add(key, kind, true, null, english, chinese);

    /// <summary>A key that may be left out; its value is then had as null by <c>Find</c>.</summary>
    /// <inheritdoc cref="Required{T}"/>
    public Property<T> Optional<T>(string key, ValueKind<T> kind, string english, string chinese) => Add(key, kind, false, null, english, chinese);

    /// <summary>A key that may be left out and then has a value all the same.</summary>
    /// <param name="key">As it is written.</param>
    /// <param name="kind">What it takes.</param>
    /// <param name="defaultText">What leaving it out means, as YAML: <c>30d</c>, <c>[]</c>.</param>
    /// <param name="english">What it means, a sentence.</param>
    /// <param name="chinese">The same in Chinese.</param>
    public Property<T> Optional<T>(string key, ValueKind<T> kind, string defaultText, string english, string chinese) => Add(key, kind, false, defaultText, english, chinese);

    /// <summary>Exactly one of these keys stands in each record.</summary>
    public void ExactlyOne(params Property[] properties) => _rules.Add(new KeyRule(KeyRuleKind.ExactlyOne, properties));

    /// <summary>At most one of these keys stands in each record.</summary>
    public void AtMostOne(params Property[] properties) => _rules.Add(new KeyRule(KeyRuleKind.AtMostOne, properties));

    /// <summary>Where <paramref name="property"/> stands, <paramref name="needed"/> stands too.</summary>
    public void Needs(Property property, Property needed) => _rules.Add(new KeyRule(KeyRuleKind.Needs, [property, needed]));

    private Property<T> Add<T>(string key, ValueKind<T> kind, bool isRequired, string? defaultText, string english, string chinese)
    {
        if (_properties.Exists(property => property.Key == key)) throw new ArgumentException($"'{key}' is declared twice", nameof(key));
        var property = new Property<T>(key, kind, isRequired, defaultText, new BilingualText(english, chinese), _properties.Count);
        _properties.Add(property);
        return property;
    }
}

internal enum KeyRuleKind
{
    ExactlyOne,
    AtMostOne,
    Needs,
}

/// <summary>Which keys of a record go together.</summary>
internal sealed record KeyRule(KeyRuleKind Kind, IReadOnlyList<Property> Properties)
{
    internal void Check(RecordFormat format, YamlMap map)
    {
        List<YamlScalar> present = [.. map.Entries.Select(entry => entry.Key).Where(key => Properties.Any(property => property.Key == key.Text.Text))];
        if (Kind == KeyRuleKind.Needs)
        {
            if (present is [var only] && only.Text.Text == Properties[0].Key) throw only.Error("schemas.key_needs", Properties[0].Key, Properties[1].Key);
            return;
        }
        string keys = string.Join(", ", Properties.Select(property => property.Key));
        if (present.Count > 1) throw present[1].Error("schemas.keys_exclude", present[1].Text.Text, present[0].Text.Text, keys);
        if (present.Count == 0 && Kind == KeyRuleKind.ExactlyOne) throw map.Error("schemas.key_missing_one_of", format.Word, keys);
    }
}
