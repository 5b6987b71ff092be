using System.Buffers.Binary;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.Conversion;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Ipc;

/// <summary>Takes the arrays of a <c>RecordBatch</c> message apart: nodes and buffers lie flat, in the order of the fields.</summary>
internal sealed unsafe class BatchLayout
{
    private readonly ArrowPlace _place;
    private readonly ArrowReadOptions _options;
    private readonly ExpansionMeter _meter;
    private readonly List<IDisposable> _owners;
    private readonly (long Length, long NullCount)[] _nodes;
    private readonly (long Offset, long Length)[] _buffers;
    private readonly long[] _variadic;
    private readonly ArrowCompression _codec;
    private readonly bool _isBeforeV5;
    private readonly byte* _body;
    private int _node, _buffer, _view;

    internal BatchLayout(FlatTable batch, bool isBeforeV5, byte* body, long bodySize, ArrowReadOptions options, ExpansionMeter meter, List<IDisposable> owners, ArrowPlace place)
    {
        (_place, _options, _meter, _owners, _isBeforeV5) = (place, options, meter, owners, isBeforeV5);
        _body = body;
        Length = batch.Int64(0);
        if (Length is < 0 or > int.MaxValue - 1) throw place.Error("storage.arrow_rows", Length);
        FlatVector nodes = batch.Vector(1, 16);
        _nodes = new (long, long)[nodes.Count];
        for (int i = 0; i < _nodes.Length; i++) _nodes[i] = (nodes.Int64(i), nodes.Int64(i, 8));
        FlatVector buffers = batch.Vector(2, 16);
        _buffers = new (long, long)[buffers.Count];
        for (int i = 0; i < _buffers.Length; i++)
        {
            (long offset, long length) = _buffers[i] = (buffers.Int64(i), buffers.Int64(i, 8));
            if (offset < 0 || length < 0 || length > bodySize - offset) throw place.Error("storage.arrow_buffer_outside", i, offset, length, bodySize);
        }
        FlatVector variadic = batch.Vector(4, 8);
        _variadic = new long[variadic.Count];
        for (int i = 0; i < _variadic.Length; i++) _variadic[i] = variadic.Int64(i);
        if (!batch.Has(3)) return;
        FlatTable compression = batch.Table(3);
        if (compression.Byte(1) != 0 || compression.Byte(0) > 1) throw place.Error("storage.arrow_codec", compression.Byte(0));
        _codec = compression.Byte(0) == 0 ? ArrowCompression.Lz4 : ArrowCompression.Zstd;
        if (_codec == ArrowCompression.Lz4) Native.Lz4.EnsureLoaded();
        else Native.Zstd.EnsureLoaded();
    }

    internal long Length { get; }

    /// <summary>The array of the next field of the batch, which has a value for each row.</summary>
    /// <param name="field">Whose.</param>
    /// <param name="isWanted">False: it is only stepped over; the result means nothing.</param>
    internal WireArray TakeColumn(ArrowField field, bool isWanted)
    {
        WireArray array = Take(field, isWanted);
        return array.Length == Length ? array : throw _place.Error("storage.arrow_child_length", field.Path, array.Length, Length);
    }

    /// <summary>Asks that nothing is left.</summary>
    internal void End()
    {
        if (_node != _nodes.Length || _buffer != _buffers.Length) throw _place.Error("storage.arrow_layout", _nodes.Length, _buffers.Length, _node, _buffer);
    }

    private WireArray Take(ArrowField field, bool isWanted)
    {
        (long length, long nulls) = Node(field);
        int bufferCount = field.BufferCount;
        if (field.Dictionary is not null) return new WireArray(length, nulls, 0, Buffers(field, bufferCount, isWanted), []);
        // Before V5 unions had validity.
        if (field.Type.Kind == ArrowKind.Union && _isBeforeV5) bufferCount++;
        if (field.HasViews) bufferCount += Variadic(field);
        WireBuffer[] buffers = Buffers(field, bufferCount, isWanted);
        var children = new WireArray[field.Children.Length];
        for (int i = 0; i < children.Length; i++) children[i] = Take(field.Children[i], isWanted);
        return new WireArray(length, nulls, 0, buffers, children);
    }

    private (long Length, long NullCount) Node(ArrowField field)
    {
        if (_node == _nodes.Length) throw _place.Error("storage.arrow_layout_short", field.Path);
        (long length, long nulls) = _nodes[_node++];
        if (length is < 0 or > int.MaxValue - 1) throw _place.Error("storage.arrow_length", field.Path, length);
        // JavaScript's writer says -1 of slices: not counted.
        if (nulls < -1 || nulls > length) throw _place.Error("storage.arrow_null_count", field.Path, nulls, length);
        return (length, nulls);
    }

    private int Variadic(ArrowField field)
    {
        long count = _view < _variadic.Length ? _variadic[_view++] : -1;
        return count >= 0 && count <= _buffers.Length - _buffer ? (int)count : throw _place.Error("storage.arrow_layout_short", field.Path);
    }

    private WireBuffer[] Buffers(ArrowField field, int count, bool isWanted)
    {
        if (count > _buffers.Length - _buffer) throw _place.Error("storage.arrow_layout_short", field.Path);
        var buffers = new WireBuffer[count];
        for (int i = 0; i < count; i++)
        {
            (long offset, long length) = _buffers[_buffer++];
            if (isWanted && length > 0) buffers[i] = _codec == ArrowCompression.None ? Aligned(field, _body + offset, length) : Decompressed(field, _body + offset, length);
        }
        return buffers;
    }

    // The format asks for multiples of 8; what does not keep to it is copied, so that numbers may be read as such.
    private WireBuffer Aligned(ArrowField field, byte* pointer, long length)
    {
        if (((nint)pointer & 7) == 0) return new WireBuffer(pointer, length);
        _meter.Charge(_place, field, length);
        byte* copy = Rent(length);
        Buffer.MemoryCopy(pointer, copy, length, length);
        return new WireBuffer(copy, length);
    }

    private WireBuffer Decompressed(ArrowField field, byte* pointer, long length)
    {
        if (length < 8) throw _place.Error("storage.arrow_compressed", field.Path, _codec.ToString().ToUpperInvariant(), "Size");
        long size = BinaryPrimitives.ReadInt64LittleEndian(new ReadOnlySpan<byte>(pointer, 8));
        if (size == -1) return length == 8 ? default : Aligned(field, pointer + 8, length - 8);
        if (size == 0) return default;
        if (size < 0 || BufferDecompressor.Contradicts(_codec, pointer + 8, length - 8, size)) throw _place.Error("storage.arrow_compressed", field.Path, _codec.ToString().ToUpperInvariant(), "Size");
        _meter.Charge(_place, field, size);
        byte* target = Rent(size);
        string? problem = BufferDecompressor.Decompress(_codec, pointer + 8, length - 8, target, size);
        return problem is null ? new WireBuffer(target, size) : throw _place.Error("storage.arrow_compressed", field.Path, _codec.ToString().ToUpperInvariant(), problem);
    }

    private byte* Rent(long size)
    {
        var block = NativeBlock.Rent(size, _options.Memory);
        _owners.Add(block);
        return block.Pointer;
    }
}
