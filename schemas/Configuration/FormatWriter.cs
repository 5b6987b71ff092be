using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lepton.Data.Schemas.Configuration;

/// <summary>Writes a format for editors (JSON Schema) and for readers (Markdown).</summary>
internal static class FormatWriter
{
    internal static string JsonSchemaDocument(RecordFormat format, CultureInfo culture)
    {
        var definitions = new JsonObject();
        JsonObject schema = JsonSchemaOf(format, definitions, culture);
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        if (definitions.Count > 0) schema["$defs"] = definitions;
        using var stream = new MemoryStream();
        // What is written is read by editors, not by browsers inside a page, so Chinese may stay Chinese.
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" })) schema.WriteTo(writer);
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length) + "\n";
    }

    internal static JsonObject JsonSchemaOf(RecordFormat format, JsonObject definitions, CultureInfo culture)
    {
        var properties = new JsonObject();
        foreach (Property property in format.Properties)
        {
            JsonObject value = property.Kind.JsonSchema(definitions, culture);
            value["description"] = property.Documentation.In(culture);
            if (property.DefaultText is not null) value["default"] = property.DefaultText;
            properties[property.Key] = value;
        }
        var schema = new JsonObject
        {
            ["title"] = format.Name,
            ["description"] = format.Documentation.In(culture),
            ["type"] = "object",
            ["properties"] = properties,
            ["additionalProperties"] = false,
        };
        JsonNode[] required = [.. format.Properties.Where(property => property.IsRequired).Select(property => JsonValue.Create(property.Key))];
        if (required.Length > 0) schema["required"] = new JsonArray(required);
        JsonNode[] rules = [.. format.Rules.Select(JsonSchemaOf)];
        if (rules.Length > 0) schema["allOf"] = new JsonArray(rules);
        return schema;
    }

    internal static string Markdown(RecordFormat format, CultureInfo culture, int headingLevel)
    {
        var text = new StringBuilder();
        foreach (RecordFormat each in format.NestedFormats().Prepend(format))
            text.Append('#', headingLevel).Append(' ').Append(each.Name).Append("\n\n").Append(MarkdownTable(each, culture)).Append('\n');
        return text.ToString().TrimEnd('\n') + "\n";
    }

    internal static string MarkdownTable(RecordFormat format, CultureInfo culture)
    {
        bool isChinese = culture.TwoLetterISOLanguageName == "zh";
        var text = new StringBuilder();
        text.Append(format.Documentation.In(culture)).Append("\n\n");
        text.Append(isChinese ? "| 键 | 取值 | 默认值 | 含义 |\n" : "| key | value | default | meaning |\n").Append("| --- | --- | --- | --- |\n");
        foreach (Property property in format.Properties)
        {
            string whenAbsent = property.IsRequired ? (isChinese ? "必填" : "required") : property.DefaultText is { } value ? $"`{value}`" : "";
            text.Append(CultureInfo.InvariantCulture, $"| `{property.Key}` | {Cell(property.Kind.MarkdownForm(culture))} | {Cell(whenAbsent)} | {Cell(property.Documentation.In(culture))} |\n");
        }
        foreach (KeyRule rule in format.Rules) text.Append('\n').Append(Sentence(rule).In(culture)).Append('\n');
        return text.ToString();
    }

    private static JsonObject JsonSchemaOf(KeyRule rule)
    {
        static JsonObject Has(Property property) => new() { ["required"] = new JsonArray(JsonValue.Create(property.Key)) };

        if (rule.Kind == KeyRuleKind.Needs)
            return new JsonObject { ["dependentRequired"] = new JsonObject { [rule.Properties[0].Key] = new JsonArray(JsonValue.Create(rule.Properties[1].Key)) } };
        var alternatives = new JsonArray([.. rule.Properties.Select(Has)]);
        if (rule.Kind == KeyRuleKind.AtMostOne) alternatives.Add(new JsonObject { ["not"] = new JsonObject { ["anyOf"] = new JsonArray([.. rule.Properties.Select(Has)]) } });
        return new JsonObject { ["oneOf"] = alternatives };
    }

    private static BilingualText Sentence(KeyRule rule)
    {
        string keys = string.Join(", ", rule.Properties.Select(property => $"`{property.Key}`"));
        return rule.Kind switch
        {
            KeyRuleKind.ExactlyOne => new($"Exactly one of {keys} is given.", $"{keys} 中必须且只能给出一个。"),
            KeyRuleKind.AtMostOne => new($"At most one of {keys} is given.", $"{keys} 中最多给出一个。"),
            _ => new($"`{rule.Properties[0].Key}` needs `{rule.Properties[1].Key}`.", $"`{rule.Properties[0].Key}` 需要与 `{rule.Properties[1].Key}` 一起给出。"),
        };
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).Replace('\n', ' ');
}
