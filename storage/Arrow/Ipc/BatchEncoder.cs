using System.Buffers.Binary;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.Conversion;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Ipc;

/// <summary>Lays a batch out as a message's body: the parts point into the batch's own memory wherever that is what Arrow wants.</summary>
/// <param name="fields">The columns, as <see cref="TypeMapping"/> gives them.</param>
/// <param name="options">Compression and alignment.</param>
internal sealed unsafe class BatchEncoder(ArrowField[] fields, ArrowWriteOptions options) : IDisposable
{
    private readonly List<NativeBlock> _blocks = [];
    private readonly BufferCompressor? _compressor = options.Compression == ArrowCompression.None ? null : new BufferCompressor(options);
    private long _blockUsed;

    internal List<(long Length, long NullCount)> Nodes { get; } = [];

    internal List<(long Offset, long Length)> Buffers { get; } = [];

    /// <summary>What stands at which place of the body; zeros are between.</summary>
    internal List<BodyPart> Parts { get; } = [];

    internal int RowCount { get; private set; }

    internal long BodySizeBytes { get; private set; }

    internal ArrowCompression Compression => options.Compression;

    /// <summary>Takes a batch, which must live until it is written; the one before is forgotten.</summary>
    /// <exception cref="LeptonDataException"><c>storage.arrow_uuid</c>, <c>storage.arrow_compress</c></exception>
    internal void Encode(RecordBatch batch)
    {
        Clear();
        RowCount = batch.RowCount;
        for (int i = 0; i < fields.Length; i++)
        {
            ColumnBuffers buffers = batch.Column(i).Buffers;
            Column(fields[i], in buffers, batch.RowCount);
        }
    }

    public void Dispose()
    {
        Clear();
        _compressor?.Dispose();
    }

    internal void Clear()
    {
        Nodes.Clear();
        Buffers.Clear();
        Parts.Clear();
        foreach (NativeBlock block in _blocks) block.Dispose();
        _blocks.Clear();
        (BodySizeBytes, _blockUsed) = (0, 0);
    }

    private void Column(ArrowField field, in ColumnBuffers buffers, int count)
    {
        if (field.Type.Kind == ArrowKind.Null)
        {
            Nodes.Add((count, count));
            return;
        }
        long nulls = buffers.Validity is null ? 0 : Bits.CountZeros(buffers.Validity, buffers.Offset, count);
        Nodes.Add((count, nulls));
        if (nulls == 0) Add(null, 0);
        else AddBits(buffers.Validity, buffers.Offset, count);
        switch (field.Type.Kind)
        {
            case ArrowKind.Boolean: AddBits(buffers.Values, buffers.Offset, count); break;
            case ArrowKind.FixedBinary: AddUuids(field, in buffers, count); break;
            case ArrowKind.Binary or ArrowKind.Text:
                (int start, int end) = AddOffsets(in buffers, count);
                Add(buffers.Data + start, end - start);
                break;
            case ArrowKind.Struct:
                for (int i = 0; i < field.Children.Length; i++) Child(field.Children[i], in buffers, i, buffers.Offset, count);
                break;
            case ArrowKind.FixedList:
                Child(field.Children[0], in buffers, 0, checked(buffers.Offset * field.Type.Size), checked(count * field.Type.Size));
                break;
            case ArrowKind.List:
                (start, end) = AddOffsets(in buffers, count);
                Child(field.Children[0], in buffers, 0, start, end - start);
                break;
            case ArrowKind.Map:
                (start, end) = AddOffsets(in buffers, count);
                Nodes.Add((end - start, 0));
                Add(null, 0);
                for (int i = 0; i < 2; i++) Child(field.Children[0].Children[i], in buffers, i, start, end - start);
                break;
            default:
                Add(buffers.Values + ((long)buffers.Offset * field.Type.Width), (long)count * field.Type.Width);
                break;
        }
    }

    private void Child(ArrowField field, in ColumnBuffers parent, int index, int start, int count)
    {
        ColumnBuffers child = parent.Children![index];
        child.Offset += start;
        Column(field, in child, count);
    }

    /// <returns>Where the values begin and end in what the offsets point into.</returns>
    private (int Start, int End) AddOffsets(in ColumnBuffers buffers, int count)
    {
        int* offsets = (int*)buffers.Values + buffers.Offset;
        int start = offsets[0];
        long size = ((long)count + 1) * sizeof(int);
        if (start == 0) Add((byte*)offsets, size);
        else
        {
            int* moved = (int*)Scratch(size);
            for (int i = 0; i <= count; i++) moved[i] = offsets[i] - start;
            Add((byte*)moved, size);
        }
        return (start, offsets[count]);
    }

    private void AddBits(byte* bits, int offset, int count)
    {
        if (count == 0) Add(null, 0);
        else if (Bits.IsPlain(bits, offset, count)) Add(bits + (offset >> 3), Bits.Size(count));
        else
        {
            byte* copy = Scratch(Bits.Size(count));
            Bits.Copy(bits, offset, count, copy);
            Add(copy, Bits.Size(count));
        }
    }

    private void AddUuids(ArrowField field, in ColumnBuffers buffers, int count)
    {
        byte* packed = Scratch((long)count * 16);
        UuidPacking.Pack(field, in buffers, count, packed);
        Add(packed, (long)count * 16);
    }

    private void Add(byte* pointer, long length)
    {
        long offset = BodySizeBytes;
        if (length == 0)
        {
            Buffers.Add((offset, 0));
            return;
        }
        if (_compressor is null)
        {
            Part(pointer, length);
            Buffers.Add((offset, length));
            return;
        }
        byte* target = Scratch(8 + _compressor.Bound(length));
        long written = _compressor.Compress(pointer, length, target + 8);
        if (written < length)
        {
            BinaryPrimitives.WriteInt64LittleEndian(new Span<byte>(target, 8), length);
            Part(target, 8 + written);
        }
        else
        {
            // What does not shrink is stored as it is, which -1 says.
            written = length;
            BinaryPrimitives.WriteInt64LittleEndian(new Span<byte>(target, 8), -1);
            Parts.Add(new BodyPart((nint)target, offset, 8));
            Parts.Add(new BodyPart((nint)pointer, offset + 8, length));
            BodySizeBytes = Align(offset + 8 + length);
        }
        Buffers.Add((offset, 8 + written));
    }

    private void Part(byte* pointer, long length)
    {
        Parts.Add(new BodyPart((nint)pointer, BodySizeBytes, length));
        BodySizeBytes = Align(BodySizeBytes + length);
    }

    private long Align(long position) => (position + options.AlignmentBytes - 1) & -options.AlignmentBytes;

    private byte* Scratch(long size)
    {
        if (_blocks.Count == 0 || _blocks[^1].SizeBytes - _blockUsed < size)
        {
            _blocks.Add(NativeBlock.Rent(Math.Max(size, 65_536), null));
            _blockUsed = 0;
        }
        byte* scratch = _blocks[^1].Pointer + _blockUsed;
        _blockUsed += (size + 63) & -64;
        return scratch;
    }
}

/// <summary>One run of a body's bytes.</summary>
internal readonly record struct BodyPart(nint Pointer, long Offset, long Length);
