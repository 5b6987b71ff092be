using System.Globalization;

namespace Lepton.Data.Storage.Arrow.Types;

/// <summary>The kinds of Arrow's own types; the numbers are those of the union <c>Type</c> in Arrow's Schema.fbs.</summary>
internal enum ArrowKind : byte
{
    Null = 1,
    Int = 2,
    Float = 3,
    Binary = 4,
    Text = 5,
    Boolean = 6,
    Decimal = 7,
    Date = 8,
    Time = 9,
    Timestamp = 10,
    Interval = 11,
    List = 12,
    Struct = 13,
    Union = 14,
    FixedBinary = 15,
    FixedList = 16,
    Map = 17,
    Duration = 18,
    LargeBinary = 19,
    LargeText = 20,
    LargeList = 21,
    RunEnd = 22,
    BinaryView = 23,
    TextView = 24,
    ListView = 25,
    LargeListView = 26,
}

/// <summary>Units of times; the numbers are Arrow's.</summary>
internal enum ArrowTimeUnit : byte
{
    Second = 0,
    Millisecond = 1,
    Microsecond = 2,
    Nanosecond = 3,
}

/// <summary>One of Arrow's types as a stream or another library names it; ours are fewer, see <see cref="TypeMapping"/>.</summary>
internal sealed record ArrowType(ArrowKind Kind)
{
    /// <summary>Of integers, floats, decimals, dates, times: bits of one value.</summary>
    internal int Bits { get; init; }

    internal bool IsSigned { get; init; }

    internal int Precision { get; init; }

    internal int Scale { get; init; }

    internal ArrowTimeUnit Unit { get; init; }

    /// <summary>Of a timestamp: null or empty for readings of some clock.</summary>
    internal string? Zone { get; init; }

    /// <summary>Bytes of a fixed-size binary, elements of a fixed-size list.</summary>
    internal int Size { get; init; }

    /// <summary>Of a union: dense or sparse; of an interval: 0 months, 1 days and milliseconds, 2 months, days and nanoseconds.</summary>
    internal int Mode { get; init; }

    /// <summary>Bytes of one value in its buffer; 0 where values have no fixed width in whole bytes.</summary>
    internal int Width => Kind switch
    {
        ArrowKind.Int or ArrowKind.Float or ArrowKind.Decimal or ArrowKind.Date or ArrowKind.Time => Bits / 8,
        ArrowKind.Timestamp or ArrowKind.Duration => 8,
        ArrowKind.Interval => Mode switch { 0 => 4, 1 => 8, _ => 16 },
        ArrowKind.FixedBinary => Size,
        _ => 0,
    };

    /// <summary>How many fields stand within; -1 for any number.</summary>
    internal int ChildCount => Kind switch
    {
        ArrowKind.List or ArrowKind.LargeList or ArrowKind.ListView or ArrowKind.LargeListView or ArrowKind.FixedList or ArrowKind.Map => 1,
        ArrowKind.RunEnd => 2,
        ArrowKind.Struct or ArrowKind.Union => -1,
        _ => 0,
    };

    /// <summary>How many buffers an array has, validity included; of views those that have the bytes come on top.</summary>
    internal int BufferCount => Kind switch
    {
        ArrowKind.Null or ArrowKind.RunEnd => 0,
        ArrowKind.Struct or ArrowKind.FixedList => 1,
        // A dense union has offsets beside its types.
        ArrowKind.Union => 1 + Mode,
        ArrowKind.Text or ArrowKind.Binary or ArrowKind.LargeText or ArrowKind.LargeBinary or ArrowKind.ListView or ArrowKind.LargeListView => 3,
        _ => 2,
    };

    /// <summary>The name that pyarrow gives the type.</summary>
    public override string ToString() => Kind switch
    {
        ArrowKind.Int => string.Create(CultureInfo.InvariantCulture, $"{(IsSigned ? "int" : "uint")}{Bits}"),
        ArrowKind.Float => Bits switch { 16 => "halffloat", 32 => "float", _ => "double" },
        ArrowKind.Text => "string",
        ArrowKind.LargeText => "large_string",
        ArrowKind.TextView => "string_view",
        ArrowKind.LargeBinary => "large_binary",
        ArrowKind.BinaryView => "binary_view",
        ArrowKind.Boolean => "bool",
        ArrowKind.Decimal => string.Create(CultureInfo.InvariantCulture, $"decimal{Bits}({Precision}, {Scale})"),
        ArrowKind.Date => string.Create(CultureInfo.InvariantCulture, $"date{Bits}"),
        ArrowKind.Time => string.Create(CultureInfo.InvariantCulture, $"time{Bits}[{UnitName}]"),
        ArrowKind.Timestamp => string.IsNullOrEmpty(Zone) ? $"timestamp[{UnitName}]" : $"timestamp[{UnitName}, tz={Zone}]",
        ArrowKind.Duration => $"duration[{UnitName}]",
        ArrowKind.Interval => Mode switch { 0 => "month_interval", 1 => "day_time_interval", _ => "month_day_nano_interval" },
        ArrowKind.FixedBinary => string.Create(CultureInfo.InvariantCulture, $"fixed_size_binary[{Size}]"),
        ArrowKind.FixedList => string.Create(CultureInfo.InvariantCulture, $"fixed_size_list[{Size}]"),
        ArrowKind.LargeList => "large_list",
        ArrowKind.ListView => "list_view",
        ArrowKind.LargeListView => "large_list_view",
        ArrowKind.RunEnd => "run_end_encoded",
        ArrowKind.Union => Mode == 0 ? "sparse_union" : "dense_union",
        _ => Kind.ToString().ToLowerInvariant(),
    };

    internal string UnitName => Unit switch { ArrowTimeUnit.Second => "s", ArrowTimeUnit.Millisecond => "ms", ArrowTimeUnit.Microsecond => "us", _ => "ns" };
}
