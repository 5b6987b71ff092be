using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Storage.Delta;

namespace Lepton.Data.Connectors.Files;

/// <summary>Turns a file's columns into a relation's: names made fit, declared types and zones put in.</summary>
internal static class SourceColumns
{
    /// <summary>The relation that a source offers.</summary>
    /// <param name="file">Names and types as the file has them.</param>
    /// <param name="source">What the person says of them.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="isOfProject">Whether it lies in the project's folder.</param>
    /// <exception cref="LeptonDataException">A declared column that is not there, names that collide, a naive time without a zone.</exception>
    internal static (Schema Schema, IReadOnlyDictionary<string, string> TimeZones) Offer(IReadOnlyList<Field> file, FileSourceDefinition source, string path, bool isOfProject)
    {
        var declared = new Dictionary<string, ColumnDeclaration>(StringComparer.Ordinal);
        foreach (ColumnDeclaration column in source.Columns)
        {
            Field? found = file.FirstOrDefault(field => field.Name == column.Name) ?? file.FirstOrDefault(field => Equal(field.Name, column.Name)) ?? file.FirstOrDefault(field => Equal(FitName(field.Name), column.Name));
            if (found is null)
            {
                string? near = Suggest.Nearest(column.Name, file.Select(field => field.Name));
                if (near is not null) throw Error(column.Place, "connectors.no_column_but", column.Name, path, near);
                // A path that leads out of the project may lead to a file that is no data at all (/etc/passwd), and its "columns" are its first line: that is not for messages and logs.
                throw isOfProject
                    ? Error(column.Place, "connectors.no_column", column.Name, path, string.Join(", ", file.Take(20).Select(field => field.Name)))
                    : Error(column.Place, "connectors.no_column_outside", column.Name, path);
            }
            if (!declared.TryAdd(found.Name, column)) throw Error(column.Place, "connectors.column_twice", found.Name);
        }
        var fields = new List<Field>(file.Count);
        var sourceNames = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var zones = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (Field field in file)
        {
            string name = FitName(field.Name);
            if (!sourceNames.TryAdd(name, field.Name)) throw Error(source.Place, "connectors.names_collide", sourceNames[name], field.Name, path, name);
            ColumnDeclaration? column = declared.GetValueOrDefault(field.Name);
            DataType type = column?.Type ?? field.Type;
            if (column?.Zone is { } zone)
            {
                // A declared instant with a zone means: the file's clock is naive, and this is its zone.
                if (type.Id is not (TypeId.NaiveTime or TypeId.Instant) || field.Type.Id == TypeId.Instant) throw Error(zone.Place, "connectors.zone_not_needed", field.Name, field.Type);
                zones.Add(name, zone.Value);
                type = DataType.Instant;
            }
            else if (type.Id == TypeId.NaiveTime || (type.Id == TypeId.Instant && field.Type.Id == TypeId.NaiveTime))
            {
                if (source.Zone is not { } general) throw Error(column?.Place ?? source.Place, source.TakesDeclarations ? "connectors.zone_needed" : "connectors.zone_needed_in_file", field.Name, path);
                zones.Add(name, general.Value);
                type = DataType.Instant;
            }
            var offered = new Field(name, type);
            if (name != field.Name) offered = offered with { Metadata = offered.Metadata.With(FieldMetadata.SourceNameKey, field.Name) };
            if (column?.Description is { } description) offered = offered with { Metadata = offered.Metadata.With(FieldMetadata.CommentKey, description) };
            if (column?.IsPersonal == true) offered = offered with { Metadata = offered.Metadata.With(FieldMetadata.PersonalKey, "true") };
            fields.Add(offered);
        }
        return (new Schema(fields), zones);
    }

    /// <summary>The name with <c>_</c> for each character that Delta refuses and each control character, which no terminal shows; of several <c>_</c> at the front one stays, since names that begin with two are ours.</summary>
    internal static string FitName(string name)
    {
        string fit = string.Create(name.Length, name, static (span, text) =>
        {
            for (int i = 0; i < span.Length; i++) span[i] = ColumnNames.Refuses(text[i]) || char.IsControl(text[i]) ? '_' : text[i];
        });
        // Two underscores at the front are for columns of ours (quarantine, joins).
        while (fit.StartsWith("__", StringComparison.Ordinal)) fit = fit[1..];
        return fit.Length == 0 ? "column" : fit;
    }

    private static bool Equal(string left, string right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);

    private static LeptonDataException Error(SourcePlace place, string code, params ReadOnlySpan<object?> arguments) => new(code, arguments.ToArray()) { Place = place };
}
