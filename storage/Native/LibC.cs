using System.Runtime.InteropServices;

namespace Lepton.Data.Storage.Native;

/// <summary>What .NET does not offer of the C library's file calls. Each returns -1 and sets errno on failure.</summary>
internal static partial class LibC
{
    internal const int OpenReadOnly = 0;
    internal const int NoSuchFile = 2;
    internal const int Exists = 17;

    // Different on macOS (0x100000), where an O_RDONLY open of a folder does as well.
    internal static int OpenDirectory => OperatingSystem.IsLinux() ? 0x10000 | CloseOnExec : 0;

    private const int CloseOnExec = 0x80000;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    internal static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Link(string existing, string name);
}
