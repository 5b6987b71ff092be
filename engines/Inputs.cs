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

    /// <summary>The columns that it offers, <see cref="FileNumber"/> and <see cref="RowNumber"/> last.</summary>
    public Schema Schema => FileNumber is null && RowNumber is null ? Columns : new Schema([.. Columns.Fields, .. new[] { FileNumber, RowNumber }.OfType<string>().Select(name => new Field(name, DataType.Int64))]);

    /// <summary>The name of one column more, a BIGINT: which of the files, or of the batches, a row is of, counted from 0; in rows that an engine kept always 0. Null for none.</summary>
    public string? FileNumber { get; init; }

    /// <summary>The name of one column more, a BIGINT: the row's place in its file or batch, counted from 0; rows that a deletion vector leaves out are counted too. Null for none.</summary>
    /// <remarks>A table's version never changes, so that the two name a row of it for good. Files of text and rows of a reader have no such number.</remarks>
    public string? RowNumber { get; init; }

    private protected abstract Schema Columns { get; }
}

/// <summary>A table at one version.</summary>
public sealed record SnapshotInput(Snapshot Snapshot) : Input
{
    private protected override Schema Columns => Snapshot.Schema;
}

/// <summary>Files that the engine reads itself.</summary>
public sealed record FileInput(FileScan Scan) : Input
{
    private protected override Schema Columns => Scan.Schema;
}

/// <summary>Rows that an engine kept, in their order; only that engine reads them.</summary>
public sealed record StagedInput(StagedRelation Relation) : Input
{
    private protected override Schema Columns => Relation.Schema;
}

/// <summary>Batches in memory; they stay the caller's and must live as long as the query runs.</summary>
public sealed record BatchInput(Schema BatchSchema, IReadOnlyList<RecordBatch> Batches) : Input
{
    private protected override Schema Columns => BatchSchema;
}

/// <summary>Rows that come, in their order, as a query asks for them.</summary>
/// <param name="ReaderSchema">The columns of every reader.</param>
/// <param name="Open">Makes a reader of the rows from the first on; called for each statement that is prepared, so that a reader begins its work with its first read.</param>
public sealed record ReaderInput(Schema ReaderSchema, Func<IRecordBatchReader> Open) : Input
{
    private protected override Schema Columns => ReaderSchema;
}
