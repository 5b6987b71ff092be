using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Arrow.Conversion;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.CData;

/// <summary>Reads the structures of the C data interface.</summary>
internal static unsafe class CDataImport
{
    // Longer texts and more fields than these are no schema but a wild pointer.
    private const int TextSizeMax = 1 << 20, CountMax = 1 << 20, MetadataSizeMax = 1 << 26;

    private const long Nullable = 2;

    /// <summary>Reads a schema of columns, and releases it.</summary>
    internal static CDataDecoder Schema(CArrowSchema* source, ArrowReadOptions options, ArrowPlace place)
    {
        try
        {
            long dictionaryCount = 0;
            ArrowField root = Field(source, place, 0, ref dictionaryCount);
            if (root.Type.Kind != ArrowKind.Struct || root.Dictionary is not null) throw place.Error("storage.arrow_c_struct", root.Type.ToString());
            root.SetPaths();
            return new CDataDecoder(new ColumnChoice(root, options, place));
        }
        finally
        {
            if (source->Release is not null) source->Release(source);
            // Whoever released it should have said so.
            source->Release = null;
        }
    }

    /// <summary>An array of a field, and what stands within.</summary>
    internal static WireArray Array(ArrowField field, CArrowArray* source, ArrowPlace place)
    {
        if (source is null || source->Release is null) throw place.Error("storage.arrow_c_released", field.Path);
        bool isView = field.HasViews;
        int childCount = field.Dictionary is null ? field.Children.Length : 0;
        bool fits = source->ChildCount == childCount && (isView ? source->BufferCount is >= 3 and < CountMax : source->BufferCount == field.BufferCount) && source->NullCount >= -1
            && (source->BufferCount == 0 || source->Buffers is not null) && (childCount == 0 || source->Children is not null) && field.Dictionary is null == source->Dictionary is null;
        if (!fits) throw place.Error("storage.arrow_c_array", field.Path, source->BufferCount, source->ChildCount);
        var buffers = new WireBuffer[isView ? source->BufferCount - 1 : source->BufferCount];
        for (int i = 0; i < buffers.Length; i++) buffers[i] = new WireBuffer((byte*)source->Buffers[i], long.MaxValue);
        // Only of views the lengths of buffers are known: they stand in the last.
        long* lengths = isView ? (long*)source->Buffers[buffers.Length] : null;
        for (int i = 2; lengths is not null && i < buffers.Length; i++) buffers[i] = new WireBuffer(buffers[i].Pointer, lengths[i - 2]);
        var children = new WireArray[childCount];
        for (int i = 0; i < childCount; i++) children[i] = Array(field.Children[i], source->Children[i], place);
        return new WireArray(source->Length, source->NullCount, source->Offset, buffers, children)
        {
            Dictionary = field.Dictionary is null ? null : Array(field with { Dictionary = null }, source->Dictionary, place),
        };
    }

    internal static string? Text(byte* text)
    {
        if (text is null) return null;
        int length = 0;
        while (length < TextSizeMax && text[length] != 0) length++;
        var utf8 = new ReadOnlySpan<byte>(text, length);
        return length < TextSizeMax && Utf8.IsValid(utf8) ? Encoding.UTF8.GetString(utf8) : null;
    }

    private static ArrowField Field(CArrowSchema* source, ArrowPlace place, int depth, ref long dictionaryCount)
    {
        if (depth > ArrowField.DepthMax) throw place.Error("storage.arrow_nesting", ArrowField.DepthMax);
        if (source is null || source->Release is null) throw place.Error("storage.arrow_c_released", "");
        string format = Text(source->Format) ?? "";
        // There need not be a name, but one that cannot be read is not none.
        string name = source->Name is null ? "" : Text(source->Name) ?? throw place.Error("storage.arrow_c_name", format, TextSizeMax);
        ArrowType type = FormatText.Parse(format) ?? throw place.Error("storage.arrow_c_format", name, format);
        if (source->ChildCount is < 0 or > CountMax || (source->ChildCount > 0 && source->Children is null)) throw place.Error("storage.arrow_type_broken", name);
        var children = new ArrowField[source->ChildCount];
        for (int i = 0; i < children.Length; i++) children[i] = Field(source->Children[i], place, depth + 1, ref dictionaryCount);
        ArrowField field = new(name, type, (source->Flags & Nullable) != 0, children, Metadata(source->Metadata, place, name));
        if (source->Dictionary is null) return field.HasRightChildren ? field : throw place.Error("storage.arrow_type_broken", name);
        // The format is the numbers', the values' stands in the dictionary.
        ArrowField values = Field(source->Dictionary, place, depth + 1, ref dictionaryCount);
        if (type.Kind != ArrowKind.Int || values.Dictionary is not null) throw place.Error("storage.arrow_type_broken", name);
        return field with { Type = values.Type, Children = values.Children, Dictionary = new ArrowDictionary(dictionaryCount++, type) };
    }

    private static FieldMetadata Metadata(byte* source, ArrowPlace place, string name)
    {
        if (source is null) return FieldMetadata.Empty;
        int count = Number(ref source);
        if (count is < 0 or > CountMax) throw place.Error("storage.arrow_type_broken", name);
        var pairs = new List<KeyValuePair<string, string>>();
        for (int i = 0; i < count; i++)
        {
            string? key = Counted(ref source);
            string? value = Counted(ref source);
            if (key is not null && value is not null) pairs.Add(new(key, value));
        }
        return FieldMetadata.Of(pairs);

        // Null for what is no text.
        string? Counted(ref byte* at)
        {
            int length = Number(ref at);
            if (length is < 0 or > MetadataSizeMax) throw place.Error("storage.arrow_type_broken", name);
            var utf8 = new ReadOnlySpan<byte>(at, length);
            at += length;
            return Utf8.IsValid(utf8) ? Encoding.UTF8.GetString(utf8) : null;
        }

        static int Number(ref byte* at)
        {
            int number = BinaryPrimitives.ReadInt32LittleEndian(new ReadOnlySpan<byte>(at, 4));
            at += 4;
            return number;
        }
    }
}
