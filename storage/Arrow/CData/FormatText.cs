using System.Globalization;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.CData;

/// <summary>Types as the C data interface spells them.</summary>
internal static class FormatText
{
    internal static string Of(ArrowType type) => type.Kind switch
    {
        ArrowKind.Null => "n",
        ArrowKind.Boolean => "b",
        ArrowKind.Int => type.Bits switch { 8 => "c", 16 => "s", 32 => "i", _ => "l" },
        ArrowKind.Float => type.Bits == 32 ? "f" : "g",
        ArrowKind.Decimal => string.Create(CultureInfo.InvariantCulture, $"d:{type.Precision},{type.Scale}"),
        ArrowKind.Text => "u",
        ArrowKind.Binary => "z",
        ArrowKind.FixedBinary => string.Create(CultureInfo.InvariantCulture, $"w:{type.Size}"),
        ArrowKind.Date => "tdD",
        ArrowKind.Timestamp => $"tsu:{type.Zone}",
        ArrowKind.Struct => "+s",
        ArrowKind.List => "+l",
        ArrowKind.FixedList => string.Create(CultureInfo.InvariantCulture, $"+w:{type.Size}"),
        ArrowKind.Map => "+m",
        _ => throw new InvalidOperationException($"{type} is not exported"),
    };

    /// <summary>The type that a text names, or null.</summary>
    internal static ArrowType? Parse(string format) => format switch
    {
        "n" => new(ArrowKind.Null),
        "b" => new(ArrowKind.Boolean),
        "c" => Int(8, true),
        "C" => Int(8, false),
        "s" => Int(16, true),
        "S" => Int(16, false),
        "i" => Int(32, true),
        "I" => Int(32, false),
        "l" => Int(64, true),
        "L" => Int(64, false),
        "e" => new(ArrowKind.Float) { Bits = 16 },
        "f" => new(ArrowKind.Float) { Bits = 32 },
        "g" => new(ArrowKind.Float) { Bits = 64 },
        "u" => new(ArrowKind.Text),
        "U" => new(ArrowKind.LargeText),
        "vu" => new(ArrowKind.TextView),
        "z" => new(ArrowKind.Binary),
        "Z" => new(ArrowKind.LargeBinary),
        "vz" => new(ArrowKind.BinaryView),
        "tdD" => new(ArrowKind.Date) { Bits = 32 },
        "tdm" => new(ArrowKind.Date) { Bits = 64 },
        "tts" => new(ArrowKind.Time) { Bits = 32, Unit = ArrowTimeUnit.Second },
        "ttm" => new(ArrowKind.Time) { Bits = 32, Unit = ArrowTimeUnit.Millisecond },
        "ttu" => new(ArrowKind.Time) { Bits = 64, Unit = ArrowTimeUnit.Microsecond },
        "ttn" => new(ArrowKind.Time) { Bits = 64, Unit = ArrowTimeUnit.Nanosecond },
        "tDs" => new(ArrowKind.Duration) { Unit = ArrowTimeUnit.Second },
        "tDm" => new(ArrowKind.Duration) { Unit = ArrowTimeUnit.Millisecond },
        "tDu" => new(ArrowKind.Duration) { Unit = ArrowTimeUnit.Microsecond },
        "tDn" => new(ArrowKind.Duration) { Unit = ArrowTimeUnit.Nanosecond },
        "tiM" => new(ArrowKind.Interval),
        "tiD" => new(ArrowKind.Interval) { Mode = 1 },
        "tin" => new(ArrowKind.Interval) { Mode = 2 },
        "+s" => new(ArrowKind.Struct),
        "+l" => new(ArrowKind.List),
        "+L" => new(ArrowKind.LargeList),
        "+vl" => new(ArrowKind.ListView),
        "+vL" => new(ArrowKind.LargeListView),
        "+m" => new(ArrowKind.Map),
        "+r" => new(ArrowKind.RunEnd),
        _ => ParseWithArguments(format),
    };

    private static ArrowType Int(int bits, bool isSigned) => new(ArrowKind.Int) { Bits = bits, IsSigned = isSigned };

    private static ArrowType? ParseWithArguments(string format)
    {
        int colon = format.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0) return null;
        string arguments = format[(colon + 1)..];
        switch (format[..colon])
        {
            case "tss": return new(ArrowKind.Timestamp) { Unit = ArrowTimeUnit.Second, Zone = arguments };
            case "tsm": return new(ArrowKind.Timestamp) { Unit = ArrowTimeUnit.Millisecond, Zone = arguments };
            case "tsu": return new(ArrowKind.Timestamp) { Unit = ArrowTimeUnit.Microsecond, Zone = arguments };
            case "tsn": return new(ArrowKind.Timestamp) { Unit = ArrowTimeUnit.Nanosecond, Zone = arguments };
            case "+us": return new(ArrowKind.Union);
            case "+ud": return new(ArrowKind.Union) { Mode = 1 };
        }
        int[] numbers = [.. arguments.Split(',').Select(text => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : int.MinValue)];
        return (format[..colon], numbers) switch
        {
            ("w", [>= 0 and var size]) => new(ArrowKind.FixedBinary) { Size = size },
            ("+w", [>= 0 and var size]) => new(ArrowKind.FixedList) { Size = size },
            ("d", [> 0 and var precision, > int.MinValue and var scale]) => new(ArrowKind.Decimal) { Precision = precision, Scale = scale, Bits = 128 },
            ("d", [> 0 and var precision, > int.MinValue and var scale, 32 or 64 or 128 or 256]) => new(ArrowKind.Decimal) { Precision = precision, Scale = scale, Bits = numbers[2] },
            _ => null,
        };
    }
}
