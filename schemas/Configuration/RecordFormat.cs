using System.Globalization;
using System.Text.Json.Nodes;

namespace Lepton.Data.Schemas.Configuration;

/// <summary>The format of one of our records in YAML: its keys, what each takes and means. See <see cref="RecordFormat{T}"/>.</summary>
public abstract class RecordFormat
{
    private protected RecordFormat(BilingualText name, BilingualText documentation, IReadOnlyList<Property> properties, IReadOnlyList<KeyRule> rules)
        => (Word, Documentation, Properties, Rules) = (name, documentation, properties, rules);

    /// <summary>What the record is called in documentation, such as <c>feature view</c>: in English, since headings and schemas are referred to by it.</summary>
    public string Name => Word.English;

    /// <summary>What the record is.</summary>
    public BilingualText Documentation { get; }

    /// <summary>The keys, in the order in which they were declared.</summary>
    public IReadOnlyList<Property> Properties { get; }

    /// <summary>What messages call the record.</summary>
    internal BilingualText Word { get; }

    internal IReadOnlyList<KeyRule> Rules { get; }

    /// <summary>Declares a format.</summary>
    /// <param name="name">What the record is called, in lower case.</param>
    /// <param name="english">What it is, a sentence.</param>
    /// <param name="chinese">The same in Chinese.</param>
    /// <typeparam name="T">The record.</typeparam>
    /// <param name="declare">Declares the keys and returns how the record is made of their values.</param>
    /// <exception cref="ArgumentException">A key is declared twice, or a default is not of its kind.</exception>
    public static RecordFormat<T> Declare<T>(BilingualText name, string english, string chinese, Func<RecordFormatBuilder, Func<RecordValues, T>> declare)
    {
        var builder = new RecordFormatBuilder(name, new BilingualText(english, chinese));
        Func<RecordValues, T> make = declare(builder);
        return new RecordFormat<T>(builder, make);
    }

    /// <summary>The formats of the records inside this one, at any depth; each once, outer ones first.</summary>
    public IReadOnlyList<RecordFormat> NestedFormats()
    {
        var found = new List<RecordFormat>();
        var open = new Queue<RecordFormat>([this]);
        while (open.TryDequeue(out RecordFormat? format))
        {
            foreach (RecordFormat nested in format.Properties.SelectMany(property => property.Kind.NestedFormats))
            {
                if (found.Contains(nested)) continue;
                found.Add(nested);
                open.Enqueue(nested);
            }
        }
        return found;
    }

    /// <summary>The JSON Schema (draft 2020-12) of a file that holds one such record; editors take it for completion and checks.</summary>
    public string ToJsonSchema(CultureInfo culture) => FormatWriter.JsonSchemaDocument(this, culture);

    /// <summary>A table of the keys in Markdown, followed by those of the records inside, each below a heading of <paramref name="headingLevel"/>.</summary>
    public string ToMarkdown(CultureInfo culture, int headingLevel = 3) => FormatWriter.Markdown(this, culture, headingLevel);

    /// <summary>What the record is and a table of its keys in Markdown, without a heading and without the records inside.</summary>
    public string ToMarkdownTable(CultureInfo culture) => FormatWriter.MarkdownTable(this, culture);

    /// <summary>The name as a part of a sentence.</summary>
    internal BilingualText Named => new($"{("aeiou".Contains(Name[0], StringComparison.Ordinal) ? "an" : "a")} {Name}", Word.Chinese);

    internal JsonObject Reference(JsonObject definitions, CultureInfo culture)
    {
        string key = Name.Replace(' ', '_');
        if (!definitions.ContainsKey(key))
        {
            definitions[key] = null;
            definitions[key] = FormatWriter.JsonSchemaOf(this, definitions, culture);
        }
        return new JsonObject { ["$ref"] = $"#/$defs/{key}" };
    }
}

/// <summary>
/// The descriptor of a record that people write in YAML. It reads a node into <typeparamref name="T"/>, with places and "did you mean" in its errors, and gives the same facts
/// as JSON Schema to editors and as Markdown to the documentation.
/// </summary>
/// <typeparam name="T">The record.</typeparam>
/// <remarks>
/// A room declares a record so; each key is said once, with its type, its default and what it means:
/// <code>
/// internal sealed record Retention(string Table, TimeSpan Keep, TimeSpan? WarnAfter)
/// {
///     internal static RecordFormat&lt;Retention&gt; Format { get; } = RecordFormat.Declare&lt;Retention&gt;(new("retention", "保留"), "How long rows are kept.", "数据行的保留时长。", format =>
///     {
///         Property&lt;string&gt; table = format.Required("table", Kinds.Name, "Whose rows.", "所属的表。");
///         Property&lt;TimeSpan&gt; keep = format.Optional("keep", Kinds.Duration, "30d", "How long they are kept.", "保留时长。");
///         Property&lt;TimeSpan&gt; warnAfter = format.Optional("warn_after", Kinds.Duration, "When to warn.", "何时告警。");
///         return values => new Retention(values.Get(table), values.Get(keep), values.Find(warnAfter));
///     });
/// }
/// </code>
/// <c>Retention.Format.Read(bytes, "retention.yaml")</c> reads a file; as a value of another record it is used as a kind: <c>format.Required("retention", Retention.Format, …)</c>,
/// <c>Kinds.List(Retention.Format)</c>, <c>Kinds.MapByName(Retention.Format)</c>. What one record alone can check is checked where it is made, with
/// <c>throw values.Error(keep, "room.what_is_wrong", …)</c>. Immutable and safe for use by several threads.
/// </remarks>
public sealed class RecordFormat<T> : RecordFormat
{
    private readonly Func<RecordValues, T> _make;
    private readonly object?[] _defaults;
    private readonly RecordKind<T> _kind;

    internal RecordFormat(RecordFormatBuilder builder, Func<RecordValues, T> make)
        : base(builder.Name, builder.Documentation, builder.Properties, builder.Rules)
    {
        _make = make;
        _defaults = [.. Properties.Select(Default)];
        _kind = new RecordKind<T>(this);
    }

    /// <summary>The record as a value inside another.</summary>
    public static implicit operator ValueKind<T>(RecordFormat<T> format) => format._kind;

    /// <summary>The record as a value inside another.</summary>
    public ValueKind<T> ToValueKind() => _kind;

    /// <summary>The record, or a short form of it.</summary>
    /// <inheritdoc cref="ValueKind{T}.Or"/>
    public ValueKind<T> Or(ValueKind<T> other) => _kind.Or(other);

    /// <summary>Reads a file that holds one such record.</summary>
    /// <inheritdoc cref="YamlReader.Read"/>
    public T Read(ReadOnlySpan<byte> utf8, string path) => _kind.Read(YamlReader.Read(utf8, path));

    /// <summary>Reads a record from a part of a file.</summary>
    /// <exception cref="LeptonDataException">A key is unknown or missing, or a value not of its kind; with place and remedy.</exception>
    public T Read(YamlNode node) => _kind.Read(node);

    internal T ReadMap(YamlMap map)
    {
        object?[] values = [.. _defaults];
        var nodes = new YamlNode?[Properties.Count];
        // All that is wrong is said at once. A key that is unknown may be the one that is missing, mistyped; so that is said once.
        var problems = new ProblemList();
        foreach ((YamlScalar key, YamlNode value) in map.Entries)
        {
            if (Properties.FirstOrDefault(property => property.Key == key.Text.Text) is { } property) nodes[property.Index] = value;
            else problems.Add(UnknownKey(key));
        }
        if (problems.All.Count == 0)
        {
            foreach (Property property in Properties)
                if (property.IsRequired && nodes[property.Index] is null) problems.Add(map.Error("schemas.key_missing", Word, property.Key, property.Kind.Form));
            foreach (KeyRule rule in Rules) problems.Try(() => rule.Check(this, map));
        }
        foreach (Property property in Properties)
            if (nodes[property.Index] is { } node) problems.Try(() => { values[property.Index] = property.Kind.ReadObject(node); });
        problems.ThrowIfAny();
        try
        {
            return _make(new RecordValues(map, values, nodes));
        }
        catch (LeptonDataException failure) when (failure.Place is null)
        {
            throw map.Source.Error(map.Place, failure);
        }
    }

    // The default is read like a person's text, so that documentation and behaviour are one.
    private static object? Default(Property property)
    {
        if (property.DefaultText is null) return null;
        try
        {
            return property.Kind.ReadObject(YamlReader.Read(System.Text.Encoding.UTF8.GetBytes(property.DefaultText), property.Key));
        }
        catch (LeptonDataException failure)
        {
            throw new ArgumentException($"the default of '{property.Key}' is not of its kind: {failure.Message}", failure);
        }
    }

    private LeptonDataException UnknownKey(YamlScalar key)
    {
        string word = key.Text.Text;
        return Suggest.Nearest(word, Properties.Select(property => property.Key)) is { } nearest
            ? key.Error("schemas.key_unknown_near", word, Named, nearest)
            // A comma ends a text between braces, and what stands behind it looks like a key.
            : key.Error(word.Contains(' ', StringComparison.Ordinal) ? "schemas.key_unknown_words" : "schemas.key_unknown", word, Named, string.Join(", ", Properties.Select(property => property.Key)));
    }
}

/// <summary>A record as a value.</summary>
internal sealed class RecordKind<T>(RecordFormat<T> format) : ValueKind<T>
{
    public override BilingualText Form { get; } = new($"{format.Named.English} with {Keys(format)}", $"{format.Word.Chinese}（键：{Keys(format)}）");

    public override YamlShapes Shapes => YamlShapes.Map;

    internal override string MarkdownForm(CultureInfo culture) => $"[{format.Name}](#{format.Name.Replace(' ', '-')})";

    internal override IEnumerable<RecordFormat> NestedFormats => [format];

    internal override JsonObject JsonSchema(JsonObject definitions, CultureInfo culture) => format.Reference(definitions, culture);

    private protected override T ReadCore(YamlNode node) => format.ReadMap((YamlMap)node);

    private static string Keys(RecordFormat format)
    {
        IEnumerable<Property> required = format.Properties.Where(property => property.IsRequired);
        return string.Join(", ", (required.Any() ? required : format.Properties).Select(property => property.Key));
    }
}
