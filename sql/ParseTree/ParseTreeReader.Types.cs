using System.Globalization;
using System.Text;
using System.Text.Json;
using Lepton.Data.Schemas;

namespace Lepton.Data.Sql.ParseTree;

internal sealed partial class ParseTreeReader
{
    // Types that are written as one word and hold no names of a person.
    // TIME WITH TIME ZONE is left out: without a date, the engine asks the clock which offset a zone has.
    private static readonly HashSet<string> s_plainTypes = new(StringComparer.Ordinal)
    {
        "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "VARCHAR", "BLOB", "BIT",
        "DATE", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "INTERVAL", "UUID",
    };

    /// <summary>A type as SQL text.</summary>
    private SqlType Type(JsonElement element, long offset)
    {
        var text = new StringBuilder();
        Type(text, element, offset);
        return new SqlType(text.ToString());
    }

    private void Type(StringBuilder text, JsonElement element, long offset)
    {
        _text.EnsureStack(offset);
        var node = new TreeNode(_text, element, "type");
        string id = node.Text("id");
        JsonElement? info = node.Optional("type_info");
        node.End();
        TreeNode? more = info is { } value ? new TreeNode(_text, value, id) : null;
        more?.Ignore("type");
        if (more is not null && more.Optional("alias") is { ValueKind: JsonValueKind.String } alias && alias.GetString() is { Length: > 0 } name)
        {
            if (name != "JSON" || id != "VARCHAR") throw _text.At(offset, "sql.unsupported_type", name);
            id = name;
        }
        more?.Optional("extension_info");
        switch (id)
        {
            case "JSON":
                text.Append("JSON");
                break;
            case "DECIMAL" when more is not null:
                text.Append(CultureInfo.InvariantCulture, $"DECIMAL({more.Number("width")},{more.Number("scale")})");
                break;
            case "LIST" when more is not null:
                Type(text, more.Any("child_type"), offset);
                text.Append("[]");
                break;
            case "ARRAY" when more is not null:
                Type(text, more.Any("child_type"), offset);
                text.Append(CultureInfo.InvariantCulture, $"[{more.Number("size")}]");
                break;
            case "STRUCT" when more is not null:
                text.Append("STRUCT(");
                AppendFields(text, more, offset, named: true);
                break;
            case "MAP" when more is not null:
                var entry = new TreeNode(_text, more.Any("child_type"), "MAP");
                entry.Ignore("id");
                var fields = new TreeNode(_text, entry.Any("type_info"), "MAP");
                fields.Ignore("type", "alias", "extension_info");
                entry.End();
                text.Append("MAP(");
                AppendFields(text, fields, offset, named: false);
                fields.End();
                break;
            case "UNBOUND" when more is not null:
                string unbound = more.Text("name");
                if (!unbound.Equals("json", StringComparison.OrdinalIgnoreCase)) throw _text.At(offset, "sql.unsupported_type", unbound);
                more.Ignore("catalog", "schema");
                text.Append("JSON");
                more = null;
                break;
            default:
                if (more is not null || !s_plainTypes.Contains(id)) throw _text.At(offset, "sql.unsupported_type", id);
                text.Append(id);
                break;
        }
        more?.End();
    }

    private void AppendFields(StringBuilder text, TreeNode node, long offset, bool named)
    {
        bool isFirst = true;
        foreach (JsonElement element in node.List("child_types"))
        {
            var field = new TreeNode(_text, element, "field");
            if (!isFirst) text.Append(", ");
            isFirst = false;
            string name = field.Text("first");
            if (named) text.Append(SqlLiteral.Name(name)).Append(' ');
            Type(text, field.Any("second"), offset);
            field.End();
        }
        text.Append(')');
    }

    private ParsedConstant Constant(TreeNode node, string alias)
    {
        JsonElement value = node.Any("value");
        return ConstantOf(value, node.Offset, alias) ?? throw _text.At(node.Offset, "sql.unsupported_type", Type(value.GetProperty("type"), node.Offset).Name);
    }

    /// <summary>The constant, or null where it is of a type of which none are written out.</summary>
    private ParsedConstant? ConstantOf(JsonElement element, long offset, string alias)
    {
        var value = new TreeNode(_text, element, "constant");
        SqlType type = value.Any("type") is var typeElement && typeElement.GetProperty("id").GetString() == "NULL" ? new SqlType("NULL") : Type(typeElement, offset);
        bool isNull = value.Flag("is_null");
        object? result = null;
        if (isNull) value.Optional("value");
        else
        {
            JsonElement written = value.Any("value");
            result = (type.Name, written.ValueKind) switch
            {
                ("BOOLEAN", JsonValueKind.True) => true,
                ("BOOLEAN", JsonValueKind.False) => false,
                ("VARCHAR", JsonValueKind.String) => written.GetString(),
                ("DOUBLE", JsonValueKind.Number) => written.GetDouble(),
                ("TINYINT" or "SMALLINT" or "INTEGER" or "BIGINT" or "HUGEINT" or "UTINYINT" or "USMALLINT" or "UINTEGER" or "UBIGINT" or "UHUGEINT", _) => TreeNode.Integer(written),
                var (name, _) when name.StartsWith("DECIMAL(", StringComparison.Ordinal) => TreeNode.Integer(written),
                _ => null,
            };
            if (result is null) return null;
        }
        value.End();
        return new ParsedConstant(alias, offset, type, result);
    }
}
