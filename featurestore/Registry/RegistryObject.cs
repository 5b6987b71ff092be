using System.Text.Json;
using System.Text.Json.Nodes;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.Schemas;

namespace Lepton.Data.FeatureStore.Registry;

/// <summary>One object of the registry: what it is (the spec, which a person wrote) and what is known of it (the meta).</summary>
internal sealed record RegistryObject(ObjectKind Kind, string Name, string Spec, RegistryMeta Meta)
{
    /// <summary>The form of specs that this software writes; a newer one is refused.</summary>
    internal const int FormatVersion = 1;

    /// <summary>The objects that definitions amount to, by kind, then name.</summary>
    internal static IReadOnlyList<RegistryObject> Of(FeatureDefinitions definitions) =>
    [
        .. definitions.Entities.Select(entity => new RegistryObject(ObjectKind.Entity, entity.Name, DefinitionJson.Text(DefinitionJson.Of(entity)), RegistryMeta.None)),
        .. definitions.FeatureViews.Select(view => new RegistryObject(ObjectKind.FeatureView, view.Name, SpecOf(view, definitions), RegistryMeta.None)),
        .. definitions.OnDemandViews.Select(view => new RegistryObject(ObjectKind.OnDemandView, view.Name, DefinitionJson.Text(DefinitionJson.Of(view)), RegistryMeta.None)),
        .. definitions.FeatureServices.Select(service => new RegistryObject(ObjectKind.FeatureService, service.Name, DefinitionJson.Text(DefinitionJson.Of(service)), RegistryMeta.None)),
        .. definitions.TrainingSets.Select(set => new RegistryObject(ObjectKind.TrainingSet, set.Name, DefinitionJson.Text(DefinitionJson.Of(set)), RegistryMeta.None)),
    ];

    /// <summary>The definitions that objects amount to.</summary>
    /// <exception cref="LeptonDataException"><c>featurestore.registry_broken</c></exception>
    internal static FeatureDefinitions Definitions(IReadOnlyList<RegistryObject> objects) => new()
    {
        Entities = [.. Read(objects, ObjectKind.Entity, DefinitionJson.ReadEntity)],
        FeatureViews = [.. Read([.. objects.Where(item => !item.IsOldVersion)], ObjectKind.FeatureView, DefinitionJson.ReadView).Select(view => view with { Version = VersionOf(objects, view.Name) })],
        ViewVersions = [.. Read([.. objects.Where(item => item.IsOldVersion)], ObjectKind.FeatureView, (name, json) => ReadVersion(name, json, objects)).OrderBy(view => view.Name, StringComparer.Ordinal).ThenBy(view => view.Version)],
        OnDemandViews = [.. Read(objects, ObjectKind.OnDemandView, DefinitionJson.ReadOnDemandView)],
        FeatureServices = [.. Read(objects, ObjectKind.FeatureService, DefinitionJson.ReadService)],
        TrainingSets = [.. Read(objects, ObjectKind.TrainingSet, DefinitionJson.ReadTrainingSet)],
    };

    /// <summary>What came, changed and went, by kind, then name.</summary>
    internal static IReadOnlyList<RegistryChange> Compare(IReadOnlyList<RegistryObject> before, IReadOnlyList<RegistryObject> after)
    {
        Dictionary<(ObjectKind, string), RegistryObject> old = before.ToDictionary(item => (item.Kind, item.Name));
        Dictionary<(ObjectKind, string), RegistryObject> now = after.ToDictionary(item => (item.Kind, item.Name));
        IEnumerable<RegistryChange> changes = after.Where(item => !old.ContainsKey((item.Kind, item.Name))).Select(item => new RegistryChange(item.Kind, item.Name, ChangeKind.Added, []))
            .Concat(after.Where(item => old.TryGetValue((item.Kind, item.Name), out RegistryObject? other) && other.Spec != item.Spec)
                .Select(item => new RegistryChange(item.Kind, item.Name, ChangeKind.Changed, Compare(old[(item.Kind, item.Name)].Spec, item.Spec))))
            .Concat(before.Where(item => !now.ContainsKey((item.Kind, item.Name))).Select(item => new RegistryChange(item.Kind, item.Name, ChangeKind.Removed, [])));
        return [.. changes.OrderBy(change => change.Kind).ThenBy(change => change.Name, StringComparer.Ordinal)];
    }

    /// <summary>Whether this is a version of a view that is no longer in force: its name is <c>view@v1</c>.</summary>
    internal bool IsOldVersion => Kind == ObjectKind.FeatureView && Name.Contains('@', StringComparison.Ordinal);

    /// <summary>The name without a version.</summary>
    internal string ViewName => FeatureReference.ParseView(Name).View;

    /// <summary>What two views mean differently, notes aside; empty where they mean the same.</summary>
    internal static IReadOnlyList<PropertyChange> CompareMeaning(RegistryObject before, RegistryObject after)
        => [.. Compare(before.Spec, after.Spec).Where(change => change.Property is not ("description" or "owner" or "tags")), .. ViewFacts.Compare(before.Meta.Facts, after.Meta.Facts)];

    /// <summary>What differs between two specs, in the order of the newer one.</summary>
    internal static IReadOnlyList<PropertyChange> Compare(string oldSpec, string newSpec)
    {
        JsonObject before = JsonNode.Parse(oldSpec)!.AsObject();
        JsonObject after = JsonNode.Parse(newSpec)!.AsObject();
        var changes = new List<PropertyChange>();
        foreach (string key in after.Select(pair => pair.Key).Union(before.Select(pair => pair.Key)))
        {
            string? old = before[key] is { } left ? DefinitionJson.Readable(key, left) : null;
            string? now = after[key] is { } right ? DefinitionJson.Readable(key, right) : null;
            if (old != now) changes.Add(new PropertyChange(key.EndsWith("_us", StringComparison.Ordinal) ? key[..^3] : key, old, now));
        }
        return changes;
    }

    private static int VersionOf(IReadOnlyList<RegistryObject> objects, string view) => objects.First(item => item.Kind == ObjectKind.FeatureView && item.Name == view).Meta.Version;

    private static FeatureView ReadVersion(string name, JsonElement json, IReadOnlyList<RegistryObject> objects)
    {
        FeatureReference reference = FeatureReference.ParseView(name);
        FeatureView view = DefinitionJson.ReadView(reference.View, json);
        IEnumerable<string> keys = json.GetProperty("keys").EnumerateObject().Select(key => key.Name);
        RegistryObject? entity = objects.FirstOrDefault(item => item.Kind == ObjectKind.Entity && item.Name == view.Entity);
        bool isSame = entity is not null && JsonNode.Parse(entity.Spec)!["keys"]!.AsArray().Select(key => key!.GetValue<string>()).SequenceEqual(keys);
        return view with { Version = reference.Version, HasOtherKeys = !isSame };
    }

    private static string SpecOf(FeatureView view, FeatureDefinitions definitions)
        => DefinitionJson.Text(DefinitionJson.Of(view, FeatureResolver.FindEntity(view.Entity, definitions, view.Place).Keys));

    private static IEnumerable<T> Read<T>(IReadOnlyList<RegistryObject> objects, ObjectKind kind, Func<string, JsonElement, T> read)
    {
        foreach (RegistryObject item in objects.Where(item => item.Kind == kind).OrderBy(item => item.Name, StringComparer.Ordinal))
        {
            T value;
            try
            {
                using JsonDocument document = JsonDocument.Parse(item.Spec);
                value = read(item.Name, document.RootElement);
            }
            catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException or OverflowException or FormatException)
            {
                throw new LeptonDataException("featurestore.registry_broken", [item.Kind, item.Name], failure);
            }
            yield return value;
        }
    }
}

/// <summary>What is known of an object beside its definition.</summary>
/// <param name="CreatedAt">When it was first applied.</param>
/// <param name="ChangedAt">When its definition last changed.</param>
/// <param name="RunId">The run that applied the definition.</param>
internal sealed record RegistryMeta(EventTime CreatedAt, EventTime ChangedAt, string RunId)
{
    internal static RegistryMeta None { get; } = new(default, default, "");

    /// <summary>Of a feature view: counted from 1.</summary>
    internal int Version { get; init; } = 1;

    /// <summary>Of a feature view.</summary>
    internal ViewFacts Facts { get; init; } = ViewFacts.None;

    internal string ToJson()
    {
        var json = new JsonObject { ["created_at"] = CreatedAt.ToString(), ["changed_at"] = ChangedAt.ToString(), ["run_id"] = RunId };
        if (Version > 1) json["version"] = Version;
        if (Facts.Types is { } types) json["types"] = new JsonObject(types.Select(type => KeyValuePair.Create(type.Key, (JsonNode?)JsonValue.Create(type.Value))));
        if (Facts.PlanHash is { } plan) json["plan_hash"] = plan;
        return DefinitionJson.Text(json);
    }

    internal static RegistryMeta Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement root = document.RootElement;
        return new RegistryMeta(
            DefinitionJson.Time(DefinitionJson.Required(root, "created_at")), DefinitionJson.Time(DefinitionJson.Required(root, "changed_at")), DefinitionJson.Required(root, "run_id"))
        {
            Version = root.TryGetProperty("version", out JsonElement version) ? version.GetInt32() : 1,
            Facts = new ViewFacts(
                root.TryGetProperty("types", out JsonElement types) ? types.EnumerateObject().ToDictionary(type => type.Name, type => type.Value.GetString()!) : null,
                DefinitionJson.Optional(root, "plan_hash")),
        };
    }
}
