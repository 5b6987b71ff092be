using System.Diagnostics.CodeAnalysis;
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
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "No exception may cross the native boundary: it would end the process.")]
    internal static void Free(nint pointer)
    {
        var handle = GCHandle.FromIntPtr(pointer);
        object? target = handle.Target;
        handle.Free();
        try
        {
            (target as IDisposable)?.Dispose();
        }
        catch (Exception)
        {
            // The statement has ended, and nobody is there to be told.
        }
    }
}
