using System.Globalization;
using System.Text.Json.Nodes;

namespace Lepton.Data.Schemas.Configuration;

internal sealed class ListKind<T>(ValueKind<T> item, int countMin) : ValueKind<EquatableList<T>>
{
    public override BilingualText Form { get; } = new($"a list, each item {item.Form.English}", $"列表，每项为{item.Form.Chinese}");

    public override YamlShapes Shapes => YamlShapes.List;

    internal override string MarkdownForm(CultureInfo culture) => new BilingualText($"a list of: {item.MarkdownForm(culture)}", $"列表，每项为{item.MarkdownForm(culture)}").In(culture);

    internal override IEnumerable<RecordFormat> NestedFormats => item.NestedFormats;

    internal override JsonObject JsonSchema(JsonObject definitions, CultureInfo culture)
    {
        var schema = new JsonObject { ["type"] = "array", ["items"] = item.JsonSchema(definitions, culture) };
        if (countMin > 0) schema["minItems"] = countMin;
        return schema;
    }

    private protected override EquatableList<T> ReadCore(YamlNode whole)
    {
        var list = (YamlList)whole;
        if (list.Items.Count < countMin) throw whole.Error("schemas.too_few", countMin, list.Items.Count);
        var problems = new ProblemList();
        var items = new List<T>(list.Items.Count);
        foreach (YamlNode node in list.Items) problems.Try(() => items.Add(item.Read(node)));
        problems.ThrowIfAny();
        return new EquatableList<T>(items);
    }
}

internal sealed class MapKind<T>(ValueKind<string> name, ValueKind<T> value, int countMin) : ValueKind<EquatableList<Entry<T>>>
{
    public override BilingualText Form { get; } = new($"a map from names to {value.Form.English}", $"从名称到{value.Form.Chinese}的映射");

    public override YamlShapes Shapes => YamlShapes.Map;

    internal override string MarkdownForm(CultureInfo culture) => new BilingualText($"by name: {value.MarkdownForm(culture)}", $"按名称：{value.MarkdownForm(culture)}").In(culture);

    internal override IEnumerable<RecordFormat> NestedFormats => value.NestedFormats;

    internal override JsonObject JsonSchema(JsonObject definitions, CultureInfo culture)
    {
        var schema = new JsonObject { ["type"] = "object", ["additionalProperties"] = value.JsonSchema(definitions, culture) };
        if (countMin > 0) schema["minProperties"] = countMin;
        return schema;
    }

    private protected override EquatableList<Entry<T>> ReadCore(YamlNode whole)
    {
        var map = (YamlMap)whole;
        if (map.Entries.Count < countMin) throw whole.Error("schemas.too_few", countMin, map.Entries.Count);
        var problems = new ProblemList();
        var entries = new List<Entry<T>>(map.Entries.Count);
        foreach ((YamlScalar key, YamlNode node) in map.Entries) problems.Try(() => entries.Add(new Entry<T>(name.Read(key), key.Place, value.Read(node))));
        problems.ThrowIfAny();
        return new EquatableList<Entry<T>>(entries);
    }
}
