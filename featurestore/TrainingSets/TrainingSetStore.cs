using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.FeatureStore.Registry;
using Lepton.Data.FeatureStore.TrainingSets.Explain;
using Lepton.Data.FeatureStore.TrainingSets.Leaks;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.FeatureStore.TrainingSets;

/// <summary>Makes, finds and verifies training sets (<c>_lepton/datasets</c>, docs/formats/training-set.md). Safe for use by several threads and processes.</summary>
/// <param name="context">The lake, and what runs queries.</param>
public sealed class TrainingSetStore(FeatureStoreContext context)
{
    private Lake Lake => context.Catalog.Lake;

    internal BuildSizes Sizes { get; init; } = new(RowsPerFile: null);

    /// <summary>Builds the next version of a training set, or finds that the newest was made from the very same.</summary>
    /// <param name="name">A training set of <paramref name="definitions"/>.</param>
    /// <param name="definitions">The project's definitions, which must be those in force; null takes those in force.</param>
    /// <param name="run">On whose behalf.</param>
    /// <param name="cancellationToken">Cancelled, nothing is left. Killed, the next call goes on behind the last whole file, if the same is still to be built: of the same definitions and snapshots, by the same software.</param>
    /// <exception cref="LeptonDataException">Unknown or not applied; labels without a total order; a NULL label time; a label outside every split; rows that tie.</exception>
    public async ValueTask<TrainingSetResult> CreateAsync(string name, FeatureDefinitions? definitions, RunContext run, CancellationToken cancellationToken = default)
    {
        RegistryState registry = await new FeatureRegistry(context).ReadAsync(cancellationToken).ConfigureAwait(false);
        definitions = definitions?.WithVersionsOf(registry.Definitions) ?? registry.Definitions;
        TrainingSetDefinition definition = definitions.TrainingSets.FirstOrDefault(candidate => candidate.Name == name)
            ?? throw FeatureResolver.Unknown("featurestore.unknown_training_set", name, definitions.TrainingSets.Select(candidate => candidate.Name), null);
        AppliedChecks.Check(definition, definitions, registry);
        ResolvedFeatures resolved = FeatureResolver.Resolve(definition, definitions);
        IEnumerable<(string, SourcePlace?)> names = LabelQuery.ReferencesOf(definition, context).Concat(resolved.Views.Select(view => (view.View.Table.ToString(), view.View.PlaceOf("table"))));
        CatalogInputs tables = await context.Catalog.InputsForAsync(names, cancellationToken).ConfigureAwait(false);
        foreach (ViewJoin view in resolved.Views) DefinitionChecks.CheckView(view, tables.Snapshots[view.View.Table.ToString()].Schema);
        BoundFeatures features = BoundFeatures.Bind(resolved, table => tables.Snapshots[table.ToString()].Schema, context.Binder, run.Access);
        IReadOnlyList<PinnedSnapshot> pins = SnapshotPins.Of(Lake, tables.Snapshots);
        string identity = ManifestJson.IdentityOf(definition, features, pins, TrainingSetManifest.CurrentRuleVersion);
        if (TrainingSetFolder.Newest(Lake, name) is { } newest && newest.Manifest.Identity == identity) return new TrainingSetResult(newest, IsNew: false);

        using BuildFolder aside = BuildFolder.Open(Lake, name, identity, run);
        BuiltTrainingSet built = await TrainingSetBuilder.BuildAsync(context, definition, features, tables.Snapshots, aside, Sizes, run, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            // Another process may have published meanwhile: the very same, or the version that was to be ours.
            IReadOnlyList<int> versions = TrainingSetFolder.Versions(Lake, name);
            if (versions.Count > 0 && TrainingSetFolder.Open(Lake, name, versions[^1]) is { } other && other.Manifest.Identity == identity) return new TrainingSetResult(other, IsNew: false);
            TrainingSetManifest manifest = ManifestOf(definition, features, registry.Version!.Value, pins, identity, built, versions.Count == 0 ? 1 : versions[^1] + 1, run);
            if (await TrainingSetFolder.PublishAsync(Lake, aside.RowsPath, manifest, cancellationToken).ConfigureAwait(false) is { } published) return new TrainingSetResult(published, IsNew: true) { FilesTaken = built.FilesTaken };
        }
    }

    /// <summary>All versions of all training sets, by name, then version.</summary>
    /// <exception cref="LeptonDataException">A manifest cannot be read.</exception>
    public ValueTask<IReadOnlyList<TrainingSetVersion>> ListAsync(CancellationToken cancellationToken = default)
    {
        var versions = new List<TrainingSetVersion>();
        foreach (string name in TrainingSetFolder.Names(Lake))
        {
            foreach (int version in TrainingSetFolder.Versions(Lake, name))
            {
                cancellationToken.ThrowIfCancellationRequested();
                versions.Add(TrainingSetFolder.Open(Lake, name, version));
            }
        }
        return ValueTask.FromResult<IReadOnlyList<TrainingSetVersion>>(versions);
    }

    /// <summary>One version of a training set, or the newest where <paramref name="version"/> is null.</summary>
    /// <exception cref="LeptonDataException"><c>featurestore.unknown_training_set</c>; a manifest that cannot be read.</exception>
    public ValueTask<TrainingSetVersion> FindAsync(string name, int? version = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        IReadOnlyList<int> versions = TableName.IsName(name) ? TrainingSetFolder.Versions(Lake, name) : [];
        if (versions.Count == 0) throw FeatureResolver.Unknown("featurestore.training_set_not_made", name, TrainingSetFolder.Names(Lake), null);
        if (version is { } wanted && !versions.Contains(wanted)) throw new LeptonDataException("featurestore.unknown_version", [name, wanted, string.Join(", ", versions.Select(number => $"v{number}"))]);
        return ValueTask.FromResult(TrainingSetFolder.Open(Lake, name, version ?? versions[^1]));
    }

    /// <summary>The version that was made before one, or null where it is the first that there is.</summary>
    /// <exception cref="LeptonDataException">A manifest cannot be read.</exception>
    public ValueTask<TrainingSetVersion?> FindBeforeAsync(TrainingSetVersion version, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        int before = TrainingSetFolder.Versions(Lake, version.Manifest.Name).LastOrDefault(number => number < version.Manifest.Version);
        return ValueTask.FromResult(before == 0 ? null : TrainingSetFolder.Open(Lake, version.Manifest.Name, before));
    }

    /// <summary>The rows of one version, for queries; in no order.</summary>
    public Input RowsOf(TrainingSetVersion version) => TrainingSetFolder.InputOf(Lake, version);

    /// <summary>Checks a version's files against its manifest, rebuilds it aside from the snapshots that it names, and compares content and bytes.</summary>
    /// <returns>What was found; an unfit version is an answer, not an exception.</returns>
    /// <exception cref="LeptonDataException">The training set does not exist, or the rebuild failed for a reason of its own.</exception>
    public async ValueTask<VerificationResult> VerifyAsync(string name, int? version, RunContext run, CancellationToken cancellationToken = default)
    {
        TrainingSetVersion found = await FindAsync(name, version, cancellationToken).ConfigureAwait(false);
        return await new Verification(context, found, run).RunAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Says of one cell where its value came from, and what else was in the running.</summary>
    /// <param name="name">The training set.</param>
    /// <param name="version">One of its versions; null for the newest.</param>
    /// <param name="row">Counted from 1, in the training set's order.</param>
    /// <returns>A <see cref="CellExplanation"/> for a joined feature, a <see cref="ComputedExplanation"/> for an on-demand one.</returns>
    /// <param name="feature"><c>view__feature</c>, <c>view:feature</c>, or the feature's name where no other view has it.</param>
    /// <param name="run">On whose behalf.</param>
    /// <param name="candidatesMax">How many rows are told of for each reason.</param>
    /// <param name="cancellationToken">Observed throughout.</param>
    /// <exception cref="LeptonDataException">There is no such row or feature; a snapshot that is no longer there.</exception>
    public async ValueTask<Explanation> ExplainAsync(string name, int? version, long row, string feature, RunContext run, int candidatesMax = 5, CancellationToken cancellationToken = default)
    {
        TrainingSetVersion found = await FindAsync(name, version, cancellationToken).ConfigureAwait(false);
        return await new CellExplainer(context, found, run).ExplainAsync(row, feature, candidatesMax, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Looks for features that may know more than a model will.</summary>
    /// <param name="name">The training set.</param>
    /// <param name="version">One of its versions; null for the newest.</param>
    /// <param name="run">On whose behalf.</param>
    /// <param name="threshold">From which strength on a feature that predicts a label alone is suspicious, 0.5 to 1; see <see cref="Predictor.Strength"/>.</param>
    /// <param name="featuresMax">How many features are looked at, in the order of the columns.</param>
    /// <param name="cancellationToken">Observed throughout.</param>
    public async ValueTask<LeakReport> FindLeaksAsync(string name, int? version, RunContext run, double threshold = 0.95, int featuresMax = int.MaxValue, CancellationToken cancellationToken = default)
    {
        TrainingSetVersion found = await FindAsync(name, version, cancellationToken).ConfigureAwait(false);
        return await new LeakFinder(context, found, threshold, featuresMax, run).FindAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The snapshots that training sets pin: vacuum keeps their files.</summary>
    /// <exception cref="LeptonDataException">A manifest cannot be read, so that nobody can say what it pins.</exception>
    public async ValueTask<IReadOnlyList<PinnedSnapshot>> PinsAsync(CancellationToken cancellationToken = default)
    {
        IReadOnlyList<TrainingSetVersion> versions = await ListAsync(cancellationToken).ConfigureAwait(false);
        return [.. versions.SelectMany(version => version.Manifest.Snapshots).Distinct().OrderBy(pin => pin.Table, StringComparer.Ordinal).ThenBy(pin => pin.Version)];
    }

    private static TrainingSetManifest ManifestOf(
        TrainingSetDefinition definition, BoundFeatures features, long registryVersion, IReadOnlyList<PinnedSnapshot> pins, string identity, BuiltTrainingSet built, int version, RunContext run) => new()
        {
            Name = definition.Name,
            Version = version,
            Identity = identity,
            Definition = definition,
            Entities = [.. features.Views.Select(view => view.Entity).DistinctBy(entity => entity.Name)],
            Views = [.. features.Views.Select(view => view.View)],
            OnDemandViews = features.OnDemandViews,
            RegistryVersion = registryVersion,
            RuleVersion = TrainingSetManifest.CurrentRuleVersion,
            Snapshots = pins,
            Schema = built.Schema,
            RowCount = built.RowCount,
            Splits = built.Splits,
            LeftOut = built.LeftOut,
            Features = built.Features,
            ViewStatistics = built.ViewStatistics,
            ContentHash = built.ContentHash,
            Files = built.Files,
            Software = SnapshotPins.Software,
            CreatedAt = EventTime.FromDateTimeOffset(run.Time.GetUtcNow()),
            RunId = run.Id.Value,
        };
}

/// <summary>One published version of a training set.</summary>
/// <param name="Folder">Absolute.</param>
/// <param name="Manifest">What it is.</param>
public sealed record TrainingSetVersion(string Folder, TrainingSetManifest Manifest)
{
    /// <summary>The data files, absolute, in order.</summary>
    public IEnumerable<string> FilePaths => Manifest.Files.Select(file => Path.Combine(Folder, file.Path));
}

/// <summary>What <see cref="TrainingSetStore.CreateAsync"/> did.</summary>
/// <param name="Version">The version that holds the rows.</param>
/// <param name="IsNew">False where it had been made before from the very same.</param>
public sealed record TrainingSetResult(TrainingSetVersion Version, bool IsNew)
{
    /// <summary>How many of the files were taken from a build of the same that was killed.</summary>
    public int FilesTaken { get; init; }
}
