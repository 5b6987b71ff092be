using System.Text;
using System.Text.Unicode;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Ipc;

/// <summary>Reads Arrow's <c>Schema</c> table.</summary>
internal sealed class SchemaReader
{
    private const long DictionaryReplacement = 1, CompressedBody = 2;

    private readonly ArrowPlace _place;
    private readonly Dictionary<long, ArrowField> _dictionaries = [];
    private int _fieldsLeft;
    private long _textLeft;

    /// <param name="place">For errors.</param>
    /// <param name="messageSize">Bytes of the message: offsets may point at one table many times, so what they unfold to is bounded by what a plain message of this size could say.</param>
    internal SchemaReader(ArrowPlace place, int messageSize)
    {
        _place = place;
        // A plain field takes 17 bytes and more; texts may be said once and meant several times.
        _fieldsLeft = messageSize / 16;
        _textLeft = 4096 + (4L * messageSize);
    }

    /// <summary>The struct of the columns, paths set.</summary>
    internal ArrowField Read(FlatTable schema)
    {
        if (schema.Int16(0) != 0) throw _place.Error("storage.arrow_endianness");
        FlatVector features = schema.Vector(3, 8);
        for (int i = 0; i < features.Count; i++)
            if (features.Int64(i) is not (0 or DictionaryReplacement or CompressedBody)) throw _place.Error("storage.arrow_feature", features.Int64(i));
        ArrowField root = ArrowField.Struct(Fields(schema, 1, 0), Metadata(schema, 2));
        root.SetPaths();
        return root;
    }

    private ArrowField[] Fields(FlatTable table, int slot, int depth)
    {
        FlatVector vector = table.Vector(slot, 4);
        // Checked before the array is made, which is larger than the offsets.
        if (vector.Count > _fieldsLeft) throw _place.Error("storage.arrow_metadata", vector.Start);
        _fieldsLeft -= vector.Count;
        if (vector.Count > 0 && depth >= ArrowField.DepthMax) throw _place.Error("storage.arrow_nesting", ArrowField.DepthMax);
        var fields = new ArrowField[vector.Count];
        for (int i = 0; i < fields.Length; i++) fields[i] = Field(table.Element(vector, i), depth);
        return fields;
    }

    private ArrowField Field(FlatTable table, int depth)
    {
        string name = Text(table, 0) ?? "";
        if (!table.Has(2) || !table.Has(3)) throw _place.Error("storage.arrow_type_broken", name);
        ArrowType type = Type(name, (ArrowKind)table.Byte(2), table.Table(3));
        ArrowField[] children = Fields(table, 5, depth + 1);
        var field = new ArrowField(name, type, table.Boolean(1), children, Metadata(table, 6));
        if (!field.HasRightChildren) throw _place.Error("storage.arrow_type_broken", name);
        if (!table.Has(4)) return field;
        FlatTable encoding = table.Table(4);
        // No index type means a signed one of 32 bits.
        ArrowType index = encoding.Has(1) ? Type(name, ArrowKind.Int, encoding.Table(1)) : new ArrowType(ArrowKind.Int) { Bits = 32, IsSigned = true };
        if (encoding.Int16(3) != 0) throw _place.Error("storage.arrow_type_broken", name);
        field = field with { Dictionary = new ArrowDictionary(encoding.Int64(0), index) };
        // Fields may share a dictionary, whose values then are of one type; that also keeps a dictionary out of itself.
        if (!_dictionaries.TryAdd(field.Dictionary.Id, field) && !_dictionaries[field.Dictionary.Id].HasValuesOf(field)) throw _place.Error("storage.arrow_type_broken", name);
        return field;
    }

    private FieldMetadata Metadata(FlatTable table, int slot)
    {
        FlatVector vector = table.Vector(slot, 4);
        if (vector.Count == 0) return FieldMetadata.Empty;
        var pairs = new List<KeyValuePair<string, string>>();
        for (int i = 0; i < vector.Count; i++)
        {
            if (--_fieldsLeft < 0) throw _place.Error("storage.arrow_metadata", vector.Start);
            FlatTable pair = table.Element(vector, i);
            ReadOnlySpan<byte> key = pair.Bytes(0);
            ReadOnlySpan<byte> value = pair.Bytes(1);
            Count(key.Length + (long)value.Length);
            // Others keep there what is no text; nothing of ours could hold it.
            if (Utf8.IsValid(key) && Utf8.IsValid(value)) pairs.Add(new(Encoding.UTF8.GetString(key), Encoding.UTF8.GetString(value)));
        }
        return FieldMetadata.Of(pairs);
    }

    private string? Text(FlatTable table, int slot)
    {
        string? text = table.Text(slot);
        Count(text?.Length ?? 0);
        return text;
    }

    private void Count(long size)
    {
        if ((_textLeft -= size) < 0) throw _place.Error("storage.arrow_metadata", 0);
    }

    private ArrowType Type(string name, ArrowKind kind, FlatTable table)
    {
        ArrowType type = new(kind);
        switch (kind)
        {
            case ArrowKind.Int:
                type = type with { Bits = table.Int32(0), IsSigned = table.Boolean(1) };
                return type.Bits is 8 or 16 or 32 or 64 ? type : throw Broken();
            case ArrowKind.Float:
                return table.Int16(0) is var precision and >= 0 and <= 2 ? type with { Bits = 16 << precision } : throw Broken();
            case ArrowKind.Decimal:
                type = type with { Precision = table.Int32(0), Scale = table.Int32(1), Bits = table.Int32(2, 128) };
                return type.Bits is 32 or 64 or 128 or 256 ? type : throw Broken();
            case ArrowKind.Date:
                return table.Int16(0, 1) is var unit and >= 0 and <= 1 ? type with { Bits = unit == 0 ? 32 : 64 } : throw Broken();
            case ArrowKind.Time:
                type = type with { Unit = Unit(table.Int16(0, 1)), Bits = table.Int32(1, 32) };
                return type.Bits == (type.Unit <= ArrowTimeUnit.Millisecond ? 32 : 64) ? type : throw Broken();
            case ArrowKind.Timestamp:
                return type with { Unit = Unit(table.Int16(0)), Zone = Text(table, 1) };
            case ArrowKind.Duration:
                return type with { Unit = Unit(table.Int16(0, 1)) };
            case ArrowKind.Interval:
                return table.Int16(0) is var interval and >= 0 and <= 2 ? type with { Mode = interval } : throw Broken();
            case ArrowKind.Union:
                return table.Int16(0) is var mode and >= 0 and <= 1 ? type with { Mode = mode } : throw Broken();
            case ArrowKind.FixedBinary or ArrowKind.FixedList:
                return table.Int32(0) is var size and >= 0 ? type with { Size = size } : throw Broken();
            default:
                return kind is >= ArrowKind.Null and <= ArrowKind.LargeListView ? type : throw _place.Error("storage.arrow_type_unknown", name, (int)kind);
        }

        LeptonDataException Broken() => _place.Error("storage.arrow_type_broken", name);
        ArrowTimeUnit Unit(short number) => number is >= 0 and <= 3 ? (ArrowTimeUnit)number : throw Broken();
    }
}
