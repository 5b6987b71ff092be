using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.FeatureStore;

/// <summary>What the names in a query mean in a lake: tables, and training sets as <c>datasets.name</c>. Safe for use by several threads.</summary>
/// <remarks>
/// Tables are read at the versions that the newest finished run of each pipeline names, so that several tables fit together while a run is under way; a table that no run
/// names (another tool made it) at its newest. A training set is read at its newest version.
/// </remarks>
/// <param name="lake">The lake.</param>
/// <param name="readsLatest">Whether every table is read at its newest version.</param>
public sealed class LakeCatalog(Lake lake, bool readsLatest = false)
{
    /// <summary>The schema that training sets stand in.</summary>
    public const string DatasetSchema = "datasets";

    private readonly RunLog _runs = new(lake);

    /// <summary>The lake.</summary>
    public Lake Lake { get; } = lake;

    /// <summary>Whether tables are read at their newest version.</summary>
    public bool ReadsLatest { get; } = readsLatest;

    /// <summary>Finds what <paramref name="names"/> stand for.</summary>
    /// <param name="names">As they stand in the SQL: <c>table</c>, <c>schema.table</c> or <c>datasets.name</c>, with their places.</param>
    /// <param name="cancellationToken">Observed between tables.</param>
    /// <exception cref="LeptonDataException"><c>featurestore.unknown_table</c>, <c>featurestore.training_set_not_made</c>, at the name's place, with the nearest name that there is.</exception>
    public async ValueTask<CatalogInputs> InputsForAsync(IEnumerable<(string Name, SourcePlace? Place)> names, CancellationToken cancellationToken = default)
    {
        var inputs = new Inputs();
        var snapshots = new Dictionary<string, Snapshot>(StringComparer.OrdinalIgnoreCase);
        IReadOnlyDictionary<TableName, long>? published = null;
        foreach ((string name, SourcePlace? place) in names)
        {
            if (inputs.ByName.ContainsKey(name)) continue;
            if (name.StartsWith(DatasetSchema + ".", StringComparison.OrdinalIgnoreCase))
            {
                inputs.Add(name, DatasetNamed(name[(DatasetSchema.Length + 1)..].ToLowerInvariant(), place));
                continue;
            }
            published ??= ReadsLatest ? new Dictionary<TableName, long>() : await _runs.PublishedVersionsAsync(cancellationToken).ConfigureAwait(false);
            Snapshot snapshot = await SnapshotOfAsync(name, published, cancellationToken).ConfigureAwait(false)
                ?? throw FeatureResolver.Unknown("featurestore.unknown_table", name, KnownNames(), place);
            inputs.Add(name, new SnapshotInput(snapshot));
            snapshots.Add(name, snapshot);
        }
        return new CatalogInputs(inputs, snapshots);
    }

    /// <summary>The plan of the step that made each table, by the table's name, as its newest run recorded it.</summary>
    internal async ValueTask<IReadOnlyDictionary<string, string>> PlanHashesAsync(CancellationToken cancellationToken)
    {
        var plans = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        IReadOnlyList<RunRecord> runs = await _runs.ReadAsync(null, cancellationToken).ConfigureAwait(false);
        foreach (StepRecord step in runs.OrderByDescending(run => run.Number).SelectMany(run => run.Steps))
            if (step is { State: StepState.Done or StepState.Unchanged, PlanHash: { } hash }) plans.TryAdd(step.Table, hash);
        return plans;
    }

    private async ValueTask<Snapshot?> SnapshotOfAsync(string name, IReadOnlyDictionary<TableName, long> published, CancellationToken cancellationToken)
    {
        TableName table;
        try
        {
            // SQL compares names without case; tables have lower-case names.
            table = TableName.Parse(name.ToLowerInvariant());
        }
        catch (LeptonDataException)
        {
            return null;
        }
        return await Lake.Table(table).ReadAsync(published.TryGetValue(table, out long version) ? version : null, cancellationToken).ConfigureAwait(false);
    }

    private Input DatasetNamed(string name, SourcePlace? place)
    {
        // Words that name a training set are told of training sets, and how one is made; others of all that there is.
        if (!TableName.IsName(name)) throw FeatureResolver.Unknown("featurestore.unknown_table", $"{DatasetSchema}.{name}", KnownNames(), place);
        if (TrainingSetFolder.Newest(Lake, name) is not { } version) throw FeatureResolver.Unknown("featurestore.training_set_not_made", name, TrainingSetFolder.Names(Lake), place);
        return TrainingSetFolder.InputOf(Lake, version);
    }

    private IEnumerable<string> KnownNames() => Lake.ListTables().Select(table => table.ToString()).Concat(TrainingSetFolder.Names(Lake).Select(name => $"{DatasetSchema}.{name}"));
}

/// <summary>What the names in a query stand for, and which snapshots that reads.</summary>
/// <param name="Inputs">For the binder and the engine.</param>
/// <param name="Snapshots">The tables' snapshots by the name in the query; training sets are not among them.</param>
public sealed record CatalogInputs(Inputs Inputs, IReadOnlyDictionary<string, Snapshot> Snapshots);
