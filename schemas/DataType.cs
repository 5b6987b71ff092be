namespace Lepton.Data.Schemas;

/// <summary>
/// A type of values that both Delta Lake and Arrow hold without loss. Its text (<see cref="object.ToString"/>, <see cref="Parse"/>)
/// is the name that the project's SQL uses, so that one set of names serves SQL, YAML and messages.
/// </summary>
/// <remarks>Immutable; equality is by value, nested fields included.</remarks>
public abstract record DataType
{
    private protected DataType() { }

    /// <summary>What to switch on.</summary>
    public abstract TypeId Id { get; }

    /// <summary>What lies within: a struct's fields, a list's element, a map's key and value; empty for flat types.</summary>
    public virtual IReadOnlyList<Field> Children => [];

    /// <summary>The type of a column that holds nothing but NULL.</summary>
    public static DataType Null { get; } = new NullType();

    /// <summary>True or false.</summary>
    public static DataType Boolean { get; } = new BooleanType();

    /// <summary>Signed, 8 bits.</summary>
    public static DataType Int8 { get; } = new IntegerType(8);

    /// <summary>Signed, 16 bits.</summary>
    public static DataType Int16 { get; } = new IntegerType(16);

    /// <summary>Signed, 32 bits.</summary>
    public static DataType Int32 { get; } = new IntegerType(32);

    /// <summary>Signed, 64 bits.</summary>
    public static DataType Int64 { get; } = new IntegerType(64);

    /// <summary>IEEE 754 binary32.</summary>
    public static DataType Float32 { get; } = new FloatType(32);

    /// <summary>IEEE 754 binary64.</summary>
    public static DataType Float64 { get; } = new FloatType(64);

    /// <summary>UTF-8 text.</summary>
    public static DataType String { get; } = new StringType();

    /// <summary>Bytes.</summary>
    public static DataType Binary { get; } = new BinaryType();

    /// <summary>Days since 1970-01-01 in the proleptic Gregorian calendar.</summary>
    public static DataType Date { get; } = new DateType();

    /// <summary>A point in time: microseconds since 1970-01-01T00:00:00Z.</summary>
    public static DataType Instant { get; } = new InstantType();

    /// <summary>A reading of some clock without its zone. Readable; tables that we create refuse it until a zone is declared.</summary>
    public static DataType NaiveTime { get; } = new NaiveTimeType();

    /// <summary>A decimal of 1 to 38 digits.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="precision"/> is not in [1, 38], or <paramref name="scale"/> not in [0, precision].</exception>
    public static DataType Decimal(int precision, int scale) => new DecimalType(precision, scale);

    /// <summary>Reads a type's SQL name, in any case: <c>BIGINT</c>, <c>DECIMAL(18,2)</c>, <c>VARCHAR[]</c>, <c>STRUCT(a BIGINT, b VARCHAR)</c>, <c>MAP(VARCHAR, DOUBLE)</c>.</summary>
    /// <returns>False when the text names no type of ours; <paramref name="type"/> is then null.</returns>
    public static bool TryParse(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out DataType? type) => TypeNames.TryParse(text, out type);

    /// <inheritdoc cref="TryParse"/>
    /// <exception cref="LeptonDataException"><c>schemas.unknown_type</c>, <c>schemas.unknown_type_near</c></exception>
    public static DataType Parse(string text) => TryParse(text, out DataType? type) ? type : throw Unknown(text);

    private static LeptonDataException Unknown(string text)
        => TypeNames.Nearest(text) is { } nearest ? new LeptonDataException("schemas.unknown_type_near", [text, nearest]) : new LeptonDataException("schemas.unknown_type", [text]);
}

/// <summary>The kinds of <see cref="DataType"/>.</summary>
public enum TypeId
{
    /// <summary><see cref="NullType"/></summary>
    Null,
    /// <summary><see cref="BooleanType"/></summary>
    Boolean,
    /// <summary><see cref="IntegerType"/></summary>
    Integer,
    /// <summary><see cref="FloatType"/></summary>
    Float,
    /// <summary><see cref="DecimalType"/></summary>
    Decimal,
    /// <summary><see cref="StringType"/></summary>
    String,
    /// <summary><see cref="BinaryType"/></summary>
    Binary,
    /// <summary><see cref="DateType"/></summary>
    Date,
    /// <summary><see cref="InstantType"/></summary>
    Instant,
    /// <summary><see cref="NaiveTimeType"/></summary>
    NaiveTime,
    /// <summary><see cref="StructType"/></summary>
    Struct,
    /// <summary><see cref="ListType"/></summary>
    List,
    /// <summary><see cref="FixedSizeListType"/></summary>
    FixedSizeList,
    /// <summary><see cref="MapType"/></summary>
    Map,
}

/// <inheritdoc cref="DataType.Null"/>
public sealed record NullType : DataType
{
    /// <inheritdoc/>
    public override TypeId Id => TypeId.Null;

    /// <inheritdoc/>
    public override string ToString() => "\"NULL\"";
}

/// <inheritdoc cref="DataType.Boolean"/>
public sealed record BooleanType : DataType
{
    /// <inheritdoc/>
    public override TypeId Id => TypeId.Boolean;

    /// <inheritdoc/>
    public override string ToString() => "BOOLEAN";
}

/// <summary>A signed integer in two's complement.</summary>
/// <param name="BitWidth">8, 16, 32 or 64.</param>
public sealed record IntegerType(int BitWidth) : DataType
{
    /// <inheritdoc/>
    public override TypeId Id => TypeId.Integer;

    /// <inheritdoc/>
    public override string ToString() => BitWidth switch { 8 => "TINYINT", 16 => "SMALLINT", 32 => "INTEGER", _ => "BIGINT" };
}

/// <summary>An IEEE 754 binary number.</summary>
/// <param name="BitWidth">32 or 64.</param>
public sealed record FloatType(int BitWidth) : DataType
{
    /// <inheritdoc/>
    public override TypeId Id => TypeId.Float;

    /// <inheritdoc/>
    public override string ToString() => BitWidth == 32 ? "FLOAT" : "DOUBLE";
}

/// <summary>An exact decimal: a 128-bit integer, divided by 10 to the power of <see cref="Scale"/>.</summary>
public sealed record DecimalType : DataType
{
    /// <summary>The most digits that Delta, Arrow's decimal128 and DuckDB share.</summary>
    public const int PrecisionMax = 38;

    /// <inheritdoc cref="DataType.Decimal"/>
    public DecimalType(int precision, int scale)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(precision, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(precision, PrecisionMax);
        ArgumentOutOfRangeException.ThrowIfNegative(scale);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(scale, precision);
        (Precision, Scale) = (precision, scale);
    }

    /// <summary>Digits in all, 1 to 38.</summary>
    public int Precision { get; }

    /// <summary>Digits after the point, 0 to <see cref="Precision"/>.</summary>
    public int Scale { get; }

    /// <inheritdoc/>
    public override TypeId Id => TypeId.Decimal;

    /// <inheritdoc/>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"DECIMAL({Precision},{Scale})");
}

/// <inheritdoc cref="DataType.String"/>
public sealed record StringType : DataType
{
    /// <inheritdoc/>
    public override TypeId Id => TypeId.String;

    /// <inheritdoc/>
    public override string ToString() => "VARCHAR";
}

/// <inheritdoc cref="DataType.Binary"/>
public sealed record BinaryType : DataType
{
    /// <inheritdoc/>
    public override TypeId Id => TypeId.Binary;

    /// <inheritdoc/>
    public override string ToString() => "BLOB";
}

/// <inheritdoc cref="DataType.Date"/>
public sealed record DateType : DataType
{
    /// <inheritdoc/>
    public override TypeId Id => TypeId.Date;

    /// <inheritdoc/>
    public override string ToString() => "DATE";
}

/// <inheritdoc cref="DataType.Instant"/>
public sealed record InstantType : DataType
{
    /// <inheritdoc/>
    public override TypeId Id => TypeId.Instant;

    /// <inheritdoc/>
    public override string ToString() => "TIMESTAMPTZ";
}

/// <inheritdoc cref="DataType.NaiveTime"/>
public sealed record NaiveTimeType : DataType
{
    /// <inheritdoc/>
    public override TypeId Id => TypeId.NaiveTime;

    /// <inheritdoc/>
    public override string ToString() => "TIMESTAMP";
}

/// <summary>Named values side by side.</summary>
/// <param name="Fields">In order; names are distinct.</param>
public sealed record StructType(EquatableList<Field> Fields) : DataType
{
    /// <inheritdoc/>
    public override TypeId Id => TypeId.Struct;

    /// <inheritdoc/>
    public override IReadOnlyList<Field> Children => Fields;

    /// <inheritdoc/>
    public override string ToString() => $"STRUCT({string.Join(", ", Fields.Select(field => $"{TypeNames.Quote(field.Name)} {field.Type}"))})";
}

/// <summary>Any number of values of one type.</summary>
/// <param name="Element">The type, and whether an element may be NULL.</param>
public sealed record ListType(Field Element) : DataType
{
    /// <inheritdoc/>
    public override TypeId Id => TypeId.List;

    /// <inheritdoc/>
    public override IReadOnlyList<Field> Children => [Element];

    /// <inheritdoc/>
    public override string ToString() => $"{Element.Type}[]";
}

/// <summary>Exactly <paramref name="Length"/> values of one type: a vector, an embedding.</summary>
/// <param name="Element">The type, and whether an element may be NULL.</param>
/// <param name="Length">At least 1.</param>
public sealed record FixedSizeListType(Field Element, int Length) : DataType
{
    /// <inheritdoc/>
    public override TypeId Id => TypeId.FixedSizeList;

    /// <inheritdoc/>
    public override IReadOnlyList<Field> Children => [Element];

    /// <inheritdoc/>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Element.Type}[{Length}]");
}

/// <summary>Values by distinct keys.</summary>
/// <param name="Key">Never NULL.</param>
/// <param name="Value">The type, and whether a value may be NULL.</param>
public sealed record MapType(Field Key, Field Value) : DataType
{
    /// <inheritdoc/>
    public override TypeId Id => TypeId.Map;

    /// <inheritdoc/>
    public override IReadOnlyList<Field> Children => [Key, Value];

    /// <inheritdoc/>
    public override string ToString() => $"MAP({Key.Type}, {Value.Type})";
}
