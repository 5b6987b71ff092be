using System.IO.MemoryMappedFiles;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Arrow.Ipc;

/// <summary>A file mapped for reading, as long as anybody holds a share of it.</summary>
internal sealed unsafe class FileMapping
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private int _shares = 1;

    private FileMapping(MemoryMappedFile file, MemoryMappedViewAccessor view, byte* bytes, long size)
    {
        (_file, _view, Size) = (file, view, size);
        Bytes = bytes;
    }

    internal byte* Bytes { get; }

    internal long Size { get; }

    /// <exception cref="Schemas.LeptonDataException">The file cannot be read, or is shorter than <paramref name="sizeMin"/>.</exception>
    internal static FileMapping Open(string path, int sizeMin, ArrowPlace place)
    {
        try
        {
            var stream = new FileStream(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.Read | FileShare.Delete, BufferSize = 0 });
            try
            {
                long size = stream.Length;
                if (size < sizeMin) throw place.Error("storage.arrow_not_arrow");
                MemoryMappedFile file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
                MemoryMappedViewAccessor view = file.CreateViewAccessor(0, size, MemoryMappedFileAccess.Read);
                byte* bytes = null;
                view.SafeMemoryMappedViewHandle.AcquirePointer(ref bytes);
                return new FileMapping(file, view, bytes + view.PointerOffset, size);
            }
            catch
            {
                stream.Dispose();
                throw;
            }
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            throw FileErrors.Of(failure, path);
        }
    }

    /// <summary>Another holder, until it is disposed.</summary>
    internal IDisposable Share()
    {
        int count;
        do
        {
            count = Volatile.Read(ref _shares);
            ObjectDisposedException.ThrowIf(count == 0, typeof(ArrowFile));
        }
        while (Interlocked.CompareExchange(ref _shares, count + 1, count) != count);
        return new Holder(this);
    }

    internal void Release()
    {
        if (Interlocked.Decrement(ref _shares) > 0) return;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private sealed class Holder(FileMapping mapping) : IDisposable
    {
        private FileMapping? _mapping = mapping;

        public void Dispose() => Interlocked.Exchange(ref _mapping, null)?.Release();
    }
}
