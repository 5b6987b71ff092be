using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.Conversion;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.CData;

/// <summary>Fills in the structures of the C data interface.</summary>
internal static unsafe class CDataExport
{
    private const long Nullable = 2;

    internal static void Schema(ArrowField field, CArrowSchema* target)
    {
        var memory = new ExportMemory(null);
        *target = default;
        target->Format = memory.Text(FormatText.Of(field.Type));
        target->Name = memory.Text(field.Name);
        target->Metadata = Metadata(field.Metadata, memory);
        target->Flags = field.IsNullable ? Nullable : 0;
        target->ChildCount = field.Children.Length;
        target->Children = (CArrowSchema**)memory.Pointers(field.Children.Length, sizeof(CArrowSchema));
        for (int i = 0; i < field.Children.Length; i++) Schema(field.Children[i], target->Children[i]);
        target->PrivateData = memory.Handle();
        target->Release = &ReleaseSchema;
    }

    internal static void Batch(RecordBatch batch, ArrowField root, CArrowArray* target)
    {
        ExportMemory memory = Begin(batch, target, batch.RowCount, 0, 1, root.Children.Length);
        try
        {
            for (int i = 0; i < root.Children.Length; i++)
            {
                ColumnBuffers buffers = batch.Column(i).Buffers;
                Array(batch, root.Children[i], in buffers, batch.RowCount, target->Children[i]);
            }
        }
        catch
        {
            target->Release(target);
            throw;
        }
    }

    private static void Array(RecordBatch batch, ArrowField field, in ColumnBuffers buffers, long length, CArrowArray* target)
    {
        long offset = buffers.Offset;
        int bufferCount = field.BufferCount;
        // Of what has no values of its own the rows before the first are left out: readers forget the offset on the way down (DuckDB that of structs in structs).
        bool startsAtFirst = field.Type.Kind is ArrowKind.Struct or ArrowKind.FixedList or ArrowKind.FixedBinary;
        ExportMemory memory = Begin(batch, target, length, startsAtFirst ? 0 : offset, bufferCount, field.Children.Length);
        target->NullCount = field.Type.Kind == ArrowKind.Null ? length : buffers.Validity is null ? 0 : -1;
        if (bufferCount > 0) target->Buffers[0] = startsAtFirst ? Moved(buffers.Validity, offset, length, memory) : buffers.Validity;
        if (bufferCount > 1) target->Buffers[1] = buffers.Values;
        if (bufferCount > 2) target->Buffers[2] = buffers.Data;
        switch (field.Type.Kind)
        {
            case ArrowKind.FixedBinary:
                target->Buffers[1] = memory.Bytes(16 * length);
                UuidPacking.Pack(field, in buffers, (int)length, (byte*)target->Buffers[1]);
                break;
            case ArrowKind.Struct:
                for (int i = 0; i < field.Children.Length; i++) Child(batch, field.Children[i], in buffers, i, offset, length, target->Children[i]);
                break;
            case ArrowKind.FixedList: Child(batch, field.Children[0], in buffers, 0, offset * field.Type.Size, length * field.Type.Size, target->Children[0]); break;
            case ArrowKind.List: Child(batch, field.Children[0], in buffers, 0, 0, ((int*)buffers.Values)[offset + length], target->Children[0]); break;
            case ArrowKind.Map:
                long entryCount = ((int*)buffers.Values)[offset + length];
                CArrowArray* entries = target->Children[0];
                Begin(batch, entries, entryCount, 0, 1, 2);
                for (int i = 0; i < 2; i++) Child(batch, field.Children[0].Children[i], in buffers, i, 0, entryCount, entries->Children[i]);
                break;
            default: break;
        }
    }

    private static void Child(RecordBatch batch, ArrowField field, in ColumnBuffers parent, int index, long start, long length, CArrowArray* target)
    {
        ColumnBuffers child = parent.Children![index];
        child.Offset += checked((int)start);
        Array(batch, field, in child, length, target);
    }

    /// <summary>A bitmap that begins with the bit at <paramref name="offset"/>: the same one, further on, or a copy.</summary>
    private static byte* Moved(byte* bits, long offset, long length, ExportMemory memory)
    {
        if (bits is null || (offset & 7) == 0) return bits is null ? null : bits + (offset >> 3);
        byte* copy = memory.Bytes(Bits.Size(length));
        if (length > 0) Bits.Copy(bits, offset, length, copy);
        return copy;
    }

    /// <summary>A structure that can be released from here on, whatever happens to what stands within.</summary>
    private static ExportMemory Begin(RecordBatch batch, CArrowArray* target, long length, long offset, int bufferCount, int childCount)
    {
        var memory = new ExportMemory(batch.Share());
        *target = default;
        target->Length = length;
        target->Offset = offset;
        target->BufferCount = bufferCount;
        target->Buffers = (void**)memory.Bytes(Math.Max(bufferCount, 1) * (long)sizeof(void*));
        new Span<nint>(target->Buffers, bufferCount).Clear();
        target->ChildCount = childCount;
        target->Children = (CArrowArray**)memory.Pointers(childCount, sizeof(CArrowArray));
        target->PrivateData = memory.Handle();
        target->Release = &ReleaseArray;
        return memory;
    }

    private static byte* Metadata(FieldMetadata metadata, ExportMemory memory)
    {
        if (metadata.Values.Count == 0) return null;
        using var bytes = new MemoryStream();
        Span<byte> number = stackalloc byte[4];
        void Number(int value, Span<byte> room)
        {
            BinaryPrimitives.WriteInt32LittleEndian(room, value);
            bytes.Write(room);
        }
        Number(metadata.Values.Count, number);
        foreach ((string key, string value) in metadata.Values)
        {
            foreach (string text in new[] { key, value })
            {
                byte[] utf8 = Encoding.UTF8.GetBytes(text);
                Number(utf8.Length, number);
                bytes.Write(utf8);
            }
        }
        byte* copy = memory.Bytes(bytes.Length);
        bytes.ToArray().CopyTo(new Span<byte>(copy, (int)bytes.Length));
        return copy;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void ReleaseSchema(CArrowSchema* schema)
    {
        if (schema is null || schema->Release is null) return;
        for (long i = 0; i < schema->ChildCount; i++)
            if (schema->Children[i]->Release is not null) schema->Children[i]->Release(schema->Children[i]);
        schema->Release = null;
        ExportMemory.Free(schema->PrivateData);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void ReleaseArray(CArrowArray* array)
    {
        if (array is null || array->Release is null) return;
        // A child that was moved lives on by itself.
        for (long i = 0; i < array->ChildCount; i++)
            if (array->Children[i]->Release is not null) array->Children[i]->Release(array->Children[i]);
        array->Release = null;
        ExportMemory.Free(array->PrivateData);
    }
}

/// <summary>The memory of one exported structure: what its private data stands for.</summary>
/// <param name="batch">Disposed with it; null for schemas.</param>
internal sealed unsafe class ExportMemory(RecordBatch? batch)
{
    private readonly List<nint> _blocks = [];

    internal static void Free(void* privateData)
    {
        GCHandle handle = GCHandle.FromIntPtr((nint)privateData);
        ((ExportMemory)handle.Target!).Free();
        handle.Free();
    }

    internal byte* Bytes(long size)
    {
        void* block = NativeMemory.AlignedAlloc((nuint)Math.Max(size, 1), NativeBlock.Alignment);
        _blocks.Add((nint)block);
        return (byte*)block;
    }

    internal byte* Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        byte* copy = Bytes(utf8.Length + 1);
        utf8.CopyTo(new Span<byte>(copy, utf8.Length));
        copy[utf8.Length] = 0;
        return copy;
    }

    /// <summary>Room for structures, zeroed, and for pointers to them; null for none.</summary>
    internal void** Pointers(int count, int size)
    {
        if (count == 0) return null;
        void** pointers = (void**)Bytes(count * (long)sizeof(void*));
        byte* structures = Bytes((long)count * size);
        new Span<byte>(structures, count * size).Clear();
        for (int i = 0; i < count; i++) pointers[i] = structures + ((long)i * size);
        return pointers;
    }

    internal void* Handle() => (void*)GCHandle.ToIntPtr(GCHandle.Alloc(this));

    private void Free()
    {
        foreach (nint block in _blocks) NativeMemory.AlignedFree((void*)block);
        _blocks.Clear();
        try
        {
            batch?.Dispose();
        }
        catch (Exception)
        {
            // Who owns the batch's memory failed to free it. Nobody is left to be told, and no exception crosses the border.
        }
    }
}
