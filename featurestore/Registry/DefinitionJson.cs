using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;

namespace Lepton.Data.FeatureStore.Registry;

/// <summary>
/// Definitions as JSON: one text for one meaning. Keys stand in a fixed order, what was not given is left out, names of columns are as they were written, and there is no white space.
/// Places in files are no part of it. See docs/formats/registry.md.
/// </summary>
internal static class DefinitionJson
{
    private static readonly JsonSerializerOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The text of a JSON value, without white space.</summary>
    internal static string Text(JsonNode node) => node.ToJsonString(s_options);

    internal static JsonObject Of(Entity entity)
    {
        var json = new JsonObject { ["keys"] = List(entity.Keys) };
        return Close(json, entity.Notes);
    }

    internal static JsonObject Of(FeatureView view, EquatableList<string> entityKeys)
    {
        var json = new JsonObject { ["entity"] = view.Entity, ["table"] = view.Table.ToString() };
        if (view.EventTime is not null)
        {
            json["event_time"] = view.EventTime;
            json["created_time"] = view.CreatedTime ?? DefinitionReading.NoCreatedTime;
        }
        if (view.Ttl is { } ttl) json["ttl_us"] = Microseconds(ttl);
        if (view.Sequence is not null) json["sequence"] = view.Sequence;
        if (view.IsStrict) json["strict"] = true;
        if (view.SkipsNulls) json["skip_nulls"] = true;
        var keys = new JsonObject();
        for (int i = 0; i < entityKeys.Count; i++) keys[entityKeys[i]] = view.KeyColumns[i];
        json["keys"] = keys;
        json["features"] = List(view.Features);
        return Close(json, view.Notes);
    }

    internal static JsonObject Of(OnDemandView view)
    {
        var json = new JsonObject();
        if (view.Reads.Count > 0) json["reads"] = References(view.Reads);
        if (view.Inputs.Count > 0) json["inputs"] = new JsonObject(view.Inputs.Select(input => KeyValuePair.Create(input.Name, (JsonNode?)JsonValue.Create(input.Type.ToString()))));
        json["features"] = new JsonObject(view.Features.Select(feature => KeyValuePair.Create(feature.Name, (JsonNode?)JsonValue.Create(feature.Expression.Text))));
        return Close(json, view.Notes);
    }

    internal static JsonObject Of(FeatureService service)
    {
        var json = new JsonObject { ["features"] = References(service.Features) };
        return Close(json, service.Notes);
    }

    internal static JsonObject Of(TrainingSetDefinition trainingSet)
    {
        var json = new JsonObject();
        if (trainingSet.Service is not null) json["service"] = trainingSet.Service;
        else json["features"] = References(trainingSet.Features);
        json["labels"] = trainingSet.Labels.Text;
        json["event_time"] = trainingSet.EventTime;
        if (trainingSet.Split is { } split)
        {
            if (split.FoldCount is { } folds) json["folds"] = folds;
            else json["split"] = new JsonArray([.. split.Parts.Select(PartJson)]);
            if (split.Gap > TimeSpan.Zero) json["gap_us"] = Microseconds(split.Gap);
            if (split.Groups.Count > 0) json["groups"] = List(split.Groups);
            if (split.Stratify is not null) json["stratify"] = split.Stratify;
        }
        if (trainingSet.Sample is { } sample)
        {
            var drawn = new JsonObject();
            if (sample.RowCount is { } rows) drawn["rows"] = rows;
            if (sample.Share is { } share) drawn["share"] = share;
            if (sample.Groups.Count > 0) drawn["groups"] = List(sample.Groups);
            json["sample"] = drawn;
        }
        if (trainingSet.Weight is { } weight) json["weight"] = new JsonObject { ["balance"] = weight.Balance };
        if (trainingSet.Horizon > TimeSpan.Zero) json["horizon_us"] = Microseconds(trainingSet.Horizon);
        if (trainingSet.Seed != 0) json["seed"] = trainingSet.Seed;
        return Close(json, trainingSet.Notes);
    }

    internal static Entity ReadEntity(string name, JsonElement json)
        => new(name, Strings(json.GetProperty("keys"))) { Notes = ReadNotes(json) };

    internal static FeatureView ReadView(string name, JsonElement json)
    {
        string? createdTime = Optional(json, "created_time");
        return new FeatureView(name, Required(json, "entity"), TableName.Parse(Required(json, "table")), Strings(json.GetProperty("features")))
        {
            EventTime = Optional(json, "event_time"),
            CreatedTime = createdTime == DefinitionReading.NoCreatedTime ? null : createdTime,
            Ttl = Duration(json, "ttl_us"),
            Sequence = Optional(json, "sequence"),
            IsStrict = json.TryGetProperty("strict", out JsonElement strict) && strict.GetBoolean(),
            SkipsNulls = json.TryGetProperty("skip_nulls", out JsonElement skips) && skips.GetBoolean(),
            KeyColumns = new EquatableList<string>(json.GetProperty("keys").EnumerateObject().Select(key => key.Value.GetString()!)),
            Notes = ReadNotes(json),
        };
    }

    internal static OnDemandView ReadOnDemandView(string name, JsonElement json)
        => new(name, new EquatableList<OnDemandFeature>(json.GetProperty("features").EnumerateObject().Select(feature => new OnDemandFeature(feature.Name, new SqlText(feature.Value.GetString()!, $"{name}.{feature.Name}")))))
        {
            Reads = json.TryGetProperty("reads", out JsonElement reads) ? References(reads) : [],
            Inputs = json.TryGetProperty("inputs", out JsonElement inputs) ? new EquatableList<RequestColumn>(inputs.EnumerateObject().Select(input => new RequestColumn(input.Name, DataType.Parse(input.Value.GetString()!)))) : [],
            Notes = ReadNotes(json),
        };

    internal static FeatureService ReadService(string name, JsonElement json)
        => new(name, References(json.GetProperty("features"))) { Notes = ReadNotes(json) };

    internal static TrainingSetDefinition ReadTrainingSet(string name, JsonElement json)
        => new(name, new SqlText(Required(json, "labels"), $"{name}.labels"), Required(json, "event_time"))
        {
            Service = Optional(json, "service"),
            Features = json.TryGetProperty("features", out JsonElement features) ? References(features) : [],
            Split = ReadSplit(json),
            Sample = json.TryGetProperty("sample", out JsonElement sample) ? ReadSample(sample) : null,
            Weight = json.TryGetProperty("weight", out JsonElement weight) ? new WeightDefinition(Required(weight, "balance")) : null,
            Horizon = Duration(json, "horizon_us") ?? TimeSpan.Zero,
            Seed = json.TryGetProperty("seed", out JsonElement seed) ? seed.GetInt64() : 0,
            Notes = ReadNotes(json),
        };

    internal static string Required(JsonElement json, string key) => json.GetProperty(key).GetString() ?? throw new JsonException($"{key} is null");

    internal static string? Optional(JsonElement json, string key) => json.TryGetProperty(key, out JsonElement value) ? value.GetString() : null;

    internal static EventTime Time(string text) => EventTime.TryParse(text, out EventTime time) ? time : throw new JsonException($"'{text}' is no instant");

    /// <summary>How a value of a definition is shown to a person, close to YAML.</summary>
    internal static string Readable(string key, JsonNode value) => value switch
    {
        JsonArray list => $"[{string.Join(", ", list.Select(item => Readable(key, item!)))}]",
        JsonObject map => $"{{ {string.Join(", ", map.Select(pair => $"{pair.Key}: {Readable(pair.Key, pair.Value!)}"))} }}",
        JsonValue one when key.EndsWith("_us", StringComparison.Ordinal) && one.TryGetValue(out long microseconds) => Quantities.DurationText(new TimeSpan(microseconds * TimeSpan.TicksPerMicrosecond)),
        JsonValue one when one.TryGetValue(out string? text) => text,
        _ => value.ToJsonString(),
    };

    private static JsonNode PartJson(SplitPart part)
    {
        var json = new JsonObject { ["name"] = part.Name };
        if (part.Before is { } before) json["before"] = before.ToString();
        if (part.Share is { } share) json["share"] = share;
        return json;
    }

    private static SplitDefinition? ReadSplit(JsonElement json)
    {
        SplitDefinition split;
        if (json.TryGetProperty("folds", out JsonElement folds)) split = SplitDefinition.Folds(folds.GetInt32());
        else if (json.TryGetProperty("split", out JsonElement parts)) split = new SplitDefinition(new EquatableList<SplitPart>(parts.EnumerateArray().Select(ReadPart)));
        else return null;
        return split with
        {
            Gap = Duration(json, "gap_us") ?? TimeSpan.Zero,
            Groups = json.TryGetProperty("groups", out JsonElement groups) ? Strings(groups) : [],
            Stratify = Optional(json, "stratify"),
        };
    }

    private static SplitPart ReadPart(JsonElement json)
        => new(Required(json, "name"), Optional(json, "before") is { } before ? Time(before) : null, json.TryGetProperty("share", out JsonElement share) ? share.GetDouble() : null);

    private static SampleDefinition ReadSample(JsonElement json)
        => new(json.TryGetProperty("rows", out JsonElement rows) ? rows.GetInt64() : null, json.TryGetProperty("share", out JsonElement share) ? share.GetDouble() : null)
        {
            Groups = json.TryGetProperty("groups", out JsonElement groups) ? Strings(groups) : [],
        };

    private static long Microseconds(TimeSpan duration) => duration.Ticks / TimeSpan.TicksPerMicrosecond;

    private static TimeSpan? Duration(JsonElement json, string key) => json.TryGetProperty(key, out JsonElement value) ? new TimeSpan(checked(value.GetInt64() * TimeSpan.TicksPerMicrosecond)) : null;

    private static EquatableList<string> Strings(JsonElement json) => new(json.EnumerateArray().Select(item => item.GetString()!));

    private static JsonArray References(IEnumerable<FeatureReference> references) => new([.. references.Select(ReferenceJson)]);

    // A reference with nothing but its name is that name.
    private static JsonNode ReferenceJson(FeatureReference reference)
    {
        if (reference.Prefix is null && reference.Keys is null) return reference.ToString();
        var json = new JsonObject { ["feature"] = reference.ToString() };
        if (reference.Prefix is not null) json["prefix"] = reference.Prefix;
        if (reference.Keys is { } keys)
        {
            var columns = new JsonObject();
            foreach (KeyColumn key in keys) columns[key.Key] = key.Column;
            json["keys"] = columns;
        }
        return json;
    }

    private static EquatableList<FeatureReference> References(JsonElement json) => new(json.EnumerateArray().Select(ReadReference));

    private static FeatureReference ReadReference(JsonElement json) => json.ValueKind == JsonValueKind.String ? FeatureReference.Parse(json.GetString()!) : FeatureReference.Parse(Required(json, "feature")) with
    {
        Prefix = Optional(json, "prefix"),
        Keys = json.TryGetProperty("keys", out JsonElement keys) ? new EquatableList<KeyColumn>(keys.EnumerateObject().Select(key => new KeyColumn(key.Name, key.Value.GetString()!))) : null,
    };

    private static JsonArray List(IEnumerable<string> items) => new([.. items.Select(item => (JsonNode)JsonValue.Create(item))]);

    private static JsonObject Close(JsonObject json, Notes notes)
    {
        if (notes.Description is not null) json["description"] = notes.Description;
        if (notes.Owner is not null) json["owner"] = notes.Owner;
        if (notes.Tags.Count > 0) json["tags"] = new JsonObject(notes.Tags.Select(tag => KeyValuePair.Create(tag.Name, (JsonNode?)JsonValue.Create(tag.Value))));
        return json;
    }

    private static Notes ReadNotes(JsonElement json) => new()
    {
        Description = Optional(json, "description"),
        Owner = Optional(json, "owner"),
        Tags = json.TryGetProperty("tags", out JsonElement tags) ? new EquatableList<Tag>(tags.EnumerateObject().Select(tag => new Tag(tag.Name, tag.Value.GetString()!))) : [],
    };
}
