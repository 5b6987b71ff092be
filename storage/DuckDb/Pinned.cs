using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>Objects of ours that DuckDB holds by a pointer, until it frees them.</summary>
internal static class Pinned
{
    internal static nint ToPointer(object target) => GCHandle.ToIntPtr(GCHandle.Alloc(target));

    internal static T FromPointer<T>(nint pointer) => (T)GCHandle.FromIntPtr(pointer).Target!;

    /// <summary>DuckDB's call when it is done with one; an object with <see cref="IDisposable"/> is disposed.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static void Free(nint pointer)
    {
        var handle = GCHandle.FromIntPtr(pointer);
        object? target = handle.Target;
        handle.Free();
        (target as IDisposable)?.Dispose();
    }
}
