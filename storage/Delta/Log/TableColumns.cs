using System.Globalization;
using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>A table's columns, and what its files call them.</summary>
/// <param name="Schema">As people see them.</param>
/// <param name="Mapping">What the files call them; null where they call them the same.</param>
internal sealed record TableColumns(Schema Schema, ColumnMapping? Mapping)
{
    /// <summary>What the files and the log call an outermost column.</summary>
    internal string NameOf(Field field) => Mapping?.NameOf(field) ?? field.Name;

    /// <exception cref="LeptonDataException"><c>storage.delta_schema</c>, <c>storage.delta_type</c>, <c>storage.log_field</c></exception>
    internal static TableColumns Read(MetadataAction metadata, string table)
    {
        Schema schema = SchemaJson.Read(metadata.SchemaJson, table, metadata.Place);
        foreach (string column in metadata.PartitionColumns)
            if (schema.Find(column) is null) throw new LeptonDataException("storage.log_field", ["partitionColumns"]) { Place = metadata.Place };
        return ProtocolRules.MappingMode(metadata) is { } mode ? ColumnMapping.Split(schema, mode, table) : new TableColumns(schema, null);
    }
}

/// <summary>Delta's column mapping: what the files of a table call its columns, so that renamed and dropped ones need no new files.</summary>
/// <param name="FileSchema">The columns as the files have them: same order, same shape, other names.</param>
/// <param name="Ids">The field ids of the outermost columns; null where names count.</param>
internal sealed record ColumnMapping(Schema FileSchema, IReadOnlyList<int>? Ids)
{
    private const string IdKey = "delta.columnMapping.id", NameKey = "delta.columnMapping.physicalName", NestedKey = "delta.columnMapping.nested.ids";

    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);

    /// <summary>What the files and the log call an outermost column.</summary>
    internal string NameOf(Field field) => _names[field.Name];

    /// <summary>Takes the mapping out of a schema's metadata.</summary>
    internal static TableColumns Split(Schema schema, string mode, string table)
    {
        List<Field> logical = [], physical = [];
        foreach (Field field in schema.Fields)
        {
            (Field own, Field file) = Split(field, field.Name, table);
            logical.Add(own);
            physical.Add(file);
        }
        if (physical.Select(field => field.Name).Distinct(StringComparer.OrdinalIgnoreCase).Count() != physical.Count) throw new LeptonDataException("storage.delta_schema", [table, NameKey]);
        int[]? ids = mode == "id" ? [.. schema.Fields.Select(field => IdOf(field, table))] : null;
        var mapping = new ColumnMapping(new Schema(physical), ids);
        for (int i = 0; i < logical.Count; i++) mapping._names.Add(logical[i].Name, physical[i].Name);
        return new TableColumns(new Schema(logical), mapping);
    }

    private static int IdOf(Field field, string table)
        => int.TryParse(field.Metadata[$"json:{IdKey}"], NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : throw new LeptonDataException("storage.delta_schema", [table, field.Name]);

    private static (Field Logical, Field Physical) Split(Field field, string path, string table)
    {
        string name = field.Metadata[NameKey] ?? throw new LeptonDataException("storage.delta_schema", [table, path]);
        (DataType logical, DataType physical) = Split(field.Type, path, table);
        FieldMetadata metadata = field.Metadata.With($"json:{IdKey}", null).With(NameKey, null).With($"json:{NestedKey}", null);
        return (field with { Type = logical, Metadata = metadata }, new Field(name, physical, field.IsNullable));
    }

    private static (DataType Logical, DataType Physical) Split(DataType type, string path, string table)
    {
        switch (type)
        {
            case StructType { Fields: var fields }:
                (Field Logical, Field Physical)[] both = [.. fields.Select(field => Split(field, $"{path}.{field.Name}", table))];
                return (new StructType(new EquatableList<Field>(both.Select(pair => pair.Logical))), new StructType(new EquatableList<Field>(both.Select(pair => pair.Physical))));
            case ListType { Element: var element }:
                (DataType own, DataType file) = Split(element.Type, path, table);
                return (new ListType(element with { Type = own }), new ListType(element with { Type = file }));
            case FixedSizeListType { Element: var element, Length: var length }:
                (own, file) = Split(element.Type, path, table);
                return (new FixedSizeListType(element with { Type = own }, length), new FixedSizeListType(element with { Type = file }, length));
            case MapType { Key: var key, Value: var value }:
                (DataType ownKey, DataType fileKey) = Split(key.Type, path, table);
                (own, file) = Split(value.Type, path, table);
                return (new MapType(key with { Type = ownKey }, value with { Type = own }), new MapType(key with { Type = fileKey }, value with { Type = file }));
            default:
                return (type, type);
        }
    }
}
