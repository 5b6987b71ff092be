using System.Buffers.Binary;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.Ipc;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Arrow;

/// <summary>Writes record batches as an Arrow IPC file (<c>.arrow</c>, Feather V2), which can be mapped and read at any batch. One caller at a time.</summary>
/// <remarks>A file without its footer, written by a writer that was not completed, is refused by every reader.</remarks>
public sealed class ArrowFileWriter : IAsyncDisposable
{
    private readonly ArrowMessages _messages;
    private readonly List<ArrowBlock> _batches = [];
    private readonly FileStream? _file;
    private readonly string? _path;
    private bool _isBegun;

    /// <summary>A writer that leaves <paramref name="stream"/> open, and takes where it stands for the file's beginning.</summary>
    /// <param name="stream">Written forwards, from where it stands.</param>
    /// <param name="schema">Of all batches; its metadata and that of its fields are written too.</param>
    /// <param name="options">Compression and alignment; null for none, and 64 bytes.</param>
    /// <exception cref="ArgumentException">An option is outside its range.</exception>
    /// <exception cref="LeptonDataException"><c>storage.arrow_codec_missing</c>: the library of the compression is not installed.</exception>
    public ArrowFileWriter(Stream stream, Schema schema, ArrowWriteOptions? options = null) => _messages = new ArrowMessages(stream, schema, options ?? new());

    private ArrowFileWriter(FileStream file, string path, Schema schema, ArrowWriteOptions? options)
        : this(file, schema, options) => (_file, _path) = (file, path);

    /// <summary>Names and types of the batches.</summary>
    public Schema Schema => _messages.Schema;

    /// <summary>A writer of a new file. It is written beside its place under a name of its own and takes its name, also from a file that is there, when it is completed: of several writers of one path the last to complete.</summary>
    /// <param name="path">Where the file will lie, in a folder that exists.</param>
    /// <param name="schema">Of all batches; its metadata and that of its fields are written too.</param>
    /// <param name="options">Compression and alignment; null for none, and 64 bytes.</param>
    /// <exception cref="ArgumentException">An option is outside its range.</exception>
    /// <exception cref="LeptonDataException">The file cannot be made, or a codec is missing.</exception>
    public static ArrowFileWriter Create(string path, Schema schema, ArrowWriteOptions? options = null)
    {
        options ??= new();
        options.Check();
        path = Path.GetFullPath(path);
        try
        {
            // A name that no other writer of the path has. No buffer of its own: what is small is collected before.
            var file = new FileStream(Path.Join(Path.GetDirectoryName(path), LocalObjectStore.AsideName(Path.GetFileName(path))), new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 });
            return new ArrowFileWriter(file, path, schema, options);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            throw FileErrors.Of(failure, path);
        }
    }

    /// <summary>Writes one batch, which the caller keeps. Small parts may wait for the next call. A failed call leaves a stream that nobody can read.</summary>
    /// <param name="batch">Of the schema's types, in its order; names and metadata do not count. It may have no rows.</param>
    /// <param name="cancellationToken">Handed to the stream.</param>
    /// <exception cref="ArgumentException">The batch's columns are of other types.</exception>
    /// <exception cref="InvalidOperationException">The writer was completed.</exception>
    /// <exception cref="LeptonDataException"><c>storage.arrow_uuid</c>: bytes that the schema calls a UUID are not 16; or writing failed.</exception>
    public async ValueTask WriteAsync(RecordBatch batch, CancellationToken cancellationToken = default)
    {
        try
        {
            await BeginAsync(cancellationToken).ConfigureAwait(false);
            _batches.Add(await _messages.WriteBatchAsync(batch, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception failure) when (_path is not null && FileErrors.IsFileFailure(failure))
        {
            throw FileErrors.Of(failure, _path);
        }
    }

    /// <summary>Writes the footer; once. A file of <see cref="Create"/> is made durable and takes its name.</summary>
    /// <exception cref="InvalidOperationException">The writer was completed.</exception>
    /// <exception cref="LeptonDataException">The file cannot be written.</exception>
    public async ValueTask CompleteAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await BeginAsync(cancellationToken).ConfigureAwait(false);
            await _messages.WriteEndAsync(cancellationToken).ConfigureAwait(false);
            byte[] footer = MessageWriter.Footer(_messages.Root, _batches).ToArray();
            await _messages.Output.WriteAsync(footer, cancellationToken).ConfigureAwait(false);
            byte[] end = new byte[10];
            BinaryPrimitives.WriteInt32LittleEndian(end, footer.Length);
            ArrowFile.Magic.CopyTo(end.AsSpan(4));
            await _messages.Output.WriteAsync(end, cancellationToken).ConfigureAwait(false);
            await _messages.FlushAsync(cancellationToken).ConfigureAwait(false);
            if (_file is null) return;
            SystemFileCalls.Instance.SyncFile(_file.Name);
            await _file.DisposeAsync().ConfigureAwait(false);
            File.Move(_file.Name, _path!, overwrite: true);
            SystemFileCalls.Instance.SyncFolder(Path.GetDirectoryName(_path)!);
        }
        catch (Exception failure) when (_path is not null && FileErrors.IsFileFailure(failure))
        {
            throw FileErrors.Of(failure, _path);
        }
    }

    /// <summary>Frees memory. A file of <see cref="Create"/> that was not completed is deleted.</summary>
    public async ValueTask DisposeAsync()
    {
        _messages.Dispose();
        if (_file is null) return;
        await _file.DisposeAsync().ConfigureAwait(false);
        File.Delete(_file.Name);
    }

    private async ValueTask BeginAsync(CancellationToken cancellationToken)
    {
        if (!_isBegun)
        {
            byte[] magic = new byte[8];
            ArrowFile.Magic.CopyTo(magic);
            await _messages.Output.WriteAsync(magic, cancellationToken).ConfigureAwait(false);
        }
        _isBegun = true;
        await _messages.WriteSchemaAsync(cancellationToken).ConfigureAwait(false);
    }
}
