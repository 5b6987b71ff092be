using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.FeatureStore.Registry;
using Lepton.Data.Schemas;

namespace Lepton.Data.FeatureStore.TrainingSets;

/// <summary>Manifests as JSON: keys in a fixed order, two spaces of indentation, <c>\n</c>. See docs/formats/training-set.md.</summary>
internal static class ManifestJson
{
    private const string Format = "lepton.training_set";

    private static readonly JsonWriterOptions s_writing = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static byte[] Write(TrainingSetManifest manifest)
    {
        var json = new JsonObject
        {
            ["format"] = Format,
            ["format_version"] = TrainingSetManifest.CurrentFormatVersion,
            ["name"] = manifest.Name,
            ["version"] = manifest.Version,
            ["identity"] = manifest.Identity,
            ["rule_version"] = manifest.RuleVersion,
            ["definition"] = DefinitionJson.Of(manifest.Definition),
            ["registry_version"] = manifest.RegistryVersion,
            ["entities"] = Map(manifest.Entities, entity => entity.Name, DefinitionJson.Of),
            ["views"] = Map(manifest.Views, view => view.Name, view => DefinitionJson.Of(view, EntityOf(view, manifest.Entities).Keys)),
            ["on_demand_views"] = manifest.OnDemandViews.Count == 0 ? null : Map(manifest.OnDemandViews, view => view.Name, DefinitionJson.Of),
            ["snapshots"] = List(manifest.Snapshots, PinJson),
            ["rows"] = manifest.RowCount,
            ["splits"] = List(manifest.Splits, split => new JsonObject { ["name"] = split.Name, ["rows"] = split.RowCount }),
            ["left_out"] = manifest.LeftOut is { } leftOut ? new JsonObject { ["sample"] = leftOut.BySample, ["distance"] = leftOut.ByDistance } : null,
            ["columns"] = List(manifest.Schema.Fields, ColumnJson),
            ["features"] = List(manifest.Features, FeatureJson),
            ["view_rows"] = List(manifest.ViewStatistics, StatisticsJson),
            ["content_hash"] = manifest.ContentHash,
            ["files"] = List(manifest.Files, FileJson),
            ["software"] = manifest.Software,
            ["created_at"] = manifest.CreatedAt.ToString(),
            ["run_id"] = manifest.RunId,
        };
        // So manifests without are as they always were.
        if (manifest.OnDemandViews.Count == 0) json.Remove("on_demand_views");
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, s_writing)) json.WriteTo(writer);
        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }

    /// <exception cref="LeptonDataException"><c>featurestore.manifest_broken</c>, <c>featurestore.manifest_newer</c></exception>
    internal static TrainingSetManifest Read(ReadOnlyMemory<byte> utf8, string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(utf8, new JsonDocumentOptions { AllowDuplicateProperties = false });
            JsonElement root = document.RootElement;
            if (Text(root, "format") != Format) throw new JsonException($"format is {Text(root, "format")}");
            int version = root.GetProperty("format_version").GetInt32();
            if (version > TrainingSetManifest.CurrentFormatVersion) throw new LeptonDataException("featurestore.manifest_newer", [path, version, TrainingSetManifest.CurrentFormatVersion]);
            return Read(root);
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException
            || (failure is LeptonDataException { Code: "schemas.unknown_type" or "schemas.unknown_type_near" or "schemas.duplicate_column" or "schemas.bad_name" }))
        {
            throw new LeptonDataException("featurestore.manifest_broken", [path, failure.Message], failure);
        }
    }

    /// <summary>What the version is made from, and nothing else: equal where a rebuild would give the same rows.</summary>
    internal static string IdentityOf(TrainingSetDefinition definition, BoundFeatures features, IReadOnlyList<PinnedSnapshot> snapshots, int ruleVersion)
    {
        TrainingSetDefinition bare = definition with { Notes = Notes.None, Service = null, Features = [] };
        var json = new JsonObject
        {
            ["rule_version"] = ruleVersion,
            ["definition"] = DefinitionJson.Of(bare),
            ["views"] = List(features.Views, view =>
            {
                var one = new JsonObject { ["name"] = view.View.Name, ["spec"] = DefinitionJson.Of(view.View with { Notes = Notes.None }, view.Entity.Keys) };
                if (view.AskedCount < view.View.Features.Count) one["asked"] = view.AskedCount;
                return one;
            }),
            ["snapshots"] = List(snapshots, pin => new JsonObject { ["table"] = pin.Table, ["id"] = pin.TableId, ["version"] = pin.Version }),
        };
        if (features.OnDemandViews.Count > 0) json["on_demand_views"] = Map(features.OnDemandViews, view => view.Name, view => DefinitionJson.Of(view with { Notes = Notes.None }));
        return Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(DefinitionJson.Text(json))));
    }

    private static TrainingSetManifest Read(JsonElement root)
    {
        string name = Text(root, "name");
        return new TrainingSetManifest
        {
            Name = name,
            Version = root.GetProperty("version").GetInt32(),
            Identity = Text(root, "identity"),
            RuleVersion = root.GetProperty("rule_version").GetInt32(),
            Definition = DefinitionJson.ReadTrainingSet(name, root.GetProperty("definition")),
            RegistryVersion = Number(root, "registry_version"),
            Entities = [.. root.GetProperty("entities").EnumerateObject().Select(entity => DefinitionJson.ReadEntity(entity.Name, entity.Value))],
            Views = [.. root.GetProperty("views").EnumerateObject().Select(view => DefinitionJson.ReadView(view.Name, view.Value))],
            OnDemandViews = root.TryGetProperty("on_demand_views", out JsonElement onDemand) ? [.. onDemand.EnumerateObject().Select(view => DefinitionJson.ReadOnDemandView(view.Name, view.Value))] : [],
            Snapshots = Items(root, "snapshots", pin => new PinnedSnapshot(Text(pin, "table"), Text(pin, "path"), Text(pin, "table_id"), Number(pin, "version"), DefinitionJson.Optional(pin, "content_hash"))),
            RowCount = Number(root, "rows"),
            Splits = Items(root, "splits", split => new SplitCount(Text(split, "name"), Number(split, "rows"))),
            LeftOut = root.TryGetProperty("left_out", out JsonElement leftOut) && leftOut.ValueKind == JsonValueKind.Object ? new LeftOut(Number(leftOut, "sample"), Number(leftOut, "distance")) : null,
            Schema = new Schema(Items(root, "columns", ReadColumn)),
            Features = Items(root, "features", feature => new FeatureCount(
                Text(feature, "column"), Text(feature, "view"), Text(feature, "feature"), Number(feature, "present"), Number(feature, "null"), Number(feature, "absent"), Number(feature, "expired"))
            {
                FromFuture = Number(feature, "from_future"),
                ComputedFrom = feature.TryGetProperty("computed_from", out JsonElement columns) ? new EquatableList<string>(columns.EnumerateArray().Select(column => column.GetString()!)) : [],
                Ages = new EquatableList<long>(feature.GetProperty("ages_us").EnumerateArray().Select(age => age.GetInt64())),
            }),
            ViewStatistics = Items(root, "view_rows", view => new ViewStatistics(
                Text(view, "view"), Number(view, "rows"), Number(view, "without_key"), Number(view, "without_event_time"), Number(view, "without_created_time"))),
            ContentHash = Text(root, "content_hash"),
            Files = Items(root, "files", file => new TrainingSetFile(FileName(Text(file, "path")), Number(file, "rows"), Number(file, "size_bytes"), Text(file, "sha256"))),
            Software = Text(root, "software"),
            CreatedAt = DefinitionJson.Time(Text(root, "created_at")),
            RunId = Text(root, "run_id"),
        };
    }

    // A manifest names files of its own folder, and nothing outside it is opened on its word.
    private static string FileName(string path) => path.Length > 0 && path == Path.GetFileName(path) && !path.StartsWith('.') ? path : throw new JsonException($"'{path}' is no file of the folder");

    private static JsonObject PinJson(PinnedSnapshot pin)
    {
        var json = new JsonObject { ["table"] = pin.Table, ["path"] = pin.Path, ["table_id"] = pin.TableId, ["version"] = pin.Version };
        if (pin.ContentHash is not null) json["content_hash"] = pin.ContentHash;
        return json;
    }

    private static JsonObject ColumnJson(Field field)
    {
        var json = new JsonObject { ["name"] = field.Name, ["type"] = field.Type.ToString() };
        if (!field.IsNullable) json["nullable"] = false;
        if (field.Metadata.Values.Count > 0) json["metadata"] = new JsonObject(field.Metadata.Values.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value))));
        return json;
    }

    private static Field ReadColumn(JsonElement json)
        => new(Text(json, "name"), DataType.Parse(Text(json, "type")), !json.TryGetProperty("nullable", out JsonElement nullable) || nullable.GetBoolean())
        {
            Metadata = json.TryGetProperty("metadata", out JsonElement metadata)
                ? FieldMetadata.Of(metadata.EnumerateObject().Select(pair => KeyValuePair.Create(pair.Name, pair.Value.GetString() ?? "")))
                : FieldMetadata.Empty,
        };

    private static JsonObject FeatureJson(FeatureCount count)
    {
        var json = new JsonObject
        {
            ["column"] = count.Column,
            ["view"] = count.View,
            ["feature"] = count.Feature,
            ["present"] = count.Present,
            ["null"] = count.Null,
            ["absent"] = count.Absent,
            ["expired"] = count.Expired,
            ["from_future"] = count.FromFuture,
            ["ages_us"] = new JsonArray([.. count.Ages.Select(age => (JsonNode)JsonValue.Create(age))]),
        };
        if (count.ComputedFrom.Count > 0) json["computed_from"] = new JsonArray([.. count.ComputedFrom.Select(column => (JsonNode)JsonValue.Create(column))]);
        return json;
    }

    private static JsonObject StatisticsJson(ViewStatistics view) => new()
    {
        ["view"] = view.View,
        ["rows"] = view.RowCount,
        ["without_key"] = view.WithoutKey,
        ["without_event_time"] = view.WithoutEventTime,
        ["without_created_time"] = view.WithoutCreatedTime,
    };

    private static JsonObject FileJson(TrainingSetFile file) => new() { ["path"] = file.Path, ["rows"] = file.RowCount, ["size_bytes"] = file.SizeBytes, ["sha256"] = file.Sha256 };

    private static Entity EntityOf(FeatureView view, IReadOnlyList<Entity> entities) => entities.First(entity => entity.Name == view.Entity);

    private static JsonArray List<T>(IEnumerable<T> items, Func<T, JsonObject> write) => new([.. items.Select(item => (JsonNode)write(item))]);

    private static JsonObject Map<T>(IEnumerable<T> items, Func<T, string> name, Func<T, JsonObject> write) => new(items.Select(item => KeyValuePair.Create(name(item), (JsonNode?)write(item))));

    private static T[] Items<T>(JsonElement root, string key, Func<JsonElement, T> read) => [.. root.GetProperty(key).EnumerateArray().Select(read)];

    private static string Text(JsonElement json, string key) => DefinitionJson.Required(json, key);

    private static long Number(JsonElement json, string key) => json.GetProperty(key).GetInt64();
}
