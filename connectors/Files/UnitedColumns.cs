using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Connectors.Files;

/// <summary>The columns of files that are read as one: those that any of them has, where the source takes new ones; else all must have the same.</summary>
/// <param name="source">Its policy says what is taken.</param>
/// <param name="seen">The columns that were offered before, in whose order columns stay; null for none.</param>
internal sealed class UnitedColumns(FileSourceDefinition source, Schema? seen)
{
    private readonly List<(SourceFile File, Field[] Fields)> _files = [];
    private readonly List<Occurrences> _columns = [];
    private readonly Dictionary<string, Occurrences> _byName = new(StringComparer.Ordinal);
    private Field[]? _fields;

    /// <summary>Those seen before in their order, then others as the files bring them. Asked for when all files were added.</summary>
    /// <exception cref="LeptonDataException">Types that do not meet, or names that are one; names both files.</exception>
    internal IReadOnlyList<Field> Fields => _fields ??= Unite();

    /// <summary>The files, each with its own columns where they are not <see cref="Fields"/>.</summary>
    internal EquatableList<SourceFile> Files() => new(_files.Select(entry => IsWhole(entry.Fields) ? entry.File : entry.File with { Columns = new EquatableList<string>(entry.Fields.Select(field => field.Name)) }));

    internal int FileCount => _files.Count;

    /// <summary>Takes a file in.</summary>
    /// <exception cref="LeptonDataException">It has nothing in common with the others, or lacks what the policy asks for; names both files.</exception>
    internal void Add(SourceFile file, Field[] fields)
    {
        if (_files.Count > 0) CheckNames(fields, file.Path);
        foreach (Field field in fields)
        {
            if (!_byName.TryGetValue(field.Name, out Occurrences? column))
            {
                _byName.Add(field.Name, column = new Occurrences(field));
                _columns.Add(column);
            }
            column.Types.TryAdd(field.Type, file.Path);
        }
        _files.Add((file, fields));
    }

    // The order of names that come with a new file says nothing: the order of columns is that of before.
    private Field[] Unite()
    {
        int Place(string name) => seen?.IndexOf(SourceColumns.FitName(name)) is { } place and >= 0 ? place : int.MaxValue;
        Field[] fields = [.. _columns.Select(column => column.Field with { Type = TypeOf(column) }).OrderBy(field => Place(field.Name))];
        var known = new Dictionary<string, Field>(StringComparer.OrdinalIgnoreCase);
        foreach (Field field in fields)
        {
            string name = SourceColumns.FitName(field.Name);
            string path = _byName[field.Name].Types.First().Value;
            // Two of one file are for who gives columns their names.
            if (!known.TryAdd(name, field) && _byName[known[name].Name].Types.First().Value is var other && other != path) throw Refused("connectors.names_collide_between", known[name].Name, other, field.Name, path, name);
        }
        return fields;
    }

    private DataType TypeOf(Occurrences column)
    {
        DataType[] types = [.. column.Types.Keys];
        DataType? before = seen?.Find(SourceColumns.FitName(column.Field.Name))?.Type;
        if (source.Format == FileFormat.Csv) return types.Length == 1 ? types[0] : types.All(type => type.Id is TypeId.Integer or TypeId.Float) ? DataType.Float64 : DataType.String;
        bool widens = source.OnSchemaChange == SchemaPolicy.Widen;
        // What the last run read as the wider type stays it, also once the file is gone that brought it.
        if (types.Length == 1 && !(widens && before is not null && ColumnChange.IsWider(types[0], before))) return types[0];
        if (source.DeclaredTypeOf(column.Field.Name) is { } declared) return declared;
        bool Holds(DataType type) => types.All(other => other.Equals(type) || ColumnChange.IsWider(other, type));
        DataType? all = before is not null && Holds(before) ? before : Array.Find(types, Holds);
        if (all is not null && widens) return all;
        // What a file's footer says is no guess.
        throw Refused(all is not null ? "connectors.types_differ_widen" : "connectors.types_differ", column.Field.Name, types[0], column.Types[types[0]], types[1], column.Types[types[1]]);
    }

    private bool IsWhole(Field[] fields) => fields.Length == Fields.Count && fields.Zip(Fields).All(pair => pair.First.Name == pair.Second.Name);

    private void CheckNames(Field[] fields, string path)
    {
        string first = _files[0].File.Path;
        if (source.OnSchemaChange is SchemaPolicy.Add or SchemaPolicy.Widen)
        {
            if (!Array.Exists(fields, field => _byName.ContainsKey(field.Name))) throw Refused("connectors.nothing_in_common", path, string.Join(", ", fields.Take(5).Select(field => field.Name)), first);
            return;
        }
        if (_columns.Find(column => !Array.Exists(fields, candidate => candidate.Name == column.Field.Name)) is { } missing) throw Refused("connectors.column_missing_in", missing.Field.Name, first, path);
        if (Array.Find(fields, field => !_byName.ContainsKey(field.Name)) is { } surplus) throw Refused("connectors.column_missing_in", surplus.Name, path, first);
    }

    private LeptonDataException Refused(string code, params object?[] arguments) => new(code, arguments) { Place = source.Path.Place, Kind = ErrorKind.DataRefused };

    /// <summary>A column, with its types in the order of the files, and the first file that has each.</summary>
    private sealed class Occurrences(Field first)
    {
        internal Field Field => first;

        internal OrderedDictionary<DataType, string> Types { get; } = [];
    }
}
