using System.Globalization;
using System.Text.Json.Nodes;

namespace Lepton.Data.Schemas.Configuration;

internal delegate bool TryParse<T>(string text, out T value);

internal sealed class ScalarKind<T>(BilingualText form, TryParse<T> tryParse, string jsonType = "string", string? pattern = null) : ValueKind<T>
{
    public override BilingualText Form => form;

    public override YamlShapes Shapes => YamlShapes.Scalar;

    // An editor takes 2001-05-01 for a date and 5 for a number; what we read as text may be either.
    internal override JsonObject JsonSchema(JsonObject definitions, CultureInfo culture)
    {
        if (jsonType != "string") return new JsonObject { ["type"] = jsonType };
        return pattern is null ? new JsonObject { ["type"] = new JsonArray("string", "number", "boolean") } : new JsonObject { ["type"] = "string", ["pattern"] = pattern };
    }

    private protected override T ReadCore(YamlNode node)
        => tryParse(((YamlScalar)node).Text.Text, out T value) ? value : throw node.Error("schemas.value_expected", form, node.Description);
}

internal sealed class SqlKind : ValueKind<TextWithPlace>
{
    public override BilingualText Form { get; } = new("SQL", "SQL");

    public override YamlShapes Shapes => YamlShapes.Scalar;

    internal override JsonObject JsonSchema(JsonObject definitions, CultureInfo culture) => new() { ["type"] = "string" };

    private protected override TextWithPlace ReadCore(YamlNode node)
    {
        var scalar = (YamlScalar)node;
        if (string.IsNullOrWhiteSpace(scalar.Text.Text)) throw node.Error("schemas.value_expected", Form, new BilingualText("nothing", "没有值"));
        if (!scalar.Text.IsExact) throw node.Error("schemas.sql_not_literal");
        return scalar.Text;
    }
}

internal sealed class NodeKind : ValueKind<YamlNode>
{
    public override BilingualText Form { get; } = new("a value", "值");

    public override YamlShapes Shapes => YamlShapes.Scalar | YamlShapes.List | YamlShapes.Map;

    private protected override bool TakesNothing => true;

    internal override JsonObject JsonSchema(JsonObject definitions, CultureInfo culture) => [];

    private protected override YamlNode ReadCore(YamlNode node) => node;
}

internal sealed class ChoiceKind<T>((string Word, T Value)[] choices) : ValueKind<T>
{
    public override BilingualText Form { get; } = new(
        string.Join(" or ", choices.Select(choice => choice.Word)), string.Join(" 或 ", choices.Select(choice => choice.Word)));

    public override YamlShapes Shapes => YamlShapes.Scalar;

    internal override JsonObject JsonSchema(JsonObject definitions, CultureInfo culture)
        => new() { ["enum"] = new JsonArray([.. choices.Select(choice => JsonValue.Create(choice.Word))]) };

    private protected override T ReadCore(YamlNode node)
    {
        string word = ((YamlScalar)node).Text.Text;
        foreach ((string candidate, T value) in choices)
            if (candidate == word) return value;
        if (Suggest.Nearest(word, choices.Select(choice => choice.Word)) is { } nearest) throw node.Error("schemas.choice_unknown_near", word, nearest);
        throw node.Error("schemas.choice_unknown", word, Form);
    }
}
