using System.IO.MemoryMappedFiles;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Arrow.Conversion;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Arrow.Ipc;

/// <summary>A file mapped for reading, as long as anybody holds a share of it.</summary>
internal sealed unsafe class FileMapping : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly SharedMemory _shares;

    private FileMapping(MemoryMappedFile file, MemoryMappedViewAccessor view, byte* bytes, long size)
    {
        (_file, _view, Size) = (file, view, size);
        Bytes = bytes;
        _shares = new SharedMemory(Unmap);
    }

    internal byte* Bytes { get; }

    internal long Size { get; }

    /// <exception cref="LeptonDataException">The file cannot be read, or is shorter than <paramref name="sizeMin"/>.</exception>
    internal static FileMapping Open(string path, int sizeMin, ArrowPlace place)
    {
        try
        {
            var stream = new FileStream(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.Read | FileShare.Delete, BufferSize = 0 });
            MemoryMappedFile? file = null;
            MemoryMappedViewAccessor? view = null;
            try
            {
                long size = stream.Length;
                if (size < sizeMin) throw place.Error("storage.arrow_not_arrow");
                file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
                view = file.CreateViewAccessor(0, size, MemoryMappedFileAccess.Read);
                byte* bytes = null;
                view.SafeMemoryMappedViewHandle.AcquirePointer(ref bytes);
                return new FileMapping(file, view, bytes + view.PointerOffset, size);
            }
            catch
            {
                view?.Dispose();
                file?.Dispose();
                stream.Dispose();
                throw;
            }
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            // Of a folder the runtime only says that access is denied.
            throw Directory.Exists(path) ? new LeptonDataException("storage.not_a_file", [path], failure) : FileErrors.Of(failure, path);
        }
    }

    /// <inheritdoc cref="SharedMemory.Share"/>
    internal IDisposable Share() => _shares.Share();

    public void Dispose() => _shares.Dispose();

    private void Unmap()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
