using System.Runtime.InteropServices;

namespace Lepton.Data.Storage.Arrow;

/// <summary><c>struct ArrowSchema</c> of Arrow's C data interface. Whoever holds one that is not released calls <see cref="Release"/> once.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct CArrowSchema
{
    /// <summary>The type, as text with a NUL behind.</summary>
    public byte* Format { get; set; }

    /// <summary>The field's name, or null.</summary>
    public byte* Name { get; set; }

    /// <summary>Pairs of text with their lengths before them, or null.</summary>
    public byte* Metadata { get; set; }

    /// <summary>1 the dictionary is ordered, 2 nullable, 4 the map's keys are sorted.</summary>
    public long Flags { get; set; }

    /// <summary>How many <see cref="Children"/>.</summary>
    public long ChildCount { get; set; }

    /// <summary>What stands within.</summary>
    public CArrowSchema** Children { get; set; }

    /// <summary>Of a dictionary's values, or null.</summary>
    public CArrowSchema* Dictionary { get; set; }

    /// <summary>Null once the structure was released or moved.</summary>
    public delegate* unmanaged[Cdecl]<CArrowSchema*, void> Release { get; set; }

    /// <summary>The producer's own.</summary>
    public void* PrivateData { get; set; }
}

/// <summary><c>struct ArrowArray</c> of Arrow's C data interface. Whoever holds one that is not released calls <see cref="Release"/> once.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct CArrowArray
{
    /// <summary>How many values.</summary>
    public long Length { get; set; }

    /// <summary>-1: not counted.</summary>
    public long NullCount { get; set; }

    /// <summary>How many values in the buffers stand before the first.</summary>
    public long Offset { get; set; }

    /// <summary>How many <see cref="Buffers"/>.</summary>
    public long BufferCount { get; set; }

    /// <summary>How many <see cref="Children"/>.</summary>
    public long ChildCount { get; set; }

    /// <summary>The buffers in the order of the type.</summary>
    public void** Buffers { get; set; }

    /// <summary>What stands within.</summary>
    public CArrowArray** Children { get; set; }

    /// <summary>A dictionary's values, or null.</summary>
    public CArrowArray* Dictionary { get; set; }

    /// <summary>Null once the structure was released or moved.</summary>
    public delegate* unmanaged[Cdecl]<CArrowArray*, void> Release { get; set; }

    /// <summary>The producer's own.</summary>
    public void* PrivateData { get; set; }
}

/// <summary><c>struct ArrowArrayStream</c> of Arrow's C stream interface. Whoever holds one that is not released calls <see cref="Release"/> once.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct CArrowArrayStream
{
    /// <summary>Fills in the schema; 0 or an errno.</summary>
    public delegate* unmanaged[Cdecl]<CArrowArrayStream*, CArrowSchema*, int> GetSchema { get; set; }

    /// <summary>Fills in the next array, or a released one at the end; 0 or an errno.</summary>
    public delegate* unmanaged[Cdecl]<CArrowArrayStream*, CArrowArray*, int> GetNext { get; set; }

    /// <summary>What the last call that failed says of it, or null; valid until the next call.</summary>
    public delegate* unmanaged[Cdecl]<CArrowArrayStream*, byte*> GetLastError { get; set; }

    /// <summary>Null once the structure was released or moved.</summary>
    public delegate* unmanaged[Cdecl]<CArrowArrayStream*, void> Release { get; set; }

    /// <summary>The producer's own.</summary>
    public void* PrivateData { get; set; }
}
