using Lepton.Data.Schemas;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Ipc;

/// <summary>Writes Arrow's <c>Schema</c> table.</summary>
internal static class SchemaWriter
{
    /// <summary>Writes the schema that a slot points at. Its endianness is the default, little.</summary>
    internal static void Write(FlatWriter writer, FlatSlots from, int slot, ArrowField root)
    {
        FlatSlots schema = writer.Table(from, slot, 0, 4, MetadataSlot(root.Metadata));
        Fields(writer, schema, 1, root.Children);
        Metadata(writer, schema, 2, root.Metadata);
    }

    private static void Fields(FlatWriter writer, FlatSlots from, int slot, ArrowField[] fields)
    {
        int vector = writer.Vector(from, slot, fields.Length, 4);
        for (int i = 0; i < fields.Length; i++) Field(writer, vector, i, fields[i]);
    }

    private static void Field(FlatWriter writer, int vector, int index, ArrowField field)
    {
        FlatSlots table = writer.Element(vector, index, 4, 1, 1, 4, 0, 4, MetadataSlot(field.Metadata));
        writer.Text(table, 0, field.Name);
        writer.Put(table[1], field.IsNullable ? (byte)1 : (byte)0);
        writer.Put(table[2], (byte)field.Type.Kind);
        Type(writer, table, field.Type);
        // Written where it is empty too: older readers expect it.
        Fields(writer, table, 5, field.Children);
        Metadata(writer, table, 6, field.Metadata);
    }

    private static byte MetadataSlot(FieldMetadata metadata) => metadata.Values.Count > 0 ? (byte)4 : (byte)0;

    private static void Metadata(FlatWriter writer, FlatSlots from, int slot, FieldMetadata metadata)
    {
        if (metadata.Values.Count == 0) return;
        int pairs = writer.Vector(from, slot, metadata.Values.Count, 4);
        int at = 0;
        foreach ((string key, string value) in metadata.Values)
        {
            FlatSlots pair = writer.Element(pairs, at++, 4, 4);
            writer.Text(pair, 0, key);
            writer.Text(pair, 1, value);
        }
    }

    private static void Type(FlatWriter writer, FlatSlots field, ArrowType type)
    {
        switch (type.Kind)
        {
            case ArrowKind.Int:
                FlatSlots number = writer.Table(field, 3, 4, 1);
                writer.Put(number[0], type.Bits);
                writer.Put(number[1], type.IsSigned ? (byte)1 : (byte)0);
                break;
            case ArrowKind.Float:
                writer.Put(writer.Table(field, 3, 2)[0], (short)(type.Bits == 32 ? 1 : 2));
                break;
            case ArrowKind.Decimal:
                FlatSlots exact = writer.Table(field, 3, 4, 4, 4);
                writer.Put(exact[0], type.Precision);
                writer.Put(exact[1], type.Scale);
                writer.Put(exact[2], type.Bits);
                break;
            case ArrowKind.Date:
                // Days, which are not the default.
                writer.Put(writer.Table(field, 3, 2)[0], (short)0);
                break;
            case ArrowKind.Timestamp:
                FlatSlots time = writer.Table(field, 3, 2, type.Zone is null ? (byte)0 : (byte)4);
                writer.Put(time[0], (short)type.Unit);
                if (type.Zone is not null) writer.Text(time, 1, type.Zone);
                break;
            case ArrowKind.FixedBinary or ArrowKind.FixedList:
                writer.Put(writer.Table(field, 3, 4)[0], type.Size);
                break;
            default:
                writer.Table(field, 3);
                break;
        }
    }
}
