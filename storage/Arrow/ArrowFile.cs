using System.Buffers.Binary;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.Ipc;

namespace Lepton.Data.Storage.Arrow;

/// <summary>
/// An Arrow IPC file, mapped into memory and read batch by batch in any order. Where Arrow's layout is ours and nothing is compressed, a batch lies in the mapping, without a copy;
/// the mapping lives as long as the file object or a batch over it. Safe for use by several threads.
/// </summary>
/// <remarks>
/// Opening looks at the footer only. Reading a batch checks it whole. Like every mapping, this one needs the file to stay as it is: cutting it short under a reader ends the process.
/// Replacing it by renaming, as <see cref="ArrowFileWriter.Create"/> does, is harmless.
/// </remarks>
public sealed unsafe class ArrowFile : IDisposable
{
    private readonly FileMapping _mapping;
    private readonly ArrowReadOptions _options;
    private readonly MessageDecoder _decoder;
    private readonly ArrowBlock[] _batches;
    private readonly ArrowBlock[] _dictionaries;
    private readonly Lock _gate = new();
    private readonly string _source;
    private Dictionary<long, List<int>>? _dictionariesById;
    private bool _isDisposed;

    private ArrowFile(FileMapping mapping, ArrowReadOptions options, string source)
    {
        (_mapping, _options, _source) = (mapping, options, source);
        var place = new ArrowPlace(source);
        long footerStart = FooterStart(place);
        var bytes = new ReadOnlySpan<byte>(mapping.Bytes + footerStart, (int)(mapping.Size - 10 - footerStart));
        FlatTable footer = FlatTable.Root(bytes, place);
        // Files of Arrow 0.14 say version 0 here; what counts is what messages say.
        if (!footer.Has(1)) throw place.Error("storage.arrow_metadata", 0);
        _decoder = new MessageDecoder(new SchemaReader(place, bytes.Length).Read(footer.Table(1)), options, place);
        _dictionaries = Blocks(footer.Vector(2, 24), footerStart, place);
        _batches = Blocks(footer.Vector(3, 24), footerStart, place);
        _decoder.Dictionaries.Resolve = ReadDictionary;
    }

    /// <summary>The columns that are read, in the order asked for, with the file's own metadata.</summary>
    public Schema Schema => _decoder.Schema;

    /// <summary>How many record batches the file has, those without rows included.</summary>
    public int BatchCount => _batches.Length;

    internal static ReadOnlySpan<byte> Magic => "ARROW1"u8;

    /// <summary>Maps a file and reads its footer.</summary>
    /// <param name="path">A file that stays as it is while it is mapped.</param>
    /// <param name="options">Which columns, and bounds; null for all columns and the usual bounds.</param>
    /// <exception cref="LeptonDataException">The file cannot be read; or a code that begins with <c>storage.arrow_</c>: it is no Arrow file, or has types that no batch of ours holds.</exception>
    public static ArrowFile Open(string path, ArrowReadOptions? options = null)
    {
        options ??= new();
        string source = options.Source ?? path;
        FileMapping mapping = FileMapping.Open(path, 8 + 4 + 6, new ArrowPlace(source));
        try
        {
            return new ArrowFile(mapping, options, source);
        }
        catch
        {
            mapping.Dispose();
            throw;
        }
    }

    /// <summary>The rows of one batch (there may be none), checked. The caller owns it.</summary>
    /// <param name="index">In <c>[0, BatchCount)</c>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such batch.</exception>
    /// <exception cref="LeptonDataException">A code that begins with <c>storage.arrow_</c>; in its place the number after <c>#</c> is the batch's, counted from 1.</exception>
    public RecordBatch ReadBatch(int index) => ReadOne(index, CancellationToken.None);

    private RecordBatch ReadOne(int index, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, _batches.Length);
        ArrowBlock block = _batches[index];
        var place = new ArrowPlace(_source) { MessageNumber = index + 1, Position = block.Offset };
        // What dictionaries hold is read once, by whoever needs it first.
        if (!_decoder.HasDictionaries) return Decode(block, place, cancellationToken);
        lock (_gate) return Decode(block, place, cancellationToken);
    }

    /// <summary>All batches in order, as <see cref="ReadBatch"/> gives them; those without rows are left out. The file must stay open until the reader has ended.</summary>
    public IRecordBatchReader Read()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new Reader(this);
    }

    /// <summary>Gives the mapping up, once no call is under way; batches over it keep it.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            _decoder.Dispose();
            _mapping.Dispose();
        }
    }

    private long FooterStart(ArrowPlace place)
    {
        var head = new ReadOnlySpan<byte>(_mapping.Bytes, 6);
        var tail = new ReadOnlySpan<byte>(_mapping.Bytes + _mapping.Size - 10, 10);
        if (!head.SequenceEqual(Magic)) throw place.Error(IsStream() ? "storage.arrow_stream" : "storage.arrow_not_arrow");
        if (!tail[4..].SequenceEqual(Magic)) throw place.Error("storage.arrow_no_footer");
        long size = BinaryPrimitives.ReadInt32LittleEndian(tail);
        long start = _mapping.Size - 10 - size;
        return size > 0 && start >= 8 ? start : throw place.Error("storage.arrow_no_footer");
    }

    // A stream begins with its schema's message.
    private bool IsStream()
    {
        var bytes = new ReadOnlySpan<byte>(_mapping.Bytes, (int)Math.Min(_mapping.Size, int.MaxValue));
        int prefix = MessagePrefix.Read(bytes, out int size);
        if (prefix == 0 || size <= 0 || size > bytes.Length - prefix) return false;
        try
        {
            return MessageHead.Read(bytes.Slice(prefix, size), new ArrowPlace(_source)).Kind == MessageKind.Schema;
        }
        catch (LeptonDataException)
        {
            return false;
        }
    }

    private static ArrowBlock[] Blocks(FlatVector vector, long footerStart, ArrowPlace place)
    {
        var blocks = new ArrowBlock[vector.Count];
        for (int i = 0; i < blocks.Length; i++)
        {
            var block = new ArrowBlock(vector.Int64(i), vector.Int32(i, 8), vector.Int64(i, 16));
            bool isInside = block is { Offset: >= 8, MetadataSize: >= 8, BodySize: >= 0 } && block.Offset <= footerStart - block.MetadataSize && block.BodySize <= footerStart - block.MetadataSize - block.Offset;
            blocks[i] = isInside ? block : throw place.Error("storage.arrow_block", i, block.Offset, block.MetadataSize, block.BodySize);
        }
        return blocks;
    }

    private RecordBatch Decode(ArrowBlock block, ArrowPlace place, CancellationToken cancellationToken)
    {
        MessageHead head = Head(block, place);
        if (head.Kind != MessageKind.RecordBatch) throw place.Error("storage.arrow_message", (int)head.Kind);
        return _decoder.Decode(head, _mapping.Bytes + block.Offset + block.MetadataSize, block.BodySize, _mapping.Share(), place, cancellationToken);
    }

    private MessageHead Head(ArrowBlock block, ArrowPlace place)
    {
        var bytes = new ReadOnlySpan<byte>(_mapping.Bytes + block.Offset, block.MetadataSize);
        int prefix = MessagePrefix.Read(bytes, out int size);
        if (prefix == 0 || size < 0 || size > bytes.Length - prefix) throw place.Error("storage.arrow_block", 0, block.Offset, block.MetadataSize, block.BodySize);
        MessageHead head = MessageHead.Read(bytes.Slice(prefix, size), place);
        // The message knows its body too; it must not reach beyond what the footer says.
        return head.BodySizeBytes <= block.BodySize ? head : throw place.Error("storage.arrow_block", 0, block.Offset, block.MetadataSize, block.BodySize);
    }

    /// <summary>Reads the dictionary <paramref name="id"/>, once: its values, then what deltas add, in the footer's order.</summary>
    private void ReadDictionary(long id, CancellationToken cancellationToken)
    {
        if (_dictionariesById is null)
        {
            var byId = new Dictionary<long, List<int>>();
            long size = 0;
            for (int i = 0; i < _dictionaries.Length; i++)
            {
                ArrowBlock block = _dictionaries[i];
                // Blocks that lie over each other would make much of little: a delta may be added any number of times.
                size += block.MetadataSize + block.BodySize;
                if (size > _mapping.Size) throw PlaceOf(i).Error("storage.arrow_block", i, block.Offset, block.MetadataSize, block.BodySize);
                MessageHead head = Head(block, PlaceOf(i));
                if (head.Kind != MessageKind.DictionaryBatch) throw PlaceOf(i).Error("storage.arrow_message", (int)head.Kind);
                FlatTable dictionary = head.Header;
                if (!byId.TryGetValue(dictionary.Int64(0), out List<int>? indexes)) byId.Add(dictionary.Int64(0), indexes = []);
                else if (!dictionary.Boolean(2)) throw PlaceOf(i).Error("storage.arrow_dictionary_twice", dictionary.Int64(0));
                indexes.Add(i);
            }
            _dictionariesById = byId;
        }
        if (!_dictionariesById.Remove(id, out List<int>? found)) return;
        try
        {
            foreach (int i in found)
            {
                ArrowBlock block = _dictionaries[i];
                _decoder.DecodeDictionary(Head(block, PlaceOf(i)), _mapping.Bytes + block.Offset + block.MetadataSize, block.BodySize, _mapping.Share(), PlaceOf(i), cancellationToken);
            }
        }
        catch
        {
            // The next who needs it begins anew.
            _decoder.Dictionaries.Remove(id);
            _dictionariesById.Add(id, found);
            throw;
        }
    }

    private ArrowPlace PlaceOf(int index) => new(_source) { MessageNumber = index + 1, Position = _dictionaries[index].Offset };

    private sealed class Reader(ArrowFile file) : IRecordBatchReader
    {
        private int _next;

        public Schema Schema => file.Schema;

        public ValueTask<RecordBatch?> ReadAsync(CancellationToken cancellationToken = default)
        {
            while (_next < file.BatchCount)
            {
                cancellationToken.ThrowIfCancellationRequested();
                RecordBatch batch = file.ReadOne(_next, cancellationToken);
                _next++;
                if (batch.RowCount > 0) return ValueTask.FromResult<RecordBatch?>(batch);
                batch.Dispose();
            }
            return ValueTask.FromResult<RecordBatch?>(null);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
