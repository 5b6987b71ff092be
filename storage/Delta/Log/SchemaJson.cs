using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>
/// A schema as Delta's <c>schemaString</c>: the JSON of Spark's StructType. Field metadata that is text stays text; other JSON values are kept as their text under
/// <c>json:</c> + key, so that nothing is lost on the way back. A list of fixed size, which Delta does not know, is an array whose field says its length.
/// </summary>
internal static class SchemaJson
{
    /// <summary>The length of a list of fixed size, in its field's metadata.</summary>
    internal const string FixedSizeKey = "lepton.fixed_size";

    private const string RawPrefix = "json:";
    private const int DepthMax = 64;

    private static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static string Write(Schema schema)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, s_writing)) WriteStruct(json, schema.Fields);
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <param name="text">The JSON.</param>
    /// <param name="table">What the table's folder is called outside.</param>
    /// <param name="place">Where the JSON stands; null for nowhere.</param>
    /// <exception cref="LeptonDataException"><c>storage.delta_schema</c>, <c>storage.delta_type</c>; <c>schemas.duplicate_column</c></exception>
    internal static Schema Read(string text, string table, SourcePlace? place = null)
    {
        try
        {
            // Each level of a type is up to four levels of JSON: fields, the field, its type.
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = (4 * DepthMax) + 8, AllowDuplicateProperties = false });
            return new Schema(ReadStruct(document.RootElement, new Reading(table, "", 0)));
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw new LeptonDataException("storage.delta_schema", [table, "schemaString"], failure) { Place = place };
        }
        catch (LeptonDataException failure) when (failure.Place is null && place is not null)
        {
            throw new LeptonDataException(failure.Code, failure.Arguments, failure) { Place = place };
        }
    }

    private static void WriteStruct(Utf8JsonWriter json, IReadOnlyList<Field> fields)
    {
        json.WriteStartObject();
        json.WriteString("type", "struct");
        json.WriteStartArray("fields");
        foreach (Field field in fields)
        {
            json.WriteStartObject();
            json.WriteString("name", field.Name);
            json.WritePropertyName("type");
            WriteType(json, field.Type);
            json.WriteBoolean("nullable", field.IsNullable);
            json.WriteStartObject("metadata");
            foreach ((string key, string value) in field.Metadata.Values)
            {
                if (key.StartsWith(RawPrefix, StringComparison.Ordinal))
                {
                    json.WritePropertyName(key[RawPrefix.Length..]);
                    json.WriteRawValue(value);
                }
                else json.WriteString(key, value);
            }
            if (field.Type is FixedSizeListType list) json.WriteString(FixedSizeKey, list.Length.ToString(CultureInfo.InvariantCulture));
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteType(Utf8JsonWriter json, DataType type)
    {
        switch (type)
        {
            case StructType { Fields: var fields }:
                WriteStruct(json, fields);
                break;
            case ListType { Element: var element }:
                WriteArray(json, element);
                break;
            case FixedSizeListType { Element: var element }:
                WriteArray(json, element);
                break;
            case MapType map:
                json.WriteStartObject();
                json.WriteString("type", "map");
                json.WritePropertyName("keyType");
                WriteType(json, map.Key.Type);
                json.WritePropertyName("valueType");
                WriteType(json, map.Value.Type);
                json.WriteBoolean("valueContainsNull", map.Value.IsNullable);
                json.WriteEndObject();
                break;
            default:
                json.WriteStringValue(NameOf(type));
                break;
        }
    }

    private static void WriteArray(Utf8JsonWriter json, Field element)
    {
        json.WriteStartObject();
        json.WriteString("type", "array");
        json.WritePropertyName("elementType");
        WriteType(json, element.Type);
        json.WriteBoolean("containsNull", element.IsNullable);
        json.WriteEndObject();
    }

    private static string NameOf(DataType type) => type switch
    {
        NullType => "void",
        BooleanType => "boolean",
        IntegerType { BitWidth: 8 } => "byte",
        IntegerType { BitWidth: 16 } => "short",
        IntegerType { BitWidth: 32 } => "integer",
        IntegerType => "long",
        FloatType { BitWidth: 32 } => "float",
        FloatType => "double",
        DecimalType number => string.Create(CultureInfo.InvariantCulture, $"decimal({number.Precision},{number.Scale})"),
        StringType => "string",
        BinaryType => "binary",
        DateType => "date",
        InstantType => "timestamp",
        NaiveTimeType => "timestamp_ntz",
        _ => throw new InvalidOperationException($"{type} has no name in Delta"),
    };

    private static List<Field> ReadStruct(JsonElement json, Reading at)
    {
        if (at.Depth > DepthMax || json.ValueKind != JsonValueKind.Object || at.Text(json, "type") != "struct") throw at.Broken();
        if (!json.TryGetProperty("fields", out JsonElement array) || array.ValueKind != JsonValueKind.Array) throw at.Broken();
        var fields = new List<Field>();
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (JsonElement element in array.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Object) throw at.Broken();
            string name = at.Text(element, "name");
            Reading inside = at.Inside(name);
            if (!names.Add(name)) throw new LeptonDataException("schemas.duplicate_column", [inside.Path]);
            if (!element.TryGetProperty("type", out JsonElement typeJson)) throw inside.Broken();
            DataType type = ReadType(typeJson, inside);
            FieldMetadata metadata = ReadMetadata(element, inside);
            if (type is ListType { Element: var item } && metadata[FixedSizeKey] is { } size)
            {
                if (!int.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out int length) || length < 1) throw inside.Broken();
                type = new FixedSizeListType(item, length);
                metadata = metadata.With(FixedSizeKey, null);
            }
            fields.Add(new Field(name, type, inside.Flag(element, "nullable")) { Metadata = metadata });
        }
        return fields;
    }

    private static DataType ReadType(JsonElement json, Reading at)
    {
        if (at.Depth > DepthMax) throw at.Broken();
        if (json.ValueKind == JsonValueKind.String) return ReadNamed(json.GetString()!, at);
        if (json.ValueKind != JsonValueKind.Object) throw at.Broken();
        switch (at.Text(json, "type"))
        {
            case "struct":
                return new StructType(new EquatableList<Field>(ReadStruct(json, at)));
            case "array":
                if (!json.TryGetProperty("elementType", out JsonElement element)) throw at.Broken();
                return new ListType(new Field("element", ReadType(element, at.Inside("element")), at.Flag(json, "containsNull")));
            case "map":
                if (!json.TryGetProperty("keyType", out JsonElement key) || !json.TryGetProperty("valueType", out JsonElement value)) throw at.Broken();
                return new MapType(new Field("key", ReadType(key, at.Inside("key")), IsNullable: false), new Field("value", ReadType(value, at.Inside("value")), at.Flag(json, "valueContainsNull")));
            case var other:
                throw new LeptonDataException("storage.delta_type", [at.Table, at.Path, other]);
        }
    }

    private static DataType ReadNamed(string name, Reading at) => name switch
    {
        "void" or "null" => DataType.Null,
        "boolean" => DataType.Boolean,
        "byte" => DataType.Int8,
        "short" => DataType.Int16,
        "integer" => DataType.Int32,
        "long" => DataType.Int64,
        "float" => DataType.Float32,
        "double" => DataType.Float64,
        "string" => DataType.String,
        "binary" => DataType.Binary,
        "date" => DataType.Date,
        "timestamp" => DataType.Instant,
        "timestamp_ntz" => DataType.NaiveTime,
        _ => ReadDecimal(name) ?? throw new LeptonDataException("storage.delta_type", [at.Table, at.Path, name]),
    };

    private static DataType? ReadDecimal(string name)
    {
        // Spark's bare "decimal" is decimal(10,0).
        if (name == "decimal") return DataType.Decimal(10, 0);
        if (!name.StartsWith("decimal(", StringComparison.Ordinal) || !name.EndsWith(')')) return null;
        string[] parts = name["decimal(".Length..^1].Split(',');
        return parts.Length == 2
            && int.TryParse(parts[0].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int precision)
            && int.TryParse(parts[1].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int scale)
            && precision is >= 1 and <= DecimalType.PrecisionMax && scale <= precision
            ? DataType.Decimal(precision, scale)
            : null;
    }

    private static FieldMetadata ReadMetadata(JsonElement field, Reading at)
    {
        if (!field.TryGetProperty("metadata", out JsonElement json) || json.ValueKind == JsonValueKind.Null) return FieldMetadata.Empty;
        if (json.ValueKind != JsonValueKind.Object) throw at.Broken();
        return FieldMetadata.Of(json.EnumerateObject().Select(entry => entry.Value.ValueKind == JsonValueKind.String
            ? KeyValuePair.Create(entry.Name, entry.Value.GetString()!)
            : KeyValuePair.Create(RawPrefix + entry.Name, entry.Value.GetRawText())));
    }

    /// <summary>Where the reading stands, for messages.</summary>
    private readonly record struct Reading(string Table, string Path, int Depth)
    {
        internal Reading Inside(string name) => new(Table, Path.Length == 0 ? name : $"{Path}.{name}", Depth + 1);

        internal LeptonDataException Broken() => new("storage.delta_schema", [Table, Path.Length == 0 ? "schemaString" : Path]);

        internal string Text(JsonElement json, string name)
            => json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Broken();

        internal bool Flag(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value)
            ? value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Broken()
            : true;
    }
}
