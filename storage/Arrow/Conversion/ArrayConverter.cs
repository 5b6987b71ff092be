using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Conversion;

/// <summary>
/// Makes columns of ours of the arrays of one message. Nothing is believed; where Arrow's layout is ours, the column points into the array's buffers, else it is made anew.
/// </summary>
/// <param name="place">For errors.</param>
/// <param name="dictionaries">What numbers mean; null where arrays bring that along.</param>
/// <param name="meter">Bounds what is made anew.</param>
/// <param name="options">Whom memory is charged to.</param>
/// <param name="owners">Takes what is made anew.</param>
internal sealed unsafe partial class ArrayConverter(ArrowPlace place, DictionaryStore? dictionaries, ExpansionMeter meter, ArrowReadOptions options, List<IDisposable> owners)
{
    // What offsets of columns without rows point at.
    private static readonly NativeBlock s_zeros = Zeros();

    /// <summary>The column of an array that stands by itself or has a value for each row.</summary>
    internal ColumnBuffers Column(ArrowField field, WireArray array)
    {
        ColumnBuffers buffers = Convert(field, array);
        if (MustBePresent(field) && buffers.Validity is not null) throw place.Error("storage.arrow_null", field.Path);
        return buffers;
    }

    /// <summary>The column of an array that stands in one of structs, checked by <see cref="CheckTop"/>, whose rows may begin later.</summary>
    internal ColumnBuffers TopColumn(ArrowField field, WireArray top, WireArray array)
    {
        CheckLength(field, array, End(top));
        ColumnBuffers buffers = Column(field, array);
        buffers.Offset += (int)top.Offset;
        return buffers;
    }

    /// <summary>Rows are structs that are never missing.</summary>
    internal void CheckTop(ArrowField root, WireArray top)
    {
        if (top.Length < 0 || top.Offset < 0 || top.Length > int.MaxValue - 1 - top.Offset) throw place.Error("storage.arrow_rows", top.Length);
        if (Validity(root, top) is not null) throw place.Error("storage.arrow_null", "");
    }

    private static bool MustBePresent(ArrowField field) => field.Ours is { IsNullable: false };

    /// <summary>The array's values. Without a null, <see cref="ColumnBuffers.Validity"/> is null.</summary>
    private ColumnBuffers Convert(ArrowField field, WireArray array)
    {
        if (array.Length < 0 || array.Offset < 0 || array.Length > int.MaxValue - 1 - array.Offset) throw place.Error("storage.arrow_length", field.Path, array.Length);
        if (field.Dictionary is not null) return Decoded(field, array);
        ArrowType type = field.Type;
        if (type.Kind == ArrowKind.Null) return default;
        if (type.Kind == ArrowKind.RunEnd) return Runs(field, array);
        ColumnBuffers buffers = new() { Offset = (int)array.Offset, Validity = Validity(field, array) };
        switch (type.Kind)
        {
            case ArrowKind.Boolean: buffers.Values = Require(field, array, 1, Bits.Size(End(array))); break;
            case ArrowKind.Int when type.IsSigned:
            case ArrowKind.Float when type.Bits > 16:
            case ArrowKind.Date when type.Bits == 32:
            case ArrowKind.Timestamp when type.Unit == ArrowTimeUnit.Microsecond:
                buffers.Values = Require(field, array, 1, End(array) * type.Width);
                break;
            case ArrowKind.Int or ArrowKind.Float or ArrowKind.Decimal or ArrowKind.Date or ArrowKind.Timestamp: Numbers(field, array, ref buffers); break;
            case ArrowKind.Text or ArrowKind.Binary: Texts(field, array, ref buffers); break;
            case ArrowKind.LargeText or ArrowKind.LargeBinary: LargeTexts(field, array, ref buffers); break;
            case ArrowKind.FixedBinary: FixedBinaries(field, array, ref buffers); break;
            case ArrowKind.TextView or ArrowKind.BinaryView: return Views(field, array, buffers.Validity);
            case ArrowKind.Struct: Struct(field, array, ref buffers); break;
            case ArrowKind.FixedList: FixedList(field, array, ref buffers); break;
            case ArrowKind.List or ArrowKind.LargeList: List(field, array, ref buffers); break;
            case ArrowKind.Map: Map(field, array, ref buffers); break;
            case ArrowKind.ListView or ArrowKind.LargeListView: return ListViews(field, array, buffers);
            default: throw new InvalidOperationException($"{type} has no column");
        }
        return buffers;
    }

    private static long End(WireArray array) => array.Offset + array.Length;

    private byte* Validity(ArrowField field, WireArray array)
    {
        if (array.Length == 0) return null;
        WireBuffer bits = array.Buffers[0];
        if (bits.Pointer is null)
        {
            // No bitmap means that nothing is missing.
            if (array.NullCount > 0) throw place.Error("storage.arrow_null_count", field.Path, array.NullCount, 0);
            return null;
        }
        byte* validity = Require(field, array, 0, Bits.Size(End(array)));
        long nulls = Bits.CountZeros(validity, array.Offset, array.Length);
        if (array.NullCount >= 0 && array.NullCount != nulls) throw place.Error("storage.arrow_null_count", field.Path, array.NullCount, nulls);
        return nulls == 0 ? null : validity;
    }

    /// <summary>The buffer, which must have at least this many bytes.</summary>
    private byte* Require(ArrowField field, WireArray array, int index, long size)
    {
        WireBuffer buffer = array.Buffers[index];
        if (size > 0 && (buffer.Pointer is null || buffer.Length < size)) throw place.Error("storage.arrow_buffer_short", field.Path, index, buffer.Pointer is null ? 0 : buffer.Length, size);
        return buffer.Pointer;
    }

    private NativeBlock Rent(ArrowField field, long size)
    {
        meter.Charge(place, field, size);
        NativeBlock block = NativeBlock.Rent(size, options.Memory);
        owners.Add(block);
        return block;
    }

    private LeptonDataException BadValue(ArrowField field, string code, long row) => place.Error(code, field.Path, row);

    private static void NoOffsets(ref ColumnBuffers buffers)
    {
        buffers.Values = s_zeros.Pointer;
        buffers.Offset = 0;
    }

    private static NativeBlock Zeros()
    {
        var block = NativeBlock.Rent(64, null);
        new Span<byte>(block.Pointer, 64).Clear();
        return block;
    }
}
