using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Arrow.Types;

/// <summary>Arrow's types against ours.</summary>
internal static class TypeMapping
{
    private const string Uuid = "arrow.uuid", Utc = "UTC";

    /// <summary>The schema of columns that stand in a struct; see <see cref="ToOurs(ArrowField, ArrowPlace)"/>.</summary>
    internal static Schema ToOurs(IEnumerable<ArrowField> columns, FieldMetadata metadata, ArrowPlace place) => new(columns.Select(column => ToOurs(column, place))) { Metadata = metadata };

    /// <summary>The struct of columns that we write for a schema of ours, paths set.</summary>
    internal static ArrowField FromOurs(Schema schema)
    {
        ArrowField root = ArrowField.Struct([.. schema.Fields.Select(FromOurs)], schema.Metadata);
        root.SetPaths();
        return root;
    }

    /// <summary>The field of ours that holds every value of Arrow's; set on the field and on those within.</summary>
    /// <exception cref="LeptonDataException"><c>storage.arrow_type</c>: there is none; the text says what to do.</exception>
    internal static Field ToOurs(ArrowField field, ArrowPlace place)
    {
        DataType type = TypeOf(field, place);
        FieldMetadata metadata = field.Metadata;
        // An instant is one whatever clock shows it; the name of the clock's zone is a fact beside it.
        if (type.Id == TypeId.Instant) metadata = metadata.With(ArrowSchema.TimeZoneKey, field.ValueType.Zone is Utc ? null : field.ValueType.Zone);
        // What an extension says of its storage does not hold of another storage.
        if (metadata[ArrowSchema.ExtensionNameKey] is { } extension && !KeepsStorage(field) && extension != Uuid)
        {
            metadata = metadata.With(ArrowSchema.SourceExtensionNameKey, extension).With(ArrowSchema.SourceExtensionMetadataKey, metadata[ArrowSchema.ExtensionMetadataKey])
                .With(ArrowSchema.ExtensionNameKey, null).With(ArrowSchema.ExtensionMetadataKey, null);
        }
        return field.Ours = new Field(field.Name, type, field.IsNullable || type.Id == TypeId.Null) { Metadata = metadata };
    }

    /// <summary>The field that we write for one of ours.</summary>
    internal static ArrowField FromOurs(Field field)
    {
        (ArrowType type, ArrowField[] children) = field.Type switch
        {
            NullType => Flat(ArrowKind.Null),
            BooleanType => Flat(ArrowKind.Boolean),
            IntegerType { BitWidth: var bits } => (new ArrowType(ArrowKind.Int) { Bits = bits, IsSigned = true }, []),
            FloatType { BitWidth: var bits } => (new ArrowType(ArrowKind.Float) { Bits = bits }, []),
            DecimalType { Precision: var precision, Scale: var scale } => (new ArrowType(ArrowKind.Decimal) { Precision = precision, Scale = scale, Bits = 128 }, []),
            StringType => Flat(ArrowKind.Text),
            BinaryType when IsUuid(field) => (new ArrowType(ArrowKind.FixedBinary) { Size = 16 }, []),
            BinaryType => Flat(ArrowKind.Binary),
            DateType => (new ArrowType(ArrowKind.Date) { Bits = 32 }, []),
            InstantType => (new ArrowType(ArrowKind.Timestamp) { Unit = ArrowTimeUnit.Microsecond, Zone = field.Metadata[ArrowSchema.TimeZoneKey] is { Length: > 0 } zone ? zone : Utc }, []),
            NaiveTimeType => (new ArrowType(ArrowKind.Timestamp) { Unit = ArrowTimeUnit.Microsecond }, []),
            StructType { Fields: var fields } => (new ArrowType(ArrowKind.Struct), fields.Select(FromOurs).ToArray()),
            ListType { Element: var element } => (new ArrowType(ArrowKind.List), [FromOurs(element with { Name = "item" })]),
            FixedSizeListType { Element: var element, Length: var length } => (new ArrowType(ArrowKind.FixedList) { Size = length }, [FromOurs(element with { Name = "item" })]),
            MapType { Key: var key, Value: var value } => (new ArrowType(ArrowKind.Map), new[]
            {
                new ArrowField("entries", new ArrowType(ArrowKind.Struct), false, [FromOurs(key with { Name = "key", IsNullable = false }), FromOurs(value with { Name = "value" })], FieldMetadata.Empty),
            }),
            _ => throw new InvalidOperationException($"Arrow has no {field.Type}"),
        };
        FieldMetadata metadata = field.Type is InstantType ? field.Metadata.With(ArrowSchema.TimeZoneKey, null) : field.Metadata;
        return new ArrowField(field.Name, type, field.IsNullable, children, metadata) { Ours = field };

        static (ArrowType, ArrowField[]) Flat(ArrowKind kind) => (new ArrowType(kind), []);
    }

    /// <summary>Whether bytes are written as Arrow's UUIDs, 16 bytes each.</summary>
    private static bool IsUuid(Field field) => field.Metadata[ArrowSchema.ExtensionNameKey] == Uuid;

    private static DataType TypeOf(ArrowField field, ArrowPlace place)
    {
        ArrowType type = field.Type;
        switch (type.Kind)
        {
            case ArrowKind.Null: return DataType.Null;
            case ArrowKind.Boolean: return DataType.Boolean;
            case ArrowKind.Int when type.IsSigned: return new IntegerType(type.Bits);
            case ArrowKind.Int: return type.Bits == 64 ? DataType.Decimal(20, 0) : new IntegerType(type.Bits * 2);
            case ArrowKind.Float: return type.Bits == 64 ? DataType.Float64 : DataType.Float32;
            case ArrowKind.Text or ArrowKind.LargeText or ArrowKind.TextView: return DataType.String;
            case ArrowKind.Binary or ArrowKind.LargeBinary or ArrowKind.BinaryView or ArrowKind.FixedBinary: return DataType.Binary;
            case ArrowKind.Date: return DataType.Date;
            case ArrowKind.Timestamp: return string.IsNullOrEmpty(type.Zone) ? DataType.NaiveTime : DataType.Instant;
            case ArrowKind.Decimal:
                if (type.Precision is < 1 or > DecimalType.PrecisionMax || type.Scale < 0 || type.Scale > type.Precision) throw Refusal(field, place, "decimal128(38, s)");
                return DataType.Decimal(type.Precision, type.Scale);
            case ArrowKind.Struct:
                Field[] fields = [.. field.Children.Select(child => ToOurs(child, place))];
                if (fields.DistinctBy(child => child.Name, StringComparer.OrdinalIgnoreCase).Count() != fields.Length) throw place.Error("storage.arrow_struct_names", field.Path);
                return new StructType(new EquatableList<Field>(fields));
            case ArrowKind.List or ArrowKind.LargeList or ArrowKind.ListView or ArrowKind.LargeListView:
                return new ListType(ToOurs(field.Children[0], place) with { Name = "element" });
            case ArrowKind.FixedList:
                if (type.Size == 0) throw Refusal(field, place, "list");
                return new FixedSizeListType(ToOurs(field.Children[0], place) with { Name = "element" }, type.Size);
            case ArrowKind.Map:
                ArrowField entries = field.Children[0];
                return new MapType(ToOurs(entries.Children[0], place) with { Name = "key", IsNullable = false }, ToOurs(entries.Children[1], place) with { Name = "value" });
            case ArrowKind.RunEnd: return ToOurs(field.Children[1], place).Type;
            case ArrowKind.Time or ArrowKind.Duration: throw Refusal(field, place, "int64");
            case ArrowKind.Interval: throw Refusal(field, place, "struct");
            default: throw Refusal(field, place, "struct");
        }
    }

    private static bool KeepsStorage(ArrowField field) => field.Type.Kind switch
    {
        ArrowKind.Int => field.Type.IsSigned,
        ArrowKind.Float => field.Type.Bits > 16,
        ArrowKind.Decimal => field.Type.Bits == 128,
        ArrowKind.Date => field.Type.Bits == 32,
        ArrowKind.Timestamp => field.Type.Unit == ArrowTimeUnit.Microsecond,
        ArrowKind.FixedBinary => false,
        ArrowKind.Struct or ArrowKind.FixedList or ArrowKind.Map or ArrowKind.List or ArrowKind.LargeList or ArrowKind.ListView or ArrowKind.LargeListView
            => field.Children.All(KeepsStorage),
        _ => true,
    };

    private static LeptonDataException Refusal(ArrowField field, ArrowPlace place, string remedy) => place.Error("storage.arrow_type", field.Path, field.Type.ToString(), remedy);
}
