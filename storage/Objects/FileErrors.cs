using System.Globalization;
using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Objects;

/// <summary>Says in the product's words what a file system refused.</summary>
public static class FileErrors
{
    private const int NotPermitted = 1, NoSuchFile = 2, InputOutput = 5, TryAgain = 11, AccessDenied = 13, Busy = 16, IsFolder = 21, NotFolder = 20, CrossDevice = 18,
        TableFull = 23, TooManyOpen = 24, NoSpace = 28, ReadOnly = 30, TooManyLinks = 31, NotSupported = 95, Stale = 116, QuotaExceeded = 122, TimedOut = 110,
        FileExists = 17, TooLarge = 27, NameTooLong = 36, NotEmpty = 39, Loop = 40;

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
            NotPermitted or CrossDevice or TooManyLinks or NotSupported => new LeptonDataException("storage.no_links", [folder, Reason(failure)], failure),
            _ when error == NoSuchFile || failure is FileNotFoundException or DirectoryNotFoundException => new LeptonDataException("storage.not_found", [path], failure),
            _ => new LeptonDataException("storage.io", [path, Reason(failure)], failure) { IsTransient = error is TryAgain or Busy or TableFull or TooManyOpen or Stale or TimedOut },
        };
    }

    /// <summary>Does some work on <paramref name="path"/>; what the file system refuses is thrown as <see cref="Of"/> says it.</summary>
    /// <param name="path">What is worked on, absolute.</param>
    /// <param name="work">The work.</param>
    public static T Guard<T>(string path, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception failure) when (IsFileFailure(failure))
        {
            throw Of(failure, path);
        }
    }

    /// <inheritdoc cref="Guard{T}"/>
    public static void Guard(string path, Action work) => Guard(path, () =>
    {
        work();
        return true;
    });

    /// <summary>Does some clearing up that may fail: another failure is under way, or what is left harms nobody.</summary>
    internal static void Quietly(Action work)
    {
        try
        {
            work();
        }
        catch (Exception failure) when (IsFileFailure(failure))
        {
        }
    }

    /// <summary>
    /// Why the system refused, as a part of a sentence: in English what it said itself, on one line, without the full stop and the path that it ends with; in Chinese ours, or its number.
    /// </summary>
    public static BilingualText Reason(Exception failure)
    {
        string words = string.Join(' ', failure.Message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).TrimEnd('.', ' ');
        int path = words.IndexOf(" : '", StringComparison.Ordinal);
        return new BilingualText(path > 0 && words.EndsWith('\'') ? words[..path] : words, ChineseReason(failure));
    }

    private static string ChineseReason(Exception failure) => failure switch
    {
        FileNotFoundException or DirectoryNotFoundException => "文件或文件夹不存在",
        PathTooLongException => "路径过长",
        EndOfStreamException => "文件不完整",
        _ => ErrorNumberOf(failure) switch
        {
            NoSuchFile => "文件或文件夹不存在",
            AccessDenied or NotPermitted => "没有权限",
            FileExists => "文件已存在",
            Busy or TryAgain => "文件正被占用",
            IsFolder => "这是文件夹",
            NotFolder => "路径中有一段不是文件夹",
            NotEmpty => "文件夹不为空",
            CrossDevice or TooManyLinks or NotSupported => "文件系统不支持此操作",
            TableFull or TooManyOpen => "打开的文件过多",
            TooLarge => "文件过大",
            NoSpace => "磁盘空间不足",
            QuotaExceeded => "超出磁盘配额",
            ReadOnly => "文件系统只读",
            NameTooLong => "名称过长",
            Loop => "符号链接层数过多",
            Stale => "网络文件句柄已失效",
            TimedOut => "超时",
            InputOutput when failure.HResult == InputOutput => "输入输出错误",
            _ => $"错误码 {(failure.HResult is > 0 and < 4096 ? failure.HResult.ToString(CultureInfo.InvariantCulture) : $"0x{failure.HResult:X8}")}",
        },
    };

    // On Unix .NET keeps errno in HResult; an UnauthorizedAccessException keeps it in the exception beneath.
    private static int ErrorNumberOf(Exception failure) => failure switch
    {
        UnauthorizedAccessException { InnerException: IOException inner } => inner.HResult,
        UnauthorizedAccessException => AccessDenied,
        // Where .NET reserves a file's size before writing it, it drops the number and says this.
        _ when failure.Message.Contains("because the disk was full", StringComparison.Ordinal) => NoSpace,
        _ => failure.HResult is > 0 and < 4096 ? failure.HResult : InputOutput,
    };
}
