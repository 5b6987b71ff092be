using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.FeatureStore.Registry;

/// <summary>Holds definitions against the tables of a lake.</summary>
internal static class DefinitionChecks
{
    /// <summary>Checks all definitions.</summary>
    /// <param name="definitions">With the versions of views that are to be in force.</param>
    /// <param name="context">The lake, and what binds.</param>
    /// <param name="access">On whose behalf.</param>
    /// <param name="cancellationToken">Observed between tables.</param>
    /// <exception cref="LeptonDataException">The first thing that does not fit, at its place.</exception>
    internal static async ValueTask CheckAsync(FeatureDefinitions definitions, FeatureStoreContext context, AccessContext access, CancellationToken cancellationToken)
    {
        ResolvedFeatures[] resolved =
        [
            .. definitions.OnDemandViews.Select(view => FeatureResolver.Resolve([new FeatureReference(view.Name, null)], definitions, view.Place)),
            .. definitions.FeatureServices.Select(service => FeatureResolver.Resolve(service, definitions)),
        ];
        ResolvedFeatures[] ofTrainingSets = [.. definitions.TrainingSets.Select(trainingSet => FeatureResolver.Resolve(trainingSet, definitions))];
        IEnumerable<FeatureView> views = definitions.FeatureViews.Concat(resolved.Concat(ofTrainingSets).SelectMany(features => features.Views).Select(join => join.View));
        CatalogInputs catalog = await context.Catalog.InputsForAsync(views.Select(view => (view.Table.ToString(), view.PlaceOf("table"))), cancellationToken).ConfigureAwait(false);
        IReadOnlyDictionary<string, Input> tables = catalog.Inputs.ByName;
        foreach (FeatureView view in definitions.FeatureViews) CheckView(view, tables[view.Table.ToString()].Schema);
        foreach (Entity entity in definitions.Entities) CheckKeyTypes(entity, definitions, tables);
        foreach (ResolvedFeatures features in resolved) Bind(features);
        foreach ((TrainingSetDefinition trainingSet, ResolvedFeatures found) in definitions.TrainingSets.Zip(ofTrainingSets))
        {
            CatalogInputs labels = await LabelQuery.InputsForAsync(trainingSet, context, cancellationToken).ConfigureAwait(false);
            BoundQuery query = LabelQuery.Bind(trainingSet, labels.Inputs, context, access);
            BoundFeatures features = Bind(found);
            LabelChecks.Check(query.Schema, trainingSet.EventTime, features.Views, tables, trainingSet.Labels.Start);
            features.CheckLabels(query.Schema, trainingSet.Labels.Start);
            LabelSelection.Check(trainingSet, query.Schema);
        }

        BoundFeatures Bind(ResolvedFeatures features)
        {
            foreach (ViewJoin join in features.Views) CheckView(join, tables[join.View.Table.ToString()].Schema);
            return BoundFeatures.Bind(features, table => tables[table.ToString()].Schema, context.Binder, access);
        }
    }

    /// <summary>Holds a view that is joined against its table; of an earlier version it is said that it is one.</summary>
    internal static void CheckView(ViewJoin join, Schema table)
    {
        try
        {
            CheckView(join.View, table);
        }
        catch (LeptonDataException misfit) when (join.OldVersion is { } version)
        {
            throw new LeptonDataException("featurestore.view_version_unfit", [join.DefinedView, version, misfit.Message], misfit);
        }
    }

    /// <summary>Holds one view against its table.</summary>
    internal static void CheckView(FeatureView view, Schema table)
    {
        if (view.EventTime is not null) CheckTime(view, "event_time", view.EventTime, table);
        if (view.CreatedTime is not null) CheckTime(view, "created_time", view.CreatedTime, table);
        if (view.Sequence is not null)
        {
            Field field = Column(view, "sequence", view.Sequence, table);
            if (field.Type is not IntegerType) throw new LeptonDataException("featurestore.sequence_type", [view.Name, field.Name, field.Type]) { Place = view.PlaceOf("sequence") };
        }
        foreach (string column in view.KeyColumns)
        {
            Field field = Column(view, $"keys/{column}", column, table);
            if (LabelChecks.IsNested(field.Type)) throw new LeptonDataException("featurestore.nested_column", [view.Name, field.Name, field.Type]) { Place = view.PlaceOf($"keys/{column}") };
        }
        foreach (string feature in view.Features) Column(view, $"features/{feature}", feature, table);
    }

    private static void CheckTime(FeatureView view, string word, string column, Schema table)
    {
        Field field = Column(view, word, column, table);
        if (field.Type is not InstantType) throw new LeptonDataException("featurestore.time_type", [view.Name, word, field.Name, field.Type]) { Place = view.PlaceOf(word) };
    }

    private static Field Column(FeatureView view, string word, string column, Schema table)
        => table.Find(column) ?? throw FeatureResolver.Unknown("featurestore.unknown_column", column, table.Fields.Select(field => field.Name), view.PlaceOf(word), view.Table);

    // Two views of one entity are asked with one key, so its type must fit both tables.
    internal static void CheckKeyTypes(Entity entity, FeatureDefinitions definitions, IReadOnlyDictionary<string, Input> tables)
    {
        FeatureView[] views = [.. definitions.FeatureViews.Where(view => view.Entity == entity.Name)];
        for (int key = 0; key < entity.Keys.Count; key++)
        {
            for (int i = 1; i < views.Length; i++)
            {
                DataType first = TypeOf(views[0], key);
                DataType other = TypeOf(views[i], key);
                if (!LabelChecks.AreComparable(first, other))
                {
                    throw new LeptonDataException("featurestore.key_types_differ", [entity.Name, entity.Keys[key], views[0].Table, first, views[i].Table, other])
                    {
                        Place = views[i].PlaceOf($"keys/{views[i].KeyColumns[key]}"),
                    };
                }
            }
        }

        DataType TypeOf(FeatureView view, int key) => tables[view.Table.ToString()].Schema.Find(view.KeyColumns[key])!.Type;
    }
}
