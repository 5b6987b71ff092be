using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace Lepton.Data.Sql.ParseTree;

/// <summary>
/// One JSON object of the parse tree, read strictly: every property must be asked for, and one that was not is an error that names it,
/// so that a newer DuckDB's tree is never half understood.
/// </summary>
internal sealed class TreeNode
{
    private readonly SqlText _text;
    private readonly Dictionary<string, JsonElement> _unread = new(StringComparer.Ordinal);
    private readonly string _what;

    internal TreeNode(SqlText text, JsonElement element, string what)
    {
        _text = text;
        _what = what;
        if (element.ValueKind != JsonValueKind.Object) throw Unknown(element.ValueKind.ToString());
        foreach (JsonProperty property in element.EnumerateObject())
            if (!_unread.TryAdd(property.Name, property.Value)) throw Unknown(property.Name);
        if (_unread.TryGetValue("query_location", out JsonElement location) && location.TryGetUInt64(out ulong offset) && offset < long.MaxValue) Offset = (long)offset;
    }

    /// <summary>Where it stands in the text, in bytes of UTF-8; -1 where the tree does not say.</summary>
    internal long Offset { get; } = -1;

    internal void Ignore(params ReadOnlySpan<string> properties)
    {
        foreach (string property in properties) Take(property);
    }

    internal string Text(string property) => Take(property) is { ValueKind: JsonValueKind.String } element ? element.GetString()! : throw Unknown(property);

    internal bool Flag(string property) => Take(property).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Unknown(property),
    };

    internal int Number(string property) => Take(property) is { ValueKind: JsonValueKind.Number } element && element.TryGetInt32(out int value) ? value : throw Unknown(property);

    internal JsonElement Any(string property) => Take(property);

    /// <summary>The property's object, or null where it is absent or null.</summary>
    internal JsonElement? Optional(string property)
        => _unread.Remove(property, out JsonElement element) && element.ValueKind is not JsonValueKind.Null and not JsonValueKind.Undefined ? element : null;

    internal IEnumerable<JsonElement> List(string property) => Take(property) is { ValueKind: JsonValueKind.Array } element ? element.EnumerateArray() : throw Unknown(property);

    internal List<string> Texts(string property)
        => [.. List(property).Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Unknown(property))];

    /// <summary>Refuses properties that nobody asked for.</summary>
    internal void End()
    {
        Ignore("query_location");
        foreach (string property in _unread.Keys) throw Unknown(property);
    }

    internal Schemas.LeptonDataException Unknown(string property) => _text.At(Offset, "sql.unknown_node", $"{_what}.{property}");

    private JsonElement Take(string property)
    {
        if (_unread.Remove(property, out JsonElement element)) return element;
        return property == "query_location" ? default : throw Unknown(property);
    }

    internal static BigInteger? Integer(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Number)
            return BigInteger.TryParse(element.GetRawText(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger value) ? value : null;

        // 128 bits arrive as {"upper": int64, "lower": uint64}.
        if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty("upper", out JsonElement upper) && element.TryGetProperty("lower", out JsonElement lower)
            && upper.TryGetInt64(out long high) && lower.TryGetUInt64(out ulong low))
            return ((BigInteger)high << 64) + low;
        return null;
    }
}
