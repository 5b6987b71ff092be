using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Connectors.Files;

/// <summary>A source that was looked into.</summary>
/// <param name="Definition">What the person wrote.</param>
/// <param name="Scan">What an engine reads.</param>
/// <param name="RowCount">How many rows, where the files say so; null for delimited text.</param>
public sealed record InspectedSource(FileSourceDefinition Definition, FileScan Scan, long? RowCount)
{
    /// <summary>Files that were left aside, with what differs, by path; absolute.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<ColumnChange>> SetAside { get; init; } = new Dictionary<string, IReadOnlyList<ColumnChange>>();

    /// <summary>Columns that not all files have, with how many do; the rows of the others are NULL there.</summary>
    public IReadOnlyDictionary<string, int> PartialColumns()
    {
        var counts = new int[Scan.Schema.Count];
        foreach (SourceFile file in Scan.Files)
            foreach (int column in ColumnsOf(file)) counts[column]++;
        return Enumerable.Range(0, counts.Length).Where(i => counts[i] < Scan.Files.Count).ToDictionary(i => Scan.Schema[i].Name, i => counts[i], StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Columns seen before that a file lacks.</summary>
    public IEnumerable<Field> ColumnsLacking(SourceFile file, Schema before)
    {
        if (file.Columns is null) return [];
        var present = ColumnsOf(file).Select(column => Scan.Schema[column].Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return before.Fields.Where(field => !present.Contains(field.Name));
    }

    private IEnumerable<int> ColumnsOf(SourceFile file) => file.Columns?.Select(Scan.FileSchema.IndexOf) ?? Enumerable.Range(0, Scan.Schema.Count);

    /// <summary>What of the columns is not as it was before. A type that the person declares is the person's word, and no change of the files.</summary>
    public IReadOnlyList<ColumnChange> ChangesSince(Schema before)
        => [.. ColumnChange.Between(before, Scan.Schema).Where(change => change.Before is null || change.After is null || !Definition.DeclaresTypeOf(change.Name))];

    /// <summary>Refuses to go on with what was read where a file changed since it was looked into, as far as size and modification time tell.</summary>
    /// <exception cref="Schemas.LeptonDataException"><c>connectors.file_changed</c></exception>
    public void CheckUnchanged()
    {
        foreach (SourceFile file in Scan.Files)
            if (!FileDigests.IsAsBefore(file)) throw new LeptonDataException("connectors.file_changed", [file.Path]) { Place = Definition.Path.Place, IsTransient = true };
    }
}
