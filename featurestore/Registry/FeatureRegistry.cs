using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;

namespace Lepton.Data.FeatureStore.Registry;

/// <summary>The definitions that are in force, kept in the lake (<c>_lepton/registry</c>, docs/formats/registry.md). Safe for use by several threads and processes.</summary>
/// <param name="context">The lake, and what checks definitions against it.</param>
public sealed class FeatureRegistry(FeatureStoreContext context)
{
    private const string TableName = "registry";
    private const string Application = "lepton/registry";

    private static readonly Schema s_schema = new(
    [
        new Field("kind", DataType.String, IsNullable: false),
        new Field("name", DataType.String, IsNullable: false),
        new Field("spec", DataType.String, IsNullable: false),
        new Field("meta", DataType.String, IsNullable: false),
        new Field("format_version", DataType.Int32, IsNullable: false),
    ]);

    private Lake Lake => context.Catalog.Lake;

    /// <summary>What is in force.</summary>
    /// <returns>Version null and no definitions where nothing was applied yet.</returns>
    /// <exception cref="LeptonDataException">The registry was written by a newer version, or is broken.</exception>
    public async ValueTask<RegistryState> ReadAsync(CancellationToken cancellationToken = default)
    {
        Snapshot? snapshot = await Lake.SystemTable(TableName).ReadAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        if (snapshot is null) return new RegistryState(null, FeatureDefinitions.Empty);
        return new RegistryState(snapshot.Version, RegistryObject.Definitions(await ObjectsOfAsync(snapshot, cancellationToken).ConfigureAwait(false)));
    }

    /// <summary>The versions of feature views that the registry keeps, by view, then version, the newest last.</summary>
    /// <param name="view">One view; null for all.</param>
    /// <param name="cancellationToken">Observed while reading.</param>
    /// <exception cref="LeptonDataException"><c>featurestore.nothing_applied</c>, <c>featurestore.unknown_view</c>; or as <see cref="ReadAsync"/>.</exception>
    public async ValueTask<IReadOnlyList<ViewVersion>> ViewVersionsAsync(string? view = null, CancellationToken cancellationToken = default)
    {
        Snapshot snapshot = await Lake.SystemTable(TableName).ReadAsync(cancellationToken: cancellationToken).ConfigureAwait(false) ?? throw new LeptonDataException("featurestore.nothing_applied", []);
        IReadOnlyList<RegistryObject> objects = await ObjectsOfAsync(snapshot, cancellationToken).ConfigureAwait(false);
        FeatureDefinitions definitions = RegistryObject.Definitions(objects);
        if (view is not null && definitions.FeatureViews.All(other => other.Name != view)) throw FeatureResolver.Unknown("featurestore.unknown_view", view, definitions.FeatureViews.Select(other => other.Name), null);
        var versions = new List<ViewVersion>();
        foreach (IGrouping<string, RegistryObject> group in objects.Where(item => item.Kind == ObjectKind.FeatureView).GroupBy(item => item.ViewName).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            if (view is not null && group.Key != view) continue;
            RegistryObject? before = null;
            foreach (RegistryObject item in group.OrderBy(item => item.Meta.Version))
            {
                FeatureView definition = definitions.FeatureViews.Concat(definitions.ViewVersions!).First(other => other.Name == group.Key && other.Version == item.Meta.Version);
                versions.Add(new ViewVersion(definition, item.Meta.Version, !item.IsOldVersion, item.Meta.ChangedAt, item.Meta.RunId, before is null ? [] : RegistryObject.CompareMeaning(before, item)));
                before = item;
            }
        }
        return versions;
    }

    /// <summary>Checks <paramref name="definitions"/> against the tables and compares them with what is in force.</summary>
    /// <exception cref="LeptonDataException">A definition does not fit a table; the place says where.</exception>
    public async ValueTask<RegistryPlan> PlanAsync(FeatureDefinitions definitions, RunContext run, CancellationToken cancellationToken = default)
    {
        Snapshot? snapshot = await Lake.SystemTable(TableName).ReadAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        IReadOnlyList<RegistryObject> before = await ObjectsOfAsync(snapshot, cancellationToken).ConfigureAwait(false);
        return PlanOf(snapshot, before, await NextAsync(definitions, before, run, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Puts <paramref name="definitions"/> in force, all or none.</summary>
    /// <returns>What changed.</returns>
    /// <exception cref="LeptonDataException">As for <see cref="PlanAsync"/>; or another apply got in between, and nothing was changed.</exception>
    /// <remarks>Of a feature view whose meaning changes (all but its notes; the types of its columns and the SQL that makes its table count), the definition that was in force stays as a version.</remarks>
    public async ValueTask<RegistryPlan> ApplyAsync(FeatureDefinitions definitions, RunContext run, CancellationToken cancellationToken = default)
    {
        ITable table = Lake.SystemTable(TableName);
        Snapshot? snapshot = await table.ReadAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        IReadOnlyList<RegistryObject> before = await ObjectsOfAsync(snapshot, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<RegistryObject> after = await NextAsync(definitions, before, run, cancellationToken).ConfigureAwait(false);
        RegistryPlan plan = PlanOf(snapshot, before, after);
        if (plan.IsEmpty && snapshot is not null) return plan;
        EventTime now = EventTime.FromDateTimeOffset(run.Time.GetUtcNow());
        long? applied = snapshot?.Transactions.TryGetValue(Application, out long version) == true ? version : null;
        var commit = new RecordsCommit("APPLY", now) { RunId = run.Id.Value, Transactions = [new TransactionStep(Application, applied, ProgressOf(applied, after))] };
        using RecordBatch rows = RowsOf(after, before.ToDictionary(item => (item.Kind, item.Name)), now, run.Id);
        try
        {
            await Lake.ReplaceRecordsAsync(table, snapshot, s_schema, [rows], commit, cancellationToken).ConfigureAwait(false);
        }
        catch (LeptonDataException failure) when (failure.Code is "storage.conflict" or "storage.fenced")
        {
            throw new LeptonDataException("featurestore.apply_conflict", [], failure) { IsTransient = true };
        }
        return plan;
    }

    // A number of what is applied and onto what: who finds it there after a lost race had the same in mind, and any other number is another's.
    private static long ProgressOf(long? applied, IReadOnlyList<RegistryObject> objects)
    {
        string text = string.Join('\n', objects.Select(item => $"{item.Kind} {item.Name} {item.Spec}"));
        byte[] digest = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{applied}\n{text}")));
        return BinaryPrimitives.ReadInt64BigEndian(digest) & long.MaxValue;
    }

    // What the registry is to hold: the definitions, checked, and the versions of views that they leave behind.
    private async ValueTask<IReadOnlyList<RegistryObject>> NextAsync(FeatureDefinitions definitions, IReadOnlyList<RegistryObject> before, RunContext run, CancellationToken cancellationToken)
    {
        // Each view by itself first: its facts are read off its table.
        CatalogInputs catalog = await context.Catalog.InputsForAsync(definitions.FeatureViews.Select(view => (view.Table.ToString(), view.PlaceOf("table"))), cancellationToken).ConfigureAwait(false);
        foreach (FeatureView view in definitions.FeatureViews) DefinitionChecks.CheckView(view, catalog.Snapshots[view.Table.ToString()].Schema);
        IReadOnlyDictionary<string, string> plans = await context.Catalog.PlanHashesAsync(cancellationToken).ConfigureAwait(false);
        Dictionary<string, FeatureView> views = definitions.FeatureViews.ToDictionary(view => view.Name);
        Dictionary<(ObjectKind, string), RegistryObject> old = before.ToDictionary(item => (item.Kind, item.Name));
        var after = new List<RegistryObject>();
        foreach (RegistryObject item in RegistryObject.Of(definitions))
        {
            if (item.Kind != ObjectKind.FeatureView)
            {
                after.Add(item);
                continue;
            }
            after.AddRange(before.Where(version => version.IsOldVersion && version.ViewName == item.Name));
            FeatureView view = views[item.Name];
            RegistryObject next = item with { Meta = RegistryMeta.None with { Facts = ViewFacts.Of(view, catalog.Snapshots[view.Table.ToString()].Schema, plans.GetValueOrDefault(view.Table.ToString())) } };
            if (old.TryGetValue((item.Kind, item.Name), out RegistryObject? last))
            {
                bool isOther = RegistryObject.CompareMeaning(last, next).Count > 0;
                if (isOther) after.Add(last with { Name = new FeatureReference(item.Name, null) { Version = last.Meta.Version }.ToString() });
                next = next with { Meta = next.Meta with { Version = last.Meta.Version + (isOther ? 1 : 0) } };
            }
            after.Add(next);
        }
        await DefinitionChecks.CheckAsync(definitions.WithVersionsOf(RegistryObject.Definitions(after)), context, run.Access, cancellationToken).ConfigureAwait(false);
        return after;
    }

    private static RegistryPlan PlanOf(Snapshot? snapshot, IReadOnlyList<RegistryObject> before, IReadOnlyList<RegistryObject> after)
    {
        Dictionary<(ObjectKind, string), RegistryObject> old = before.Where(item => !item.IsOldVersion).ToDictionary(item => (item.Kind, item.Name));
        Dictionary<(ObjectKind, string), RegistryObject> now = after.Where(item => !item.IsOldVersion).ToDictionary(item => (item.Kind, item.Name));
        var changes = new List<RegistryChange>();
        foreach (((ObjectKind Kind, string Name) key, RegistryObject item) in now)
        {
            if (!old.TryGetValue(key, out RegistryObject? last)) changes.Add(new RegistryChange(key.Kind, key.Name, ChangeKind.Added, []));
            else if (key.Kind == ObjectKind.FeatureView && item.Meta.Version != last.Meta.Version)
            {
                IReadOnlyList<PropertyChange> properties = [.. RegistryObject.Compare(last.Spec, item.Spec), .. ViewFacts.Compare(last.Meta.Facts, item.Meta.Facts)];
                changes.Add(new RegistryChange(key.Kind, key.Name, ChangeKind.Changed, properties) { OldVersion = last.Meta.Version, NewVersion = item.Meta.Version });
            }
            else if (last.Spec != item.Spec) changes.Add(new RegistryChange(key.Kind, key.Name, ChangeKind.Changed, RegistryObject.Compare(last.Spec, item.Spec)));
        }
        changes.AddRange(old.Keys.Where(key => !now.ContainsKey(key)).Select(key => new RegistryChange(key.Item1, key.Item2, ChangeKind.Removed, [])));
        return new RegistryPlan(snapshot?.Version, [.. changes.OrderBy(change => change.Kind).ThenBy(change => change.Name, StringComparer.Ordinal)]);
    }

    private async ValueTask<IReadOnlyList<RegistryObject>> ObjectsOfAsync(Snapshot? snapshot, CancellationToken cancellationToken)
    {
        if (snapshot is null) return [];
        var objects = new List<RegistryObject>();
        IRecordBatchReader reader = await Lake.ReadRecordsAsync(snapshot, cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false) is { } batch)
            {
                using (batch)
                    for (int row = 0; row < batch.RowCount; row++) objects.Add(ObjectOf(batch, row));
            }
        }
        return objects;
    }

    private static RegistryObject ObjectOf(RecordBatch batch, int row)
    {
        object? Value(string column) => batch.Schema.IndexOf(column) is var index and >= 0 ? batch.Column(index).Value(row) : null;
        string name = Value("name") as string ?? "?";
        if (Value("format_version") is not int format) throw new LeptonDataException("featurestore.registry_broken", [Value("kind"), name]);
        if (format > RegistryObject.FormatVersion) throw new LeptonDataException("featurestore.registry_newer", [name, format, RegistryObject.FormatVersion]);
        ObjectKind? kind = KindOf(Value("kind") as string);
        if (kind is null || Value("spec") is not string spec || Value("meta") is not string meta) throw new LeptonDataException("featurestore.registry_broken", [Value("kind"), name]);
        try
        {
            return new RegistryObject(kind.Value, name, spec, RegistryMeta.Parse(meta));
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new LeptonDataException("featurestore.registry_broken", [kind, name], failure);
        }
    }

    private static RecordBatch RowsOf(IReadOnlyList<RegistryObject> objects, Dictionary<(ObjectKind, string), RegistryObject> before, EventTime now, RunId run)
    {
        using var builder = new RecordBatchBuilder(s_schema, objects.Count);
        foreach (RegistryObject item in objects)
        {
            RegistryMeta meta = item.Meta;
            if (!item.IsOldVersion)
            {
                meta = before.TryGetValue((item.Kind, item.Name), out RegistryObject? old)
                    ? old.Spec == item.Spec && old.Meta.Version == item.Meta.Version ? old.Meta : old.Meta with { ChangedAt = now, RunId = run.Value }
                    : new RegistryMeta(now, now, run.Value);
                meta = meta with { Version = item.Meta.Version, Facts = item.Meta.Facts };
            }
            builder.Column(0).AppendString(TextOf(item.Kind));
            builder.Column(1).AppendString(item.Name);
            builder.Column(2).AppendString(item.Spec);
            builder.Column(3).AppendString(meta.ToJson());
            builder.Column(4).Append(RegistryObject.FormatVersion);
        }
        return builder.Build();
    }

    private static string TextOf(ObjectKind kind) => kind switch
    {
        ObjectKind.Entity => "entity",
        ObjectKind.FeatureView => "feature_view",
        ObjectKind.OnDemandView => "on_demand_view",
        ObjectKind.FeatureService => "feature_service",
        _ => "training_set",
    };

    private static ObjectKind? KindOf(string? text) => text switch
    {
        "entity" => ObjectKind.Entity,
        "feature_view" => ObjectKind.FeatureView,
        "on_demand_view" => ObjectKind.OnDemandView,
        "feature_service" => ObjectKind.FeatureService,
        "training_set" => ObjectKind.TrainingSet,
        _ => null,
    };
}

/// <summary>What a registry held at one version.</summary>
/// <param name="Version">The registry's version; null before the first apply.</param>
/// <param name="Definitions">What was in force.</param>
public sealed record RegistryState(long? Version, FeatureDefinitions Definitions);

/// <summary>A version of a feature view that the registry keeps.</summary>
/// <param name="View">Its definition.</param>
/// <param name="Version">Counted from 1.</param>
/// <param name="IsCurrent">Whether it is the one that the view's bare name means.</param>
/// <param name="ChangedAt">When its definition last changed.</param>
/// <param name="RunId">The run that applied it.</param>
/// <param name="Changes">What it means otherwise than the version before it; empty for the first.</param>
public sealed record ViewVersion(FeatureView View, int Version, bool IsCurrent, EventTime ChangedAt, string RunId, IReadOnlyList<PropertyChange> Changes);
