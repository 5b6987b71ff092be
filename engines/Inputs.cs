using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Delta;

namespace Lepton.Data.Engines;

/// <summary>What the names in a query stand for.</summary>
public sealed class Inputs
{
    private readonly Dictionary<string, Input> _byName = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The inputs by name.</summary>
    public IReadOnlyDictionary<string, Input> ByName => _byName;

    /// <summary>The columns of each input: what the binder asks for.</summary>
    public IReadOnlyDictionary<string, Schema> Schemas => _byName.ToDictionary(pair => pair.Key, pair => pair.Value.Schema, StringComparer.OrdinalIgnoreCase);

    /// <summary>Names one input; a name is given once.</summary>
    /// <returns>This, so that calls chain.</returns>
    public Inputs Add(string name, Input input)
    {
        _byName.Add(name, input);
        return this;
    }

    /// <summary>The same inputs but for one name, new or not, which stands for <paramref name="input"/>.</summary>
    /// <returns>Others; these stay as they are.</returns>
    public Inputs With(string name, Input input)
    {
        var inputs = new Inputs();
        foreach ((string other, Input known) in _byName) inputs._byName.Add(other, known);
        inputs._byName[name] = input;
        return inputs;
    }
}

/// <summary>What one name in a query stands for.</summary>
public abstract record Input
{
    private protected Input() { }

    /// <summary>The columns that it offers.</summary>
    public abstract Schema Schema { get; }
}

/// <summary>A table at one version.</summary>
public sealed record SnapshotInput(Snapshot Snapshot) : Input
{
    /// <summary>The name of one column more, a BIGINT: which of the snapshot's files a row is of, counted from 0. Null for none.</summary>
    public string? FileNumber { get; init; }

    /// <inheritdoc/>
    public override Schema Schema => FileNumber is null ? Snapshot.Schema : new Schema([.. Snapshot.Schema.Fields, new Field(FileNumber, DataType.Int64)]);
}

/// <summary>Files that the engine reads itself.</summary>
public sealed record FileInput(FileScan Scan) : Input
{
    /// <inheritdoc/>
    public override Schema Schema => Scan.Schema;
}

/// <summary>Rows that an engine kept; only that engine reads them.</summary>
public sealed record StagedInput(StagedRelation Relation) : Input
{
    /// <inheritdoc/>
    public override Schema Schema => Relation.Schema;
}

/// <summary>Batches in memory; they stay the caller's and must live as long as the query runs.</summary>
public sealed record BatchInput(Schema BatchSchema, IReadOnlyList<RecordBatch> Batches) : Input
{
    /// <inheritdoc/>
    public override Schema Schema => BatchSchema;
}
