using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.Ipc;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow;

/// <summary>Reads an Arrow IPC stream, or a file from its beginning on. Batches lie in the message's own memory wherever Arrow's layout is ours.</summary>
/// <remarks>
/// Nothing in the stream is believed: hostile bytes give a <see cref="LeptonDataException"/> whose place is <c>source#message@byte</c>; after one, the reader can only be disposed.
/// Batches without rows are left out. A stream may end without its end mark, between messages.
/// </remarks>
public sealed class ArrowStreamReader : IRecordBatchReader
{
    private readonly MessageStream _messages;
    private readonly ArrowPlace _place;
    private readonly MessageDecoder _decoder;
    private readonly Stream? _owned;
    private bool _isAtEnd;

    private ArrowStreamReader(MessageStream messages, ArrowPlace place, MessageDecoder decoder, Stream? owned)
        => (_messages, _place, _decoder, _owned) = (messages, place, decoder, owned);

    /// <summary>The columns that are read, in the order asked for, with the stream's own metadata.</summary>
    public Schema Schema => _decoder.Schema;

    /// <summary>Reads the schema.</summary>
    /// <param name="stream">Read forwards, from where it stands.</param>
    /// <param name="options">Which columns, and bounds.</param>
    /// <param name="leaveOpen">False: the reader disposes the stream.</param>
    /// <param name="cancellationToken">Handed to the stream.</param>
    /// <exception cref="LeptonDataException">A code that begins with <c>storage.arrow_</c>.</exception>
    public static async ValueTask<ArrowStreamReader> OpenAsync(Stream stream, ArrowReadOptions? options = null, bool leaveOpen = false, CancellationToken cancellationToken = default)
    {
        options ??= new();
        var place = new ArrowPlace(options.Source ?? (stream as FileStream)?.Name ?? "stream");
        try
        {
            var messages = new MessageStream(stream, options, place);
            if (!await messages.NextAsync(cancellationToken).ConfigureAwait(false)) throw place.Error("storage.arrow_truncated");
            (ArrowField root, long bodySize) = ReadSchema(messages, place);
            (await messages.BodyAsync(bodySize, cancellationToken).ConfigureAwait(false))?.Dispose();
            return new ArrowStreamReader(messages, place, new MessageDecoder(root, options, place), leaveOpen ? null : stream);
        }
        catch when (!leaveOpen)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask<RecordBatch?> ReadAsync(CancellationToken cancellationToken = default)
        => _messages.IsBlocking ? new ValueTask<RecordBatch?>(Task.Run(() => ReadNextAsync(cancellationToken).AsTask(), cancellationToken)) : ReadNextAsync(cancellationToken);

    private async ValueTask<RecordBatch?> ReadNextAsync(CancellationToken cancellationToken)
    {
        while (!_isAtEnd)
        {
            if (!await _messages.NextAsync(cancellationToken).ConfigureAwait(false))
            {
                _isAtEnd = true;
                break;
            }
            long bodySize = MessageHead.Read(_messages.Metadata, _place).BodySizeBytes;
            NativeBlock? body = await _messages.BodyAsync(bodySize, cancellationToken).ConfigureAwait(false);
            if (Decode(body, bodySize, cancellationToken) is not { } batch) continue;
            if (batch.RowCount > 0) return batch;
            batch.Dispose();
        }
        return null;
    }

    /// <summary>Frees what the reader holds; batches live on.</summary>
    public async ValueTask DisposeAsync()
    {
        _isAtEnd = true;
        _decoder.Dispose();
        if (_owned is not null) await _owned.DisposeAsync().ConfigureAwait(false);
    }

    private static (ArrowField Root, long BodySize) ReadSchema(MessageStream messages, ArrowPlace place)
    {
        MessageHead head = MessageHead.Read(messages.Metadata, place);
        return (head.Schema(place), head.BodySizeBytes);
    }

    /// <returns>Null where the message was a dictionary.</returns>
    private unsafe RecordBatch? Decode(NativeBlock? body, long bodySize, CancellationToken cancellationToken)
    {
        byte* bytes = body is null ? null : body.Pointer;
        try
        {
            MessageHead head = MessageHead.Read(_messages.Metadata, _place);
            switch (head.Kind)
            {
                case MessageKind.RecordBatch:
                    NativeBlock? owner = body;
                    body = null;
                    return _decoder.Decode(head, bytes, bodySize, owner, _place, cancellationToken);
                case MessageKind.DictionaryBatch:
                    owner = body;
                    body = null;
                    _decoder.DecodeDictionary(head, bytes, bodySize, owner, _place, cancellationToken);
                    return null;
                default: throw _place.Error("storage.arrow_message", (int)head.Kind);
            }
        }
        finally
        {
            body?.Dispose();
        }
    }
}
