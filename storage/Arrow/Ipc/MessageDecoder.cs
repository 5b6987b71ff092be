using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.Conversion;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Ipc;

/// <summary>Makes record batches of the messages of one stream or file. Not safe for use by several threads where there are dictionaries.</summary>
internal sealed unsafe class MessageDecoder : IDisposable
{
    private readonly ColumnChoice _choice;
    private readonly Dictionary<long, ArrowField> _dictionaryFields = [];

    /// <inheritdoc cref="ColumnChoice(ArrowField, ArrowReadOptions, ArrowPlace)" path="/exception"/>
    internal MessageDecoder(ArrowField root, ArrowReadOptions options, ArrowPlace place)
    {
        _choice = new ColumnChoice(root, options, place);
        Dictionaries = new DictionaryStore(options.Memory);
        foreach (int column in _choice.Columns) FindDictionaries(_choice.Fields[column]);
    }

    /// <summary>Of the batches.</summary>
    internal Schema Schema => _choice.Schema;

    internal bool HasDictionaries => _dictionaryFields.Count > 0;

    internal DictionaryStore Dictionaries { get; }

    /// <summary>The rows of a record batch's message.</summary>
    /// <param name="head">The message.</param>
    /// <param name="body">Its body.</param>
    /// <param name="bodySize">Bytes of the body.</param>
    /// <param name="bodyOwner">Keeps the body; disposed with the batch, or when this fails.</param>
    /// <param name="place">For errors.</param>
    /// <param name="cancellationToken">Observed while columns are made anew.</param>
    internal RecordBatch Decode(MessageHead head, byte* body, long bodySize, IDisposable? bodyOwner, ArrowPlace place, CancellationToken cancellationToken)
    {
        var owners = new BatchOwners(bodyOwner);
        try
        {
            var meter = new ExpansionMeter(_choice.Options, bodySize, cancellationToken);
            var layout = new BatchLayout(head.Header, head.IsBeforeV5, body, bodySize, _choice.Options, meter, owners.Items, place);
            var arrays = new WireArray[_choice.Fields.Length];
            for (int i = 0; i < arrays.Length; i++) arrays[i] = layout.TakeColumn(_choice.Fields[i], _choice.IsWanted(i));
            layout.End();
            var converter = new ArrayConverter(place, Dictionaries, meter, _choice.Options, owners.Items);
            ColumnBuffers[] columns = [.. _choice.Columns.Select(column => converter.Column(_choice.Fields[column], arrays[column]))];
            return RecordBatch.Over(Schema, (int)layout.Length, columns, owners);
        }
        catch
        {
            owners.Dispose();
            throw;
        }
    }

    /// <summary>Takes a dictionary's message; the arguments are those of a record batch's.</summary>
    internal void DecodeDictionary(MessageHead head, byte* body, long bodySize, IDisposable? bodyOwner, ArrowPlace place, CancellationToken cancellationToken)
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
            var meter = new ExpansionMeter(_choice.Options, bodySize, cancellationToken);
            var layout = new BatchLayout(dictionary.Table(1), head.IsBeforeV5, body, bodySize, _choice.Options, meter, owners.Items, place);
            WireArray array = layout.TakeColumn(field, isWanted: true);
            layout.End();
            ColumnBuffers values = new ArrayConverter(place, Dictionaries, meter, _choice.Options, owners.Items).Column(field, array);
            var schema = new Schema([field.Ours!]);
            bool isDelta = dictionary.Boolean(2);
            var batch = RecordBatch.Over(schema, (int)layout.Length, [values], owners);
            // The store's from here on, also where it fails.
            owners = new BatchOwners(null);
            Dictionaries.Add(dictionary.Int64(0), batch, isDelta, place, field);
        }
        catch
        {
            owners.Dispose();
            throw;
        }
    }

    public void Dispose() => Dictionaries.Dispose();

    private void FindDictionaries(ArrowField field)
    {
        // A value that no number means may be NULL, whatever the field says of its rows.
        if (field.Dictionary is not null) _dictionaryFields.TryAdd(field.Dictionary.Id, field with { Dictionary = null, Ours = field.Ours! with { IsNullable = true } });
        foreach (ArrowField child in field.Children) FindDictionaries(child);
    }
}
