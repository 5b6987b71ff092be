using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>Finds the views and features that names mean.</summary>
internal static class FeatureResolver
{
    private const int ListedMax = 12;

    /// <summary>The features of a service, where <paramref name="references"/> is one name of a service alone; else the references themselves.</summary>
    internal static IReadOnlyList<ViewJoin> Resolve(IReadOnlyList<FeatureReference> references, FeatureDefinitions definitions, SourcePlace? place = null)
    {
        if (references is [{ Feature: null } only] && FindView(only.View, definitions) is null
            && definitions.FeatureServices.FirstOrDefault(candidate => candidate.Name == only.View) is { } service)
            return Resolve(service, definitions);
        return ResolveAll(references, definitions, place);
    }

    /// <summary>The features of a service.</summary>
    internal static IReadOnlyList<ViewJoin> Resolve(FeatureService service, FeatureDefinitions definitions) => ResolveAll(service.Features, definitions, service.Place);

    /// <summary>The features of a training set's service, or those that it names.</summary>
    internal static IReadOnlyList<ViewJoin> Resolve(TrainingSetDefinition trainingSet, FeatureDefinitions definitions)
    {
        if (trainingSet.Service is null) return ResolveAll(trainingSet.Features, definitions, trainingSet.Place);
        return Resolve(FindService(trainingSet.Service, definitions, trainingSet.Place), definitions);
    }

    internal static FeatureService FindService(string name, FeatureDefinitions definitions, SourcePlace? place)
        => definitions.FeatureServices.FirstOrDefault(candidate => candidate.Name == name)
           ?? throw Unknown("featurestore.unknown_service", name, definitions.FeatureServices.Select(candidate => candidate.Name), place);

    internal static Entity FindEntity(string name, FeatureDefinitions definitions, SourcePlace? place)
        => definitions.Entities.FirstOrDefault(candidate => candidate.Name == name)
           ?? throw Unknown("featurestore.unknown_entity", name, definitions.Entities.Select(candidate => candidate.Name), place);

    /// <summary>An error about a name that nobody knows, with the nearest that there is.</summary>
    internal static LeptonDataException Unknown(string code, string name, IEnumerable<string> known, SourcePlace? place, params ReadOnlySpan<object?> further)
    {
        string[] names = [.. known.Distinct()];
        if (Suggest.Nearest(name, names) is { } nearest) return new LeptonDataException(code + "_near", [name, nearest, .. further]) { Place = place };
        object list = names.Length == 0 ? new BilingualText("none", "无") : string.Join(", ", names.Take(ListedMax)) + (names.Length > ListedMax ? ", …" : "");
        return new LeptonDataException(code, [name, list, .. further]) { Place = place };
    }

    private static List<ViewJoin> ResolveAll(IEnumerable<FeatureReference> references, FeatureDefinitions definitions, SourcePlace? place)
    {
        // A view's features stand together, where the view was named first under its prefix.
        var views = new List<(string Name, FeatureView View, Entity Entity, EquatableList<KeyColumn>? Keys, List<string> Features)>();
        foreach (FeatureReference reference in references)
        {
            FeatureView view = FindView(reference.View, definitions)
                ?? throw Unknown("featurestore.unknown_view", reference.View, definitions.FeatureViews.Select(candidate => candidate.Name), place);
            string name = reference.Prefix ?? view.Name;
            int index = views.FindIndex(candidate => candidate.Name == name);
            if (index < 0)
            {
                index = views.Count;
                views.Add((name, view, FindEntity(view.Entity, definitions, view.Place), reference.Keys, []));
            }
            else if (views[index].View.Name != view.Name || !Equals(views[index].Keys, reference.Keys)) throw new LeptonDataException("featurestore.prefix_taken", [name, views[index].View.Name, view.Name]) { Place = place };
            foreach (string feature in reference.Feature is null ? view.Features : [FindFeature(view, reference.Feature, place)])
            {
                if (views[index].Features.Contains(feature)) throw new LeptonDataException("featurestore.feature_twice", [name, feature]) { Place = place };
                views[index].Features.Add(feature);
            }
        }
        return [.. views.Select(entry => JoinOf(entry.Name, entry.View with { Features = new EquatableList<string>(entry.Features) }, entry.Entity, entry.Keys ?? [], place))];
    }

    // From here on a view under a prefix is a view of that name, of an entity whose keys are called as the labels call them.
    private static ViewJoin JoinOf(string name, FeatureView view, Entity entity, EquatableList<KeyColumn> keys, SourcePlace? place)
    {
        foreach (KeyColumn key in keys)
            if (!entity.Keys.Contains(key.Key, StringComparer.OrdinalIgnoreCase)) throw Unknown("featurestore.unknown_key", key.Key, entity.Keys, place, entity.Name);
        string[] columns = [.. entity.Keys.Select(key => keys.FirstOrDefault(candidate => string.Equals(candidate.Key, key, StringComparison.OrdinalIgnoreCase)).Column ?? key)];
        if (columns.GroupBy(column => column, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is { } twice) throw new LeptonDataException("featurestore.key_twice", [twice.Key]) { Place = place };
        Entity own = keys.Count == 0 ? entity : entity with { Name = $"{entity.Name}@{name}", Keys = new EquatableList<string>(columns) };
        return new ViewJoin(view with { Name = name, Entity = own.Name }, own) { DefinedView = view.Name, DefinedEntity = entity.Name };
    }

    private static FeatureView? FindView(string name, FeatureDefinitions definitions) => definitions.FeatureViews.FirstOrDefault(candidate => candidate.Name == name);

    private static string FindFeature(FeatureView view, string feature, SourcePlace? place)
        => view.Features.FirstOrDefault(candidate => string.Equals(candidate, feature, StringComparison.OrdinalIgnoreCase))
           ?? throw Unknown("featurestore.unknown_feature", feature, view.Features, place, view.Name);
}
