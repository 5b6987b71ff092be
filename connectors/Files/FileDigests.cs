using System.Security.Cryptography;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Connectors.Files;

/// <summary>Takes files' SHA-256, or an earlier one where that is safe.</summary>
/// <param name="known">Files as an earlier run recorded them, by absolute path, and when that run began.</param>
/// <remarks>
/// A file is taken to be what it was where size and modification time (to the microsecond) are those that a run recorded, and that time lies two seconds or more before that run began:
/// a write in the same tick of a coarse file system's clock as the look cannot hide then (git calls such an entry racy). A program that sets a file's time back after changing it is not noticed; <c>--full-refresh</c> takes every digest anew.
/// </remarks>
internal sealed class FileDigests(IReadOnlyDictionary<string, KnownFile> known)
{
    private const int BufferBytes = 1 << 20;
    private const long RacyMicroseconds = 2_000_000;

    /// <summary>The file with its digest.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="text">Looks at the bytes, too; null where they are no text.</param>
    /// <param name="encoding">The text's; a digest taken under another is not believed, since the text was not looked at under this one.</param>
    /// <param name="read">Told how many bytes were read since the last call.</param>
    /// <param name="cancellationToken">Observed between blocks of a mebibyte.</param>
    /// <exception cref="LeptonDataException">The file cannot be read, or changed meanwhile.</exception>
    internal async ValueTask<SourceFile> OfAsync(string path, TextCheck? text, string? encoding, Action<long> read, CancellationToken cancellationToken)
    {
        try
        {
            (long size, EventTime modifiedAt) = Look(path);
            if (known.TryGetValue(path, out KnownFile? earlier) && earlier.Encoding == encoding && earlier.File.SizeBytes == size && earlier.File.ModifiedAt == modifiedAt
                && modifiedAt.MicrosecondsSinceEpoch < earlier.SeenAt.MicrosecondsSinceEpoch - RacyMicroseconds)
            {
                read(size);
                return earlier.File with { Path = path };
            }
            string digest = await DigestAsync(path, text, read, cancellationToken).ConfigureAwait(false);
            if (Look(path) != (size, modifiedAt)) throw new LeptonDataException("connectors.file_changed", [path]) { IsTransient = true };
            return new SourceFile(path, size, modifiedAt, digest);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            throw FileErrors.Of(failure, path);
        }
    }

    /// <summary>Whether the file is still as it was when it was looked into, as far as size and time tell.</summary>
    internal static bool IsAsBefore(SourceFile file)
    {
        try
        {
            return Look(file.Path) == (file.SizeBytes, file.ModifiedAt);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            return false;
        }
    }

    private static (long SizeBytes, EventTime ModifiedAt) Look(string path)
    {
        var file = new FileInfo(path);
        return (file.Length, EventTime.FromDateTimeOffset(new DateTimeOffset(file.LastWriteTimeUtc)));
    }

    private static async ValueTask<string> DigestAsync(string path, TextCheck? text, Action<long> read, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
            int count;
            while ((count = await stream.ReadAsync(buffer.AsMemory(0, BufferBytes), cancellationToken).ConfigureAwait(false)) > 0)
            {
                hash.AppendData(buffer, 0, count);
                text?.Process(buffer.AsSpan(0, count));
                read(count);
            }
            text?.Complete();
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

/// <summary>A file as an earlier run recorded it.</summary>
/// <param name="File">Its path absolute.</param>
/// <param name="SeenAt">When that run began.</param>
/// <param name="Encoding">The encoding under which it was read; null for what is no text.</param>
public sealed record KnownFile(SourceFile File, EventTime SeenAt, string? Encoding);
