using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Lepton.Data.FeatureStore.Definitions;
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

    /// <summary>Checks <paramref name="definitions"/> against the tables and compares them with what is in force.</summary>
    /// <exception cref="LeptonDataException">A definition does not fit a table; the place says where.</exception>
    public async ValueTask<RegistryPlan> PlanAsync(FeatureDefinitions definitions, RunContext run, CancellationToken cancellationToken = default)
    {
        await DefinitionChecks.CheckAsync(definitions, context, run.Access, cancellationToken).ConfigureAwait(false);
        Snapshot? snapshot = await Lake.SystemTable(TableName).ReadAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        return PlanOf(snapshot, await ObjectsOfAsync(snapshot, cancellationToken).ConfigureAwait(false), RegistryObject.Of(definitions));
    }

    /// <summary>Puts <paramref name="definitions"/> in force, all or none.</summary>
    /// <returns>What changed.</returns>
    /// <exception cref="LeptonDataException">As for <see cref="PlanAsync"/>; or another apply got in between, and nothing was changed.</exception>
    public async ValueTask<RegistryPlan> ApplyAsync(FeatureDefinitions definitions, RunContext run, CancellationToken cancellationToken = default)
    {
        await DefinitionChecks.CheckAsync(definitions, context, run.Access, cancellationToken).ConfigureAwait(false);
        ITable table = Lake.SystemTable(TableName);
        Snapshot? snapshot = await table.ReadAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        IReadOnlyList<RegistryObject> before = await ObjectsOfAsync(snapshot, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<RegistryObject> after = RegistryObject.Of(definitions);
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

    private static RegistryPlan PlanOf(Snapshot? snapshot, IReadOnlyList<RegistryObject> before, IReadOnlyList<RegistryObject> after) => new(snapshot?.Version, RegistryObject.Compare(before, after));

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
            RegistryMeta meta = before.TryGetValue((item.Kind, item.Name), out RegistryObject? old)
                ? old.Spec == item.Spec ? old.Meta : old.Meta with { ChangedAt = now, RunId = run.Value }
                : new RegistryMeta(now, now, run.Value);
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
