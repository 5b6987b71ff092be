using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Objects;

/// <summary>Says in the product's words what a file system refused.</summary>
public static class FileErrors
{
    private const int NotPermitted = 1, NoSuchFile = 2, InputOutput = 5, TryAgain = 11, AccessDenied = 13, Busy = 16, IsFolder = 21, NotFolder = 20, CrossDevice = 18,
        TableFull = 23, TooManyOpen = 24, NoSpace = 28, ReadOnly = 30, TooManyLinks = 31, NotSupported = 95, Stale = 116, QuotaExceeded = 122, TimedOut = 110;

    /// <summary>Whether <paramref name="failure"/> came from the file system and <see cref="Of"/> has words for it.</summary>
    public static bool IsFileFailure(Exception failure) => failure is IOException or UnauthorizedAccessException;

    /// <summary>The error to throw for a failed call on <paramref name="path"/>.</summary>
    /// <param name="failure">An <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</param>
    /// <param name="path">What was asked for, absolute.</param>
    public static LeptonDataException Of(Exception failure, string path)
    {
        string? folder = Path.GetDirectoryName(path);
        int error = ErrorNumberOf(failure);
        return error switch
        {
            ReadOnly => new LeptonDataException("storage.read_only", [folder], failure),
            NoSpace or QuotaExceeded => new LeptonDataException("storage.disk_full", [folder], failure),
            AccessDenied or NotPermitted when failure is not IOException || error == AccessDenied => new LeptonDataException("storage.permission", [path], failure),
            NotFolder => new LeptonDataException("storage.not_a_folder", [path], failure),
            IsFolder => new LeptonDataException("storage.not_a_file", [path], failure),
            NotPermitted or CrossDevice or TooManyLinks or NotSupported => new LeptonDataException("storage.no_links", [folder, Words(failure)], failure),
            _ when error == NoSuchFile || failure is FileNotFoundException or DirectoryNotFoundException => new LeptonDataException("storage.not_found", [path], failure),
            _ => new LeptonDataException("storage.io", [path, Words(failure)], failure) { IsTransient = error is TryAgain or Busy or TableFull or TooManyOpen or Stale or TimedOut },
        };
    }

    /// <summary>What the system said, in its own language, as a part of a sentence: on one line and without the full stop.</summary>
    public static string Words(Exception failure)
        => string.Join(' ', failure.Message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).TrimEnd('.', ' ');

    // On Unix .NET keeps errno in HResult; an UnauthorizedAccessException keeps it in the exception beneath.
    private static int ErrorNumberOf(Exception failure) => failure switch
    {
        UnauthorizedAccessException { InnerException: IOException inner } => inner.HResult,
        UnauthorizedAccessException => AccessDenied,
        _ => failure.HResult is > 0 and < 4096 ? failure.HResult : InputOutput,
    };
}
