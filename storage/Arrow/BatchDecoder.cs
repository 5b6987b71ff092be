using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Storage.Arrow;

/// <summary>Makes record batches of the messages of one stream or file. Not safe for use by several threads where there are dictionaries.</summary>
internal sealed unsafe class BatchDecoder : IDisposable
{
    private readonly ArrowField[] _fields;
    private readonly ArrowReadOptions _options;
    // The columns that are read, as numbers of fields, and the fields that are not.
    private readonly int[] _columns;
    private readonly bool[] _isWanted;
    private readonly Dictionary<long, ArrowField> _dictionaryFields = [];

    /// <exception cref="LeptonDataException"><c>storage.arrow_column</c>, <c>storage.arrow_type</c></exception>
    internal BatchDecoder(ArrowField[] fields, ArrowReadOptions options, ArrowPlace place)
    {
        (_fields, _options) = (fields, options);
        _columns = options.Columns is null ? [.. Enumerable.Range(0, fields.Length)] : [.. options.Columns.Select(name => Find(name, place))];
        _isWanted = new bool[fields.Length];
        foreach (int column in _columns) _isWanted[column] = true;
        Schema = ArrowSchema.ToOurs([.. _columns.Select(column => fields[column])], place);
        foreach (int column in _columns) FindDictionaries(fields[column]);
    }

    /// <summary>Of the batches.</summary>
    internal Schema Schema { get; }

    internal bool HasDictionaries => _dictionaryFields.Count > 0;

    internal DictionaryStore Dictionaries { get; } = new();

    /// <summary>The rows of a record batch's message.</summary>
    /// <param name="head">The message.</param>
    /// <param name="body">Its body.</param>
    /// <param name="bodySize">Bytes of the body.</param>
    /// <param name="bodyOwner">Keeps the body; disposed with the batch, or when this fails.</param>
    /// <param name="place">For errors.</param>
    internal RecordBatch Decode(MessageHead head, byte* body, long bodySize, IDisposable? bodyOwner, ArrowPlace place)
    {
        var owners = new BatchOwners(bodyOwner);
        try
        {
            var meter = new ExpansionMeter(_options, bodySize);
            var layout = new BatchLayout(head.Header, head.IsBeforeV5, body, bodySize, _options, meter, owners.Items, place);
            var arrays = new WireArray[_fields.Length];
            for (int i = 0; i < arrays.Length; i++)
            {
                arrays[i] = layout.Take(_fields[i], _isWanted[i]);
                if (arrays[i].Length != layout.Length) throw place.Error("storage.arrow_child_length", _fields[i].Path, arrays[i].Length, layout.Length);
            }
            layout.End();
            var converter = new ArrayConverter(place, Dictionaries, meter, _options, owners.Items);
            var columns = new ColumnBuffers[_columns.Length];
            for (int i = 0; i < columns.Length; i++) columns[i] = converter.Column(_fields[_columns[i]], arrays[_columns[i]]);
            return RecordBatch.Over(Schema, (int)layout.Length, columns, owners);
        }
        catch
        {
            owners.Dispose();
            throw;
        }
    }

    /// <summary>Takes a dictionary's message; the arguments are those of a record batch's.</summary>
    internal void DecodeDictionary(MessageHead head, byte* body, long bodySize, IDisposable? bodyOwner, ArrowPlace place)
    {
        var owners = new BatchOwners(bodyOwner);
        try
        {
            FlatTable dictionary = head.Header;
            if (!dictionary.Has(1)) throw place.Error("storage.arrow_metadata", 0);
            // One of a column that is not read.
            if (!_dictionaryFields.TryGetValue(dictionary.Int64(0), out ArrowField? field))
            {
                owners.Dispose();
                return;
            }
            var meter = new ExpansionMeter(_options, bodySize);
            var layout = new BatchLayout(dictionary.Table(1), head.IsBeforeV5, body, bodySize, _options, meter, owners.Items, place);
            WireArray array = layout.Take(field, isWanted: true);
            if (array.Length != layout.Length) throw place.Error("storage.arrow_child_length", field.Path, array.Length, layout.Length);
            layout.End();
            ColumnBuffers values = new ArrayConverter(place, Dictionaries, meter, _options, owners.Items).Column(field, array);
            var schema = new Schema([field.Ours!]);
            Dictionaries.Add(dictionary.Int64(0), RecordBatch.Over(schema, (int)layout.Length, [values], owners), dictionary.Boolean(2), place, field);
        }
        catch
        {
            owners.Dispose();
            throw;
        }
    }

    /// <summary>The rows of an array of structs that another library made.</summary>
    internal RecordBatch Decode(ImportedArray source, ArrowPlace place)
    {
        var owners = new BatchOwners(source.Share());
        try
        {
            // Who made it vouches for its size.
            var converter = new ArrayConverter(place, Dictionaries, new ExpansionMeter(_options, long.MaxValue), _options, owners.Items);
            WireArray top = CDataImport.Array(new ArrowField("", new ArrowType(ArrowKind.Struct), false, _fields, FieldMetadata.Empty), source.Array, place);
            var columns = new ColumnBuffers[_columns.Length];
            for (int i = 0; i < columns.Length; i++) columns[i] = converter.TopColumn(_fields[_columns[i]], top, top.Children[_columns[i]]);
            converter.CheckTop(top);
            return RecordBatch.Over(Schema, (int)top.Length, columns, owners);
        }
        catch
        {
            owners.Dispose();
            throw;
        }
    }

    public void Dispose() => Dictionaries.Dispose();

    private int Find(string name, ArrowPlace place)
    {
        int index = Array.FindIndex(_fields, field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        return index >= 0 ? index : throw place.Error("storage.arrow_column", name);
    }

    private void FindDictionaries(ArrowField field)
    {
        // A value that no number means may be NULL, whatever the field says of its rows.
        if (field.Dictionary is not null) _dictionaryFields.TryAdd(field.Dictionary.Id, field with { Dictionary = null, Ours = field.Ours! with { IsNullable = true } });
        foreach (ArrowField child in field.Children) FindDictionaries(child);
    }
}

/// <summary>All that a batch keeps: its message's body, and what was made anew.</summary>
internal sealed class BatchOwners(IDisposable? body) : IDisposable
{
    internal List<IDisposable> Items { get; } = body is null ? [] : [body];

    public void Dispose()
    {
        foreach (IDisposable item in Items) item.Dispose();
        Items.Clear();
    }
}
