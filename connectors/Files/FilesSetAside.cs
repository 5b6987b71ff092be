using Lepton.Data.Schemas;

namespace Lepton.Data.Connectors.Files;

/// <summary>Holds the files of a source against the columns that were seen before, and leaves those aside that differ, where that is asked for.</summary>
/// <param name="source">The source.</param>
/// <param name="seen">The columns before; null for none: then the first file is the measure.</param>
internal sealed class FilesSetAside(FileSourceDefinition source, Schema? seen)
{
    private readonly Dictionary<string, IReadOnlyList<ColumnChange>> _files = new(StringComparer.Ordinal);
    private Schema? _first;

    /// <summary>What was left aside.</summary>
    internal IReadOnlyDictionary<string, IReadOnlyList<ColumnChange>> Files => _files;

    /// <summary>Whether a file is left aside.</summary>
    internal bool Takes(string path, Field[] fields, bool isOfProject)
    {
        if (source.OnSchemaChange != SchemaPolicy.Quarantine) return false;
        Schema? measure = seen ?? _first;
        Schema columns;
        try
        {
            (columns, _) = SourceColumns.Offer(fields, source, path, isOfProject);
        }
        catch (LeptonDataException failure) when (measure is not null && failure.Code.StartsWith("connectors.no_column", StringComparison.Ordinal))
        {
            // A column that the person declares is gone from this file.
            columns = new Schema(fields.Select(field => AsDeclared(field with { Name = SourceColumns.FitName(field.Name) }, measure)));
        }
        IReadOnlyList<ColumnChange> changes = measure is null ? [] : ColumnChange.Between(measure, columns);
        _first ??= columns;
        if (changes.Count == 0) return false;
        _files.Add(path, changes);
        return true;
    }

    // What the person declares of the columns that are there is no change of theirs.
    private Field AsDeclared(Field field, Schema measure) => source.DeclaresTypeOf(field.Name) && measure.Find(field.Name) is { } known ? field with { Type = known.Type } : field;

    /// <summary>Refuses a source of which nothing is left.</summary>
    /// <exception cref="LeptonDataException"><c>connectors.all_set_aside</c></exception>
    internal void EnsureSomeLeft(int count)
    {
        if (count == 0) throw new LeptonDataException("connectors.all_set_aside", [source.Name, string.Join(", ", _files.First().Value)]) { Place = source.Path.Place, Kind = ErrorKind.DataRefused };
    }

    /// <summary>The type that a column was read as before; null where it is new, or where the person declares what it is.</summary>
    /// <param name="name">As the file has it.</param>
    internal DataType? TypeBefore(string name) => seen?.Find(SourceColumns.FitName(name)) is { } before && !source.DeclaresTypeOf(before.Name) ? before.Type : null;

    /// <summary>A column of text with the type that it had, where the person declares none and the values, as guessed, can be read as that: today's whole numbers do not make yesterday's broken ones whole.</summary>
    internal Field AsSeen(Field guessed)
    {
        if (TypeBefore(guessed.Name) is not { } before || before.Equals(guessed.Type)) return guessed;
        return before.Id == TypeId.String || ColumnChange.IsWider(guessed.Type, before) ? guessed with { Type = before } : guessed;
    }
}
