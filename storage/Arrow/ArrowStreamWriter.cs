using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.Ipc;

namespace Lepton.Data.Storage.Arrow;

/// <summary>Writes record batches as an Arrow IPC stream (<c>application/vnd.apache.arrow.stream</c>). One caller at a time.</summary>
/// <remarks>
/// Buffers go to the stream from the batch's own memory. The schema is written with the first batch or at the end. A stream that was not completed lacks its end mark,
/// so that a reader which asks for the mark sees that it was cut off.
/// </remarks>
public sealed class ArrowStreamWriter : IAsyncDisposable
{
    private readonly ArrowMessages _messages;

    /// <summary>A writer that leaves <paramref name="stream"/> open.</summary>
    /// <param name="stream">Written forwards, from where it stands.</param>
    /// <param name="schema">Of all batches; its metadata and that of its fields are written too.</param>
    /// <param name="options">Compression and alignment; null for none, and 64 bytes.</param>
    /// <exception cref="ArgumentException">An option is outside its range.</exception>
    /// <exception cref="LeptonDataException"><c>storage.arrow_codec_missing</c>: the library of the compression is not installed.</exception>
    public ArrowStreamWriter(Stream stream, Schema schema, ArrowWriteOptions? options = null) => _messages = new ArrowMessages(stream, schema, options ?? new());

    /// <summary>Names and types of the batches.</summary>
    public Schema Schema => _messages.Schema;

    /// <summary>Writes one batch, which the caller keeps. Small parts may wait for the next call. A failed call leaves a stream that nobody can read.</summary>
    /// <param name="batch">Of the schema's types, in its order; names and metadata do not count. It may have no rows.</param>
    /// <param name="cancellationToken">Handed to the stream.</param>
    /// <exception cref="ArgumentException">The batch's columns are of other types.</exception>
    /// <exception cref="InvalidOperationException">The writer was completed.</exception>
    /// <exception cref="LeptonDataException"><c>storage.arrow_uuid</c>: bytes that the schema calls a UUID are not 16; or writing failed.</exception>
    public async ValueTask WriteAsync(RecordBatch batch, CancellationToken cancellationToken = default)
    {
        await _messages.WriteSchemaAsync(cancellationToken).ConfigureAwait(false);
        await _messages.WriteBatchAsync(batch, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Hands what waits to the stream, and flushes that.</summary>
    public ValueTask FlushAsync(CancellationToken cancellationToken = default) => _messages.FlushAsync(cancellationToken);

    /// <summary>Writes the end mark and flushes; once.</summary>
    /// <exception cref="InvalidOperationException">The writer was completed.</exception>
    public async ValueTask CompleteAsync(CancellationToken cancellationToken = default)
    {
        await _messages.WriteSchemaAsync(cancellationToken).ConfigureAwait(false);
        await _messages.WriteEndAsync(cancellationToken).ConfigureAwait(false);
        await _messages.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Frees memory; writes nothing.</summary>
    public ValueTask DisposeAsync()
    {
        _messages.Dispose();
        return ValueTask.CompletedTask;
    }
}
