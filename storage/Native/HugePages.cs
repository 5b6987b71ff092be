using System.Runtime.InteropServices;

namespace Lepton.Data.Storage.Native;

/// <summary>Asks for memory in large pages, so that a table of many megabytes that is met at random does not miss the processor's table of pages each time.</summary>
public static unsafe partial class HugePages
{
    // Large pages are of 2 MiB; memory that is not much larger gains nothing.
    private const long LeastBytes = 4L << 20;
    private const int Advice = 14;

    /// <summary>Advises the system, which may ignore it; nothing happens for small blocks and on other systems.</summary>
    /// <param name="pointer">The first byte.</param>
    /// <param name="sizeBytes">How many.</param>
    public static void Advise(void* pointer, long sizeBytes)
    {
        if (sizeBytes < LeastBytes || !OperatingSystem.IsLinux()) return;
        // The call takes whole pages.
        long page = Environment.SystemPageSize, start = ((long)pointer + page - 1) / page * page, end = ((long)pointer + sizeBytes) / page * page;
        _ = MemoryAdvise((nint)start, (nuint)(end - start), Advice);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MemoryAdvise(nint address, nuint length, int advice);
}
