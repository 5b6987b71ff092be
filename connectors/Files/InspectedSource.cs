using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Connectors.Files;

/// <summary>A source that was looked into.</summary>
/// <param name="Definition">What the person wrote.</param>
/// <param name="Scan">What an engine reads.</param>
/// <param name="RowCount">How many rows, where the files say so; null for delimited text.</param>
public sealed record InspectedSource(FileSourceDefinition Definition, FileScan Scan, long? RowCount)
{
    /// <summary>Refuses to go on with what was read where a file changed since it was looked into, as far as size and modification time tell.</summary>
    /// <exception cref="Schemas.LeptonDataException"><c>connectors.file_changed</c></exception>
    public void CheckUnchanged()
    {
        foreach (SourceFile file in Scan.Files)
            if (!FileDigests.IsAsBefore(file)) throw new Schemas.LeptonDataException("connectors.file_changed", [file.Path]) { Place = Definition.Path.Place, IsTransient = true };
    }
}
