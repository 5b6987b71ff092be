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

    private protected override EquatableList<T> ReadCore(YamlNode node)
    {
        var list = (YamlList)node;
        if (list.Items.Count < countMin) throw node.Error("schemas.too_few", countMin, list.Items.Count);
        return new EquatableList<T>(list.Items.Select(item.Read));
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

    private protected override EquatableList<Entry<T>> ReadCore(YamlNode node)
    {
        var map = (YamlMap)node;
        if (map.Entries.Count < countMin) throw node.Error("schemas.too_few", countMin, map.Entries.Count);
        return new EquatableList<Entry<T>>(map.Entries.Select(entry => new Entry<T>(name.Read(entry.Key), entry.Key.Place, value.Read(entry.Value))));
    }
}
