using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.FeatureStore.Definitions;

/// <summary>Puts the definitions of several files together and resolves the names among them.</summary>
internal sealed class DefinitionReading
{
    /// <summary>The word that a view writes where its table has no created time.</summary>
    internal const string NoCreatedTime = "none";

    private readonly SortedDictionary<string, Entity> _entities = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Entry<ViewText>> _views = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, OnDemandView> _onDemandViews = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, FeatureService> _services = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, TrainingSetDefinition> _trainingSets = new(StringComparer.Ordinal);

    internal void Add(ReadOnlySpan<byte> utf8, string path)
    {
        FileText file = DefinitionFormats.File.Read(utf8, path);
        foreach (var entry in file.Entities) AddOnce(_entities, entry.Name, entry.Value(entry.Name, entry.Place), entry.Place, other => other.Place);
        foreach (var entry in file.Views) AddOnce(_views, entry.Name, entry, entry.Place, other => other.Place);
        foreach (var entry in file.OnDemandViews) AddOnce(_onDemandViews, entry.Name, entry.Value(entry.Name, entry.Place), entry.Place, other => other.Place);
        foreach (var entry in file.Services) AddOnce(_services, entry.Name, entry.Value(entry.Name, entry.Place), entry.Place, other => other.Place);
        foreach (var entry in file.TrainingSets) AddOnce(_trainingSets, entry.Name, entry.Value(entry.Name, entry.Place), entry.Place, other => other.Place);
    }

    internal FeatureDefinitions Complete()
    {
        var problems = new ProblemList();
        var definitions = new FeatureDefinitions { Entities = [.. _entities.Values] };
        definitions = definitions with
        {
            FeatureViews = [.. _views.Values.Select(entry => problems.Try(() => ViewOf(entry, definitions))).OfType<FeatureView>()],
            OnDemandViews = [.. _onDemandViews.Values],
            FeatureServices = [.. _services.Values],
            TrainingSets = [.. _trainingSets.Values],
        };
        // What names a view that is not right would only say that it is not there.
        problems.ThrowIfAny();
        foreach (OnDemandView view in definitions.OnDemandViews)
        {
            if (_views.TryGetValue(view.Name, out Entry<ViewText> other)) problems.Add(new LeptonDataException("featurestore.defined_twice", [view.Name, other.Place]) { Place = view.Place });
            else problems.Try(() => FeatureResolver.Resolve([new FeatureReference(view.Name, null)], definitions, view.Place));
        }
        problems.ThrowIfAny();
        foreach (FeatureService service in definitions.FeatureServices)
        {
            // `get-historical-features --features NAME` takes either.
            if ((_views.TryGetValue(service.Name, out Entry<ViewText> view) ? view.Place : _onDemandViews.GetValueOrDefault(service.Name)?.Place) is { } taken)
                problems.Add(new LeptonDataException("featurestore.service_named_as_view", [service.Name, taken]) { Place = service.Place });
            else problems.Try(() => FeatureResolver.Resolve(service, definitions));
        }
        foreach (TrainingSetDefinition trainingSet in definitions.TrainingSets) problems.Try(() => FeatureResolver.Resolve(trainingSet, definitions));
        problems.ThrowIfAny();
        return definitions;
    }

    private static FeatureView ViewOf(Entry<ViewText> entry, FeatureDefinitions definitions)
    {
        ViewText text = entry.Value;
        Entity entity = FeatureResolver.FindEntity(text.Entity.Value, definitions, text.Entity.Place);
        var places = new Dictionary<string, SourcePlace>(StringComparer.Ordinal) { ["table"] = text.Table.Place };
        if (text.EventTime is { } eventTime) places["event_time"] = eventTime.Place;
        if (text.CreatedTime is { } createdTime) places["created_time"] = createdTime.Place;
        if (text.Sequence is { } sequence) places["sequence"] = sequence.Place;
        foreach (Located<string> feature in text.Features)
        {
            places[$"features/{feature.Value}"] = feature.Place;
            // view__status says whether a row was found.
            if (text.EventTime is not null && string.Equals(feature.Value, "status", StringComparison.OrdinalIgnoreCase))
                throw new LeptonDataException("featurestore.feature_named_status", [entry.Name]) { Place = feature.Place };
        }
        var columns = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (Entry<Located<string>> key in text.Keys)
        {
            if (!entity.Keys.Contains(key.Name, StringComparer.OrdinalIgnoreCase)) throw FeatureResolver.Unknown("featurestore.unknown_key", key.Name, entity.Keys, key.Place, entity.Name);
            columns[key.Name] = key.Value.Value;
            places[$"keys/{key.Value.Value}"] = key.Value.Place;
        }
        return new FeatureView(entry.Name, entity.Name, text.Table.Value, DefinitionFormats.Distinct(text.Features, "featurestore.feature_listed_twice"))
        {
            EventTime = text.EventTime?.Value,
            CreatedTime = text.CreatedTime?.Value is { } column && column != NoCreatedTime ? column : null,
            Ttl = text.Ttl,
            Sequence = text.Sequence?.Value,
            IsStrict = text.IsStrict,
            SkipsNulls = text.SkipsNulls,
            KeyColumns = new EquatableList<string>(entity.Keys.Select(key => columns.GetValueOrDefault(key, key))),
            Notes = text.Notes,
            Place = entry.Place,
            Places = places,
        };
    }

    private static void AddOnce<T>(SortedDictionary<string, T> all, string name, T value, SourcePlace place, Func<T, SourcePlace?> placeOf)
    {
        if (all.TryGetValue(name, out T? other)) throw new LeptonDataException("featurestore.defined_twice", [name, placeOf(other)]) { Place = place };
        all.Add(name, value);
    }
}
