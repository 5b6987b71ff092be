using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Registry;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>History for training: point-in-time joins over the lake's tables. Safe for use by several threads.</summary>
/// <param name="context">The lake, and what runs queries.</param>
public sealed class OfflineStore(FeatureStoreContext context)
{
    private const string RowsInput = "__entity_rows";
    private const string ProgressName = "get-historical-features";

    /// <summary>Finds, for each entity row, the newest feature values that had happened and were known at that row's event time (docs/point-in-time.md).</summary>
    /// <param name="entityRows">Shape <c>[n × (join keys + event time + any)]</c>.</param>
    /// <param name="features">A service's name alone, or references <c>view</c> and <c>view:feature</c>; as they are in force in the registry.</param>
    /// <param name="run">On whose behalf.</param>
    /// <param name="cancellationToken">Observed throughout.</param>
    /// <returns>Shape <c>[n × (own columns + view__feature… + view__status… + on-demand features)]</c>; row i answers entity row i.</returns>
    /// <exception cref="LeptonDataException">An unknown name, a key that is missing or of another type, a time that is NULL or may be read in two ways, rows that tie; a definition that is not applied.</exception>
    public async ValueTask<HistoricalFeatures> GetHistoricalFeaturesAsync(EntityRows entityRows, IReadOnlyList<FeatureReference> features, RunContext run, CancellationToken cancellationToken = default)
    {
        entityRows.Range?.Check();
        RegistryState registry = await new FeatureRegistry(context).ReadAsync(cancellationToken).ConfigureAwait(false);
        if (registry.Version is null) throw new LeptonDataException("featurestore.nothing_applied", []);
        CheckInForce(features, registry.Definitions);
        ResolvedFeatures resolved = FeatureResolver.Resolve(features, registry.Definitions);
        List<(string Name, SourcePlace? Place)> names = [.. resolved.Views.Select(view => (view.View.Table.ToString(), (SourcePlace?)null))];
        if (entityRows.Query is { } query) names.AddRange(context.Binder.References(query).Select(reference => (reference.Name, (SourcePlace?)reference.Place)));
        CatalogInputs catalog = await context.Catalog.InputsForAsync(names, cancellationToken).ConfigureAwait(false);
        foreach (ViewJoin view in resolved.Views) DefinitionChecks.CheckView(view, catalog.Inputs.ByName[view.View.Table.ToString()].Schema);
        BoundFeatures bound = BoundFeatures.Bind(resolved, table => catalog.Inputs.ByName[table.ToString()].Schema, context.Binder, run.Access);
        IReadOnlyList<ViewJoin> views = bound.Views;
        var runner = new QueryRunner(context, run with { Progress = NamedProgress.Of(run.Progress, ProgressName) });
        try
        {
            (BoundQuery rows, Inputs rowInputs) = Bind(entityRows, views, catalog.Inputs, runner);
            Schema schema = EventTimes.Becomes(rows.Schema, entityRows.EventTime, entityRows.Zone);
            LabelChecks.Check(schema, entityRows.EventTime, views, catalog.Inputs.ByName, rows.Source.Start);
            bound.CheckLabels(schema, rows.Source.Start);
            StagedRelation staged = await runner.StageAsync(PointInTimeJoin.RawLabelsInput, rows, rowInputs, new Inputs(), cancellationToken).ConfigureAwait(false);
            (LabelRows labels, EventTimeReading? reading) = await EventTimes.ReadAsync(new LabelRows(new StagedInput(staged), staged.Schema), entityRows.EventTime, entityRows.Zone, runner, rows.Source.Start, cancellationToken).ConfigureAwait(false);
            var join = new PointInTimeJoin(runner, labels, entityRows.EventTime, views, catalog.Inputs.ByName, rows.Source.Start) { Computed = bound.Computed };
            try
            {
                await join.PrepareAsync(cancellationToken).ConfigureAwait(false);
                return new HistoricalFeatures(runner, join) { EventTimeReading = reading };
            }
            catch
            {
                await join.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }
        catch
        {
            await runner.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static void CheckInForce(IReadOnlyList<FeatureReference> features, FeatureDefinitions definitions)
    {
        IEnumerable<string> views = definitions.FeatureViews.Select(view => view.Name).Concat(definitions.OnDemandViews.Select(view => view.Name));
        IEnumerable<string> names = features is [{ Feature: null }] ? views.Concat(definitions.FeatureServices.Select(service => service.Name)) : views;
        foreach (FeatureReference reference in features)
            if (!names.Contains(reference.View)) throw FeatureResolver.Unknown("featurestore.not_in_force", reference.View, names, null);
    }

    private static (BoundQuery Rows, Inputs Inputs) Bind(EntityRows entityRows, IReadOnlyList<ViewJoin> views, Inputs catalog, QueryRunner runner)
    {
        if (entityRows.Range is { } range) return (runner.Bind(range.Rows(views, entityRows.EventTime), catalog), catalog);
        if (entityRows.Query is { } query) return (runner.Bind(query, catalog), catalog);
        (Input rows, string name) = entityRows.Reader is { } reader ? ((Input)new ReaderInput(reader.Schema, new ReadOnce(reader).Open), "rows") : (new FileInput(entityRows.File!), entityRows.File!.Files[0].Path);
        Inputs inputs = new Inputs().Add(RowsInput, rows);
        string columns = string.Join(", ", rows.Schema.Fields.Select(field => SqlLiteral.Name(field.Name)));
        return (runner.Bind(new Sql.SqlText($"SELECT {columns} FROM {RowsInput}", name), inputs), inputs);
    }
}
