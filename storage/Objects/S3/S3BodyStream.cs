using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Objects.S3;

/// <summary>The bytes of an object as they arrive. A connection that breaks is taken up again where it broke, on the same content; bytes beyond or short of what was said are an error.</summary>
/// <param name="client">Asks again.</param>
/// <param name="open">Asks for the bytes from a place in the object on.</param>
/// <param name="first">The first answer.</param>
/// <param name="start">Where its bytes begin.</param>
/// <param name="length">How many there are.</param>
/// <param name="key">Which object.</param>
internal sealed class S3BodyStream(S3Client client, Func<long, CancellationToken, ValueTask<S3Answer>> open, S3Answer first, long start, long length, string key) : Stream
{
    private S3Answer? _answer = first;
    private Stream? _body;
    private long _done;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_done == length || buffer.IsEmpty) return 0;
        buffer = buffer[..(int)Math.Min(buffer.Length, length - _done)];
        long began = client.Time.GetTimestamp();
        for (int attempt = 1; ; attempt++)
        {
            LeptonDataException failure;
            try
            {
                _answer ??= await open(start + _done, cancellationToken).ConfigureAwait(false);
                _body ??= await _answer.Response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
                int read = await client.WithinTimeAsync(token => _body.ReadAsync(buffer, token), client.Options.Timeout, cancellationToken).ConfigureAwait(false);
                _done += read;
                if (read > 0) return read;
                failure = new LeptonDataException("storage.s3_answer", [client.UrlOf(key), $"{_done} of {length} bytes"]) { IsTransient = true };
            }
            catch (Exception error) when (S3Client.IsOfTheNetwork(error, cancellationToken))
            {
                failure = client.Unreachable(key, error, began);
            }
            Drop();
            if (attempt >= client.Options.AttemptsMax) throw failure;
            await client.PauseAsync(attempt, cancellationToken).ConfigureAwait(false);
        }
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) Drop();
        base.Dispose(disposing);
    }

    private void Drop()
    {
        _answer?.Dispose();
        (_answer, _body) = (null, null);
    }
}
