using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Ipc;

/// <summary>The sequence of messages that streams and files share.</summary>
internal sealed class ArrowMessages : IDisposable
{
    private static readonly byte[] s_end = [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0];

    private readonly Stream _stream;
    private readonly ArrowWriteOptions _options;
    private readonly BatchEncoder _encoder;
    private bool _hasSchema, _isEnded;

    internal ArrowMessages(Stream stream, Schema schema, ArrowWriteOptions options)
    {
        options.Check();
        (_stream, _options, Schema, Output) = (stream, options, schema, new BodyOutput(stream));
        Root = TypeMapping.FromOurs(schema);
        _encoder = new BatchEncoder(Root.Children, options);
    }

    internal Schema Schema { get; }

    /// <summary>The struct of the columns.</summary>
    internal ArrowField Root { get; }

    internal BodyOutput Output { get; }

    /// <summary>Begins, where nothing was written yet.</summary>
    /// <exception cref="InvalidOperationException">The end was written.</exception>
    internal async ValueTask WriteSchemaAsync(CancellationToken cancellationToken)
    {
        if (_isEnded) throw new InvalidOperationException("the writer was completed");
        if (_hasSchema) return;
        await Output.WriteAsync(MessageWriter.Schema(Root, _options.AlignmentBytes, Output.Position).ToArray(), cancellationToken).ConfigureAwait(false);
        _hasSchema = true;
    }

    internal ValueTask<ArrowBlock> WriteBatchAsync(RecordBatch batch, CancellationToken cancellationToken)
        => Output.IsBlocking ? new ValueTask<ArrowBlock>(Task.Run(() => WriteAsync(batch, cancellationToken).AsTask(), cancellationToken)) : WriteAsync(batch, cancellationToken);

    private async ValueTask<ArrowBlock> WriteAsync(RecordBatch batch, CancellationToken cancellationToken)
    {
        if (!ReferenceEquals(batch.Schema, Schema) && !batch.Schema.Fields.Select(field => field.Type).SequenceEqual(Schema.Fields.Select(field => field.Type)))
            throw new ArgumentException("the batch's types differ from the schema's", nameof(batch));
        // Kept until it is written, whatever its owner does meanwhile.
        using RecordBatch kept = batch.Share();
        try
        {
            _encoder.Encode(kept);
            long position = Output.Position;
            byte[] metadata = MessageWriter.Batch(_encoder, _options.AlignmentBytes, position).ToArray();
            await Output.WriteAsync(metadata, cancellationToken).ConfigureAwait(false);
            await Output.WriteBodyAsync(_encoder.Parts, _encoder.BodySizeBytes, cancellationToken).ConfigureAwait(false);
            return new ArrowBlock(position, metadata.Length, _encoder.BodySizeBytes);
        }
        finally
        {
            _encoder.Clear();
        }
    }

    internal ValueTask WriteEndAsync(CancellationToken cancellationToken)
    {
        _isEnded = true;
        return Output.WriteAsync(s_end, cancellationToken);
    }

    internal async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await Output.FlushAsync(cancellationToken).ConfigureAwait(false);
        await _stream.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    public void Dispose() => _encoder.Dispose();
}
