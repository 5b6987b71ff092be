using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Connectors.Files;

/// <summary>The columns of files that are read as one: those that any of them has, where the source takes new ones; else all must have the same.</summary>
/// <param name="source">Its policy says what is taken.</param>
internal sealed class UnitedColumns(FileSourceDefinition source)
{
    private readonly List<Field> _fields = [];
    private readonly Dictionary<string, int> _positions = new(StringComparer.Ordinal);
    private readonly List<(SourceFile File, Field[] Fields)> _files = [];

    /// <summary>Of the first file in its order, then what others add.</summary>
    internal IReadOnlyList<Field> Fields => _fields;

    /// <summary>The files, each with its own columns where they are not <see cref="Fields"/>.</summary>
    internal EquatableList<SourceFile> Files() => new(_files.Select(entry => IsWhole(entry.Fields) ? entry.File : entry.File with { Columns = new EquatableList<string>(entry.Fields.Select(field => field.Name)) }));

    internal int FileCount => _files.Count;

    /// <summary>Takes a file in.</summary>
    /// <exception cref="LeptonDataException">Its columns are not those of the others, or have types that do not meet; names both files.</exception>
    internal void Add(SourceFile file, Field[] fields)
    {
        bool takesNew = source.OnSchemaChange is SchemaPolicy.Add or SchemaPolicy.Widen;
        if (_files.Count > 0 && !takesNew) CheckNames(fields, file.Path);
        foreach (Field field in fields)
        {
            if (!_positions.TryGetValue(field.Name, out int position))
            {
                _positions.Add(field.Name, _fields.Count);
                _fields.Add(field);
            }
            else if (!field.Type.Equals(_fields[position].Type))
            {
                DataType both = source.Format == FileFormat.Csv ? Guessed(_fields[position].Type, field.Type) : Stored(_fields[position], field, file.Path);
                _fields[position] = _fields[position] with { Type = both };
            }
        }
        _files.Add((file, fields));
    }

    private bool IsWhole(Field[] fields) => fields.Length == _fields.Count && fields.Zip(_fields).All(pair => pair.First.Name == pair.Second.Name);

    private void CheckNames(Field[] fields, string path)
    {
        string first = _files[0].File.Path;
        if (_fields.Find(field => !Array.Exists(fields, candidate => candidate.Name == field.Name)) is { } missing) throw Missing(missing, first, path);
        if (Array.Find(fields, field => !_positions.ContainsKey(field.Name)) is { } surplus) throw Missing(surplus, path, first);
    }

    private LeptonDataException Missing(Field field, string path, string other)
        => new("connectors.column_missing_in", [field.Name, path, other]) { Place = source.Path.Place, Kind = ErrorKind.DataRefused };

    // Guesses from text: whole and broken numbers meet as DOUBLE, all else as text.
    private static DataType Guessed(DataType left, DataType right)
    {
        static bool IsNumber(DataType type) => type.Id is TypeId.Integer or TypeId.Float;
        return IsNumber(left) && IsNumber(right) ? DataType.Float64 : DataType.String;
    }

    // What a file's footer says is no guess.
    private DataType Stored(Field known, Field other, string path)
    {
        bool widens = source.OnSchemaChange == SchemaPolicy.Widen;
        if (widens && ColumnChange.IsWider(known.Type, other.Type)) return other.Type;
        if (widens && ColumnChange.IsWider(other.Type, known.Type)) return known.Type;
        string owner = _files.First(entry => Array.Exists(entry.Fields, field => field.Name == known.Name && field.Type.Equals(known.Type))).File.Path;
        bool couldWiden = !widens && (ColumnChange.IsWider(known.Type, other.Type) || ColumnChange.IsWider(other.Type, known.Type));
        throw new LeptonDataException(couldWiden ? "connectors.types_differ_widen" : "connectors.types_differ", [known.Name, known.Type, owner, other.Type, path]) { Place = source.Path.Place, Kind = ErrorKind.DataRefused };
    }
}
