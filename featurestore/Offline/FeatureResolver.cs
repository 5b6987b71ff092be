using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>Finds the views and features that names mean.</summary>
internal static class FeatureResolver
{
    private const int ListedMax = 12;

    /// <summary>The features of a service, where <paramref name="references"/> is one name of a service alone; else the references themselves.</summary>
    internal static ResolvedFeatures Resolve(IReadOnlyList<FeatureReference> references, FeatureDefinitions definitions, SourcePlace? place = null)
    {
        if (references is [{ Feature: null } only] && FindView(only.View, definitions) is null && FindOnDemand(only.View, definitions) is null
            && definitions.FeatureServices.FirstOrDefault(candidate => candidate.Name == only.View) is { } service)
            return Resolve(service, definitions);
        return ResolveAll(references, definitions, place);
    }

    /// <summary>The features of a service.</summary>
    internal static ResolvedFeatures Resolve(FeatureService service, FeatureDefinitions definitions) => ResolveAll(service.Features, definitions, service.Place);

    /// <summary>The features of a training set's service, or those that it names.</summary>
    internal static ResolvedFeatures Resolve(TrainingSetDefinition trainingSet, FeatureDefinitions definitions)
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

    private static ResolvedFeatures ResolveAll(IEnumerable<FeatureReference> references, FeatureDefinitions definitions, SourcePlace? place)
    {
        var views = new List<ViewEntry>();
        var onDemand = new List<OnDemandView>();
        foreach (FeatureReference reference in references)
        {
            if (FindOnDemand(reference.View, definitions) is { } computed) AddOnDemand(reference, computed, onDemand, place);
            else Add(reference, views, definitions, place, isAsked: true);
        }
        foreach (OnDemandView view in onDemand)
        {
            foreach (FeatureReference read in view.Reads)
            {
                if (FindOnDemand(read.View, definitions) is not null) throw new LeptonDataException("featurestore.on_demand_reads_on_demand", [view.Name, read.View]) { Place = view.Place ?? place };
                Add(read, views, definitions, view.Place ?? place, isAsked: false);
            }
        }
        foreach (OnDemandView view in onDemand)
            if (views.Find(entry => entry.Name == view.Name) is { } taken) throw new LeptonDataException("featurestore.prefix_taken", [view.Name, taken.View.Name, view.Name]) { Place = place };
        bool isWhole = definitions.ViewVersions is not null || references.Concat(onDemand.SelectMany(view => view.Reads)).All(reference => reference.Version is null);
        return new ResolvedFeatures([.. views.Select(entry => JoinOf(entry, place))], onDemand) { IsWhole = isWhole };
    }

    // A view's features stand together, where the view was named first under its prefix; those that nobody asked for behind the others.
    private static void Add(FeatureReference reference, List<ViewEntry> views, FeatureDefinitions definitions, SourcePlace? place, bool isAsked)
    {
        FeatureView view = FindView(reference.View, definitions)
            ?? throw Unknown("featurestore.unknown_view", reference.View, definitions.FeatureViews.Select(candidate => candidate.Name).Concat(isAsked ? definitions.OnDemandViews.Select(candidate => candidate.Name) : []), place);
        if (reference.Version is { } version)
        {
            // What a file says of versions, the registry knows.
            if (definitions.ViewVersions is null) return;
            view = FindVersion(view, version, definitions, place);
        }
        string name = reference.Prefix ?? view.Name;
        ViewEntry? entry = views.Find(candidate => candidate.Name == name);
        if (entry is null) views.Add(entry = new ViewEntry(name, view, FindEntity(view.Entity, definitions, view.Place), reference.Keys) { IsOld = definitions.ViewVersions?.Contains(view) == true });
        else if (entry.View.Name != view.Name || entry.View.Version != view.Version || !Equals(entry.Keys, reference.Keys)) throw new LeptonDataException("featurestore.prefix_taken", [name, NameOf(entry.View), NameOf(view)]) { Place = place };
        foreach (string feature in reference.Feature is null ? view.Features : [FindFeature(reference.Feature, view.Features, view.Name, place)])
        {
            if (!entry.Features.Contains(feature)) entry.Features.Add(feature);
            else if (isAsked) throw new LeptonDataException("featurestore.feature_twice", [name, feature]) { Place = place };
            if (isAsked) entry.AskedCount++;
        }
    }

    private static void AddOnDemand(FeatureReference reference, OnDemandView view, List<OnDemandView> onDemand, SourcePlace? place)
    {
        if (reference.Prefix is not null || reference.Keys is not null || reference.Version is not null) throw new LeptonDataException("featurestore.on_demand_prefix", [view.Name]) { Place = place };
        string? only = reference.Feature is null ? null : FindFeature(reference.Feature, view.Features.Select(feature => feature.Name), view.Name, place);
        int index = onDemand.FindIndex(candidate => candidate.Name == view.Name);
        if (index < 0)
        {
            index = onDemand.Count;
            onDemand.Add(view with { Features = [] });
        }
        foreach (OnDemandFeature feature in view.Features.Where(feature => only is null || feature.Name == only))
        {
            if (onDemand[index].Features.Any(other => other.Name == feature.Name)) throw new LeptonDataException("featurestore.feature_twice", [view.Name, feature.Name]) { Place = place };
            onDemand[index] = onDemand[index] with { Features = new EquatableList<OnDemandFeature>(onDemand[index].Features.Append(feature)) };
        }
    }

    // From here on a view under a prefix is a view of that name, of an entity whose keys are called as the labels call them.
    private static ViewJoin JoinOf(ViewEntry entry, SourcePlace? place)
    {
        (string name, FeatureView view, Entity entity, EquatableList<KeyColumn> keys) = (entry.Name, entry.View with { Features = new EquatableList<string>(entry.Features) }, entry.Entity, entry.Keys ?? []);
        foreach (KeyColumn key in keys)
            if (!entity.Keys.Contains(key.Key, StringComparer.OrdinalIgnoreCase)) throw Unknown("featurestore.unknown_key", key.Key, entity.Keys, place, entity.Name);
        string[] columns = [.. entity.Keys.Select(key => keys.FirstOrDefault(candidate => string.Equals(candidate.Key, key, StringComparison.OrdinalIgnoreCase)).Column ?? key)];
        if (columns.GroupBy(column => column, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is { } twice) throw new LeptonDataException("featurestore.key_twice", [twice.Key]) { Place = place };
        Entity own = keys.Count == 0 ? entity : entity with { Name = $"{entity.Name}@{name}", Keys = new EquatableList<string>(columns) };
        return new ViewJoin(view with { Name = name, Entity = own.Name }, own) { DefinedView = view.Name, DefinedEntity = entity.Name, AskedCount = entry.AskedCount, OldVersion = entry.IsOld ? view.Version : null };
    }

    private static FeatureView? FindView(string name, FeatureDefinitions definitions) => definitions.FeatureViews.FirstOrDefault(candidate => candidate.Name == name);

    private static FeatureView FindVersion(FeatureView newest, int version, FeatureDefinitions definitions, SourcePlace? place)
    {
        FeatureView[] all = [.. definitions.ViewVersions!.Where(candidate => candidate.Name == newest.Name), newest];
        FeatureView found = all.FirstOrDefault(candidate => candidate.Version == version)
            ?? throw new LeptonDataException("featurestore.unknown_view_version", [newest.Name, version, string.Join(", ", all.Select(candidate => candidate.Version).OfType<int>().Select(number => $"v{number}"))]) { Place = place };
        return found.HasOtherKeys ? throw new LeptonDataException("featurestore.view_version_keys", [NameOf(found), found.Entity]) { Place = place } : found;
    }

    private static string NameOf(FeatureView view) => new FeatureReference(view.Name, null) { Version = view.Version }.ViewText;

    private static OnDemandView? FindOnDemand(string name, FeatureDefinitions definitions) => definitions.OnDemandViews.FirstOrDefault(candidate => candidate.Name == name);

    private static string FindFeature(string feature, IEnumerable<string> features, string view, SourcePlace? place)
        => features.FirstOrDefault(candidate => string.Equals(candidate, feature, StringComparison.OrdinalIgnoreCase))
           ?? throw Unknown("featurestore.unknown_feature", feature, features, place, view);

    private sealed record ViewEntry(string Name, FeatureView View, Entity Entity, EquatableList<KeyColumn>? Keys)
    {
        internal List<string> Features { get; } = [];

        internal int AskedCount { get; set; }

        internal bool IsOld { get; init; }
    }
}

/// <summary>What names mean.</summary>
/// <param name="Views">What to join: the views that were asked for, then those that on-demand views read.</param>
/// <param name="OnDemandViews">What to compute from it, each with the features that were asked for.</param>
internal sealed record ResolvedFeatures(IReadOnlyList<ViewJoin> Views, IReadOnlyList<OnDemandView> OnDemandViews)
{
    /// <summary>Whether nothing was left out: versions of views are known to the registry alone.</summary>
    internal bool IsWhole { get; init; } = true;
}
