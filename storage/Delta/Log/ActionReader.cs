using System.Text;
using System.Text.Json;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta.DeletionVectors;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>Reads lines of a table's commits. What the protocol requires must be there and of its type; what we do not know is passed over.</summary>
/// <param name="table">What the table's folder is called outside.</param>
/// <param name="root">Likewise the store's root.</param>
internal sealed class ActionReader(string table, string root)
{
    /// <summary>A time in milliseconds beyond this is no time, and would overflow as microseconds.</summary>
    internal const long MillisecondsMax = long.MaxValue / 1000;

    private static readonly JsonDocumentOptions s_reading = new() { AllowDuplicateProperties = false };

    /// <returns>The line's action; null for one that we do not know.</returns>
    /// <exception cref="LeptonDataException">The line is no action, with its place.</exception>
    internal LogAction? Read(ReadOnlyMemory<byte> line, SourcePlace place)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line, s_reading);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) throw Broken("action", place);
            LogAction? action = null;
            int count = 0;
            foreach (JsonProperty property in root.EnumerateObject())
            {
                if (property.Value.ValueKind == JsonValueKind.Null) continue;
                if (++count > 1 || property.Value.ValueKind != JsonValueKind.Object) throw Broken(property.Name, place);
                var json = new ActionJson(property.Value, place);
                action = property.Name switch
                {
                    "add" => ReadAdd(json),
                    "remove" => ReadRemove(json),
                    "txn" => new TransactionAction(place, json.Text("appId"), json.Number("version", 0, long.MaxValue)) { UpdatedMilliseconds = json.MillisecondsOrNull("lastUpdated") },
                    "metaData" => ReadMetadata(json),
                    "protocol" => new ProtocolAction(
                        place, (int)json.Number("minReaderVersion", 1, int.MaxValue), (int)json.Number("minWriterVersion", 1, int.MaxValue), json.Texts("readerFeatures"), json.Texts("writerFeatures")),
                    "commitInfo" => ReadInfo(json),
                    "checkpointMetadata" => new CheckpointMetadataAction(place, json.Number("version", 0, long.MaxValue)),
                    "sidecar" => ReadSidecar(json),
                    "cdc" => null,
                    var name => new ForeignAction(place, name),
                };
            }
            return count == 1 ? action : throw Broken("action", place);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw new LeptonDataException("storage.log_not_json", [WhatIsWrong(failure, line.Length)], failure) { Place = place };
        }
    }

    private AddAction ReadAdd(ActionJson json) => new(
        json.Place,
        PathOf(json),
        json.TextsByName("partitionValues"),
        json.Number("size", 0, long.MaxValue),
        json.Number("modificationTime", -MillisecondsMax, MillisecondsMax),
        json.TextOrNull("stats") is { } statistics ? Encoding.UTF8.GetBytes(statistics) : default(StatisticsText))
    {
        Tags = TagsOf(json, out ContentSum? sum),
        ContentSum = sum,
        DeletionVector = ReadDeletionVector(json),
        IsDataChange = json.FlagOr("dataChange", true),
    };

    private RemoveAction ReadRemove(ActionJson json) => new(json.Place, PathOf(json), ReadDeletionVector(json), json.MillisecondsOrNull("deletionTimestamp"))
    {
        SizeBytes = json.Find("size") is null ? null : json.Number("size", 0, long.MaxValue),
        PartitionValues = json.Find("partitionValues") is null ? null : json.TextsByName("partitionValues"),
        IsDataChange = json.FlagOr("dataChange", true),
    };

    private FilePath PathOf(ActionJson json)
    {
        string text = json.Text("path");
        return PathEncoding.TryRead(text, table, root, out FilePath path) ? path : throw new LeptonDataException("storage.log_path", [text]) { Place = json.Place };
    }

    private DeletionVector? ReadDeletionVector(ActionJson json)
    {
        if (json.Find("deletionVector") is not { } found) return null;
        if (found.ValueKind != JsonValueKind.Object) throw Broken("deletionVector", json.Place);
        var vector = new ActionJson(found, json.Place);
        int? offset = vector.Find("offset") is null ? null : (int)vector.Number("offset", 0, int.MaxValue);
        return new DeletionVector(vector.Text("storageType"), vector.Text("pathOrInlineDv"), offset, (int)vector.Number("sizeInBytes", 0, int.MaxValue), vector.Number("cardinality", 0, long.MaxValue))
            .Checked(table, root, json.Place);
    }

    private static SidecarAction ReadSidecar(ActionJson json) => new(json.Place, json.Text("path"), json.Number("sizeInBytes", 0, long.MaxValue));

    // Nothing of others rests on them, so that odd ones are left out.
    private static IReadOnlyDictionary<string, string?> TagsOf(ActionJson json, out ContentSum? sum)
    {
        sum = null;
        if (json.Find("tags") is not { ValueKind: JsonValueKind.Object } found) return AddAction.NoTexts;
        var tags = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (JsonProperty tag in found.EnumerateObject())
        {
            if (tag.Value.ValueKind is not (JsonValueKind.String or JsonValueKind.Null)) continue;
            string? text = tag.Value.GetString();
            if (tag.NameEquals(ActionWriter.ContentSumTag) && ContentSum.TryParse(text, out ContentSum read)) sum = read;
            else tags[tag.Name] = text;
        }
        return tags.Count == 0 ? AddAction.NoTexts : tags;
    }

    private static MetadataAction ReadMetadata(ActionJson json) => new(
        json.Place,
        json.Text("id"),
        json.Find("format") is { ValueKind: JsonValueKind.Object } format ? new ActionJson(format, json.Place).Text("provider") : throw Broken("format", json.Place),
        json.Text("schemaString"),
        json.Texts("partitionColumns") ?? [],
        json.TextMap("configuration"))
    {
        Name = json.TextOrNull("name"),
        Description = json.TextOrNull("description"),
        CreatedMilliseconds = json.MillisecondsOrNull("createdTime"),
    };

    // Nothing rests on it, so that odd values are shown as they are or not at all.
    private static CommitInfoAction ReadInfo(ActionJson json)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        if (json.Find("operationParameters") is { ValueKind: JsonValueKind.Object } map)
            foreach (JsonProperty entry in map.EnumerateObject())
                parameters[entry.Name] = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : entry.Value.GetRawText();
        long? milliseconds = json.Find("timestamp") is { ValueKind: JsonValueKind.Number } time && time.TryGetInt64(out long value) && Math.Abs(value) <= MillisecondsMax ? value : null;
        return new CommitInfoAction(json.Place, milliseconds, TextIn(json, "operation"), parameters, TextIn(json, ActionWriter.RunIdKey), TextIn(json, "engineInfo"));

        static string? TextIn(ActionJson json, string name) => json.Find(name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
    }

    private static BilingualText WhatIsWrong(Exception failure, int size) => failure switch
    {
        JsonException { BytePositionInLine: { } at } when at < size => new($"what stands at its byte {at} is no JSON", $"其第 {at} 字节处不是 JSON"),
        JsonException { BytePositionInLine: not null } => new("it ends in the middle", "它在中途结束"),
        JsonException => new("it says one thing twice", "其中同一项出现了两次"),
        // Half a surrogate pair, bytes that are not UTF-8.
        _ => new("it holds text that is no Unicode", "其中有不是 Unicode 的文本"),
    };

    private static LeptonDataException Broken(string name, SourcePlace place) => new("storage.log_field", [name]) { Place = place };

    /// <summary>The members of one action, checked as they are asked for.</summary>
    private readonly record struct ActionJson(JsonElement Element, SourcePlace Place)
    {
        internal JsonElement? Find(string name) => Element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

        internal string? TextOrNull(string name) => Find(name) switch
        {
            null => null,
            { ValueKind: JsonValueKind.String } text => text.GetString(),
            _ => throw Broken(name, Place),
        };

        internal string Text(string name) => TextOrNull(name) ?? throw Broken(name, Place);

        internal long Number(string name, long min, long max)
            => Find(name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out long value) && value >= min && value <= max ? value : throw Broken(name, Place);

        internal bool FlagOr(string name, bool absent) => Find(name) switch
        {
            null => absent,
            { ValueKind: JsonValueKind.True } => true,
            { ValueKind: JsonValueKind.False } => false,
            _ => throw Broken(name, Place),
        };

        internal long? MillisecondsOrNull(string name) => Find(name) is null ? null : Number(name, -MillisecondsMax, MillisecondsMax);

        internal EquatableList<string>? Texts(string name)
        {
            if (Find(name) is not { } array) return null;
            if (array.ValueKind != JsonValueKind.Array) throw Broken(name, Place);
            var texts = new List<string>();
            foreach (JsonElement element in array.EnumerateArray()) texts.Add(element.ValueKind == JsonValueKind.String ? element.GetString()! : throw Broken(name, Place));
            return new EquatableList<string>(texts);
        }

        internal Dictionary<string, string> TextMap(string name)
        {
            var map = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach ((string key, string? value) in TextsByName(name)) map.Add(key, value ?? throw Broken(name, Place));
            return map;
        }

        internal IReadOnlyDictionary<string, string?> TextsByName(string name)
        {
            if (Find(name) is not { } json) return AddAction.NoTexts;
            var map = new Dictionary<string, string?>(StringComparer.Ordinal);
            if (json.ValueKind != JsonValueKind.Object) throw Broken(name, Place);
            foreach (JsonProperty entry in json.EnumerateObject())
                map.Add(entry.Name, entry.Value.ValueKind switch
                {
                    JsonValueKind.Null => null,
                    JsonValueKind.String => entry.Value.GetString(),
                    _ => throw Broken(name, Place),
                });
            return map;
        }
    }
}
