using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.FeatureStore.Registry;

/// <summary>Holds feature definitions against columns that tables have or will have, without a lake.</summary>
public static class FeatureChecks
{
    /// <summary>Finds all that does not fit.</summary>
    /// <param name="definitions">What the project defines.</param>
    /// <param name="tables">The columns of each table, by name; null for a table whose columns are not known, about which nothing is said.</param>
    /// <param name="binder">Binds the labels of training sets.</param>
    /// <param name="access">On whose behalf.</param>
    /// <returns>The problems, with their places; empty where all fits.</returns>
    public static IReadOnlyList<LeptonDataException> FindProblems(FeatureDefinitions definitions, IReadOnlyDictionary<string, Schema?> tables, Binder binder, AccessContext access)
    {
        var problems = new ProblemList();
        var good = new List<FeatureView>();
        foreach (FeatureView view in definitions.FeatureViews)
        {
            if (!tables.TryGetValue(view.Table.ToString(), out Schema? columns)) problems.Add(FeatureResolver.Unknown("featurestore.unknown_table", view.Table.ToString(), tables.Keys, view.PlaceOf("table")));
            else if (columns is not null && problems.Try(() => DefinitionChecks.CheckView(view, columns))) good.Add(view);
        }
        FeatureDefinitions sound = definitions with { FeatureViews = good };
        Dictionary<string, Input> inputs = tables.Where(table => table.Value is not null).ToDictionary(table => table.Key, Input (table) => new BatchInput(table.Value!, []), StringComparer.OrdinalIgnoreCase);
        foreach (Entity entity in sound.Entities) problems.Try(() => DefinitionChecks.CheckKeyTypes(entity, sound, inputs));
        foreach (OnDemandView view in definitions.OnDemandViews)
            problems.Try(() => Bind(FeatureResolver.Resolve([new FeatureReference(view.Name, null)], definitions, view.Place), sound, inputs, binder, access));
        foreach (TrainingSetDefinition trainingSet in definitions.TrainingSets) problems.Try(() => CheckLabels(trainingSet, sound, definitions, tables, inputs, binder, access));
        return problems.All;
    }

    private static BoundFeatures? Bind(ResolvedFeatures features, FeatureDefinitions sound, Dictionary<string, Input> tables, Binder binder, AccessContext access)
        => features.IsWhole && features.Views.All(join => sound.FeatureViews.Any(view => view.Name == join.DefinedView)) ? BoundFeatures.Bind(features, table => tables[table.ToString()].Schema, binder, access) : null;

    private static void CheckLabels(
        TrainingSetDefinition trainingSet, FeatureDefinitions sound, FeatureDefinitions all, IReadOnlyDictionary<string, Schema?> tables, Dictionary<string, Input> inputs, Binder binder, AccessContext access)
    {
        var schemas = new Dictionary<string, Schema>(StringComparer.OrdinalIgnoreCase);
        foreach (TableReference reference in binder.References(trainingSet.Labels))
        {
            // What training sets hold is known when they are made.
            if (reference.Name.StartsWith($"{LakeCatalog.DatasetSchema}.", StringComparison.OrdinalIgnoreCase)) return;
            if (!tables.TryGetValue(reference.Name.ToLowerInvariant(), out Schema? columns)) throw FeatureResolver.Unknown("featurestore.unknown_table", reference.Name, tables.Keys, reference.Place);
            if (columns is null) return;
            schemas[reference.Name] = columns;
        }
        BoundQuery query = binder.Bind(trainingSet.Labels, schemas, access);
        // Views that do not fit their tables have said so themselves.
        if (Bind(FeatureResolver.Resolve(trainingSet, all), sound, inputs, binder, access) is not { } features) return;
        LabelChecks.Check(query.Schema, trainingSet.EventTime, features.Views, inputs, trainingSet.Labels.Start);
        features.CheckLabels(query.Schema, trainingSet.Labels.Start);
        LabelSelection.Check(trainingSet, query.Schema);
    }
}
