using System.Text;
using Lepton.Data.Schemas;

namespace Lepton.Data.Tests.Unit.Schemas.Hashing;

/// <summary>The content hash written a second time, slowly, from the words of docs/formats/content-hash.md alone: row by row, over objects.</summary>
internal static class ReferenceContentHash
{
    private const ulong StartLow = 0x6a09e667f3bcc908;
    private const ulong StartHigh = 0xbb67ae8584caa73b;

    internal static UInt128 RowHash(IEnumerable<(Field Field, object? Value)> row)
    {
        (ulong low, ulong high) = Cells(row);
        high = Mix(high ^ 0xa54ff53a5f1d36f1);
        low = Mix(low ^ 0x3c6ef372fe94f82b ^ high);
        return ((UInt128)high << 64) | low;
    }

    private static (ulong Low, ulong High) Cells(IEnumerable<(Field Field, object? Value)> fields)
    {
        ulong low = 0;
        ulong high = 0;
        foreach ((Field field, object? value) in fields)
        {
            if (value is null) continue;
            List<ulong> words = [.. Tags(field.Type), .. Words(Encoding.UTF8.GetBytes(field.Name)), .. Words(field.Type, value)];
            low += Absorb(StartLow, words);
            high += Absorb(StartHigh, words);
        }
        return (low, high);
    }

    internal static UInt128 Sum(Schema schema, IEnumerable<object?[]> rows)
    {
        UInt128 sum = 0;
        foreach (object?[] row in rows) sum += RowHash(schema.Fields.Select((field, index) => (field, row[index])).Where(cell => cell.field.Metadata["lepton.inexact"] != "true"));
        return sum;
    }

    internal static UInt128 Polynomial(Schema schema, IEnumerable<object?[]> rows)
    {
        UInt128 polynomial = 0;
        foreach (object?[] row in rows)
            polynomial = (polynomial * new UInt128(0x510e527fade682d1, 0x9b05688c2b3e6c1f)) + RowHash(schema.Fields.Select((field, index) => (field, row[index])));
        return polynomial;
    }

    internal static string ContentHash(ulong tag, long rows, UInt128 sum, IEnumerable<Field> fields)
    {
        Field[] all = [.. fields];
        List<ulong> words = [tag, (ulong)rows, (ulong)(sum & ulong.MaxValue), (ulong)(sum >> 64), (ulong)all.Length];
        foreach (Field field in all)
        {
            words.AddRange(Words(Encoding.UTF8.GetBytes(field.Name)));
            words.AddRange(Words(Encoding.UTF8.GetBytes(field.Type.ToString()!)));
        }
        return $"{Absorb(StartHigh, words):x16}{Absorb(StartLow, words):x16}";
    }

    private static ulong Absorb(ulong state, IEnumerable<ulong> words) => words.Aggregate(state, (lane, word) => Mix(lane ^ word));

    private static ulong Mix(ulong x)
    {
        x = unchecked((x ^ (x >> 30)) * 0xbf58476d1ce4e5b9);
        x = unchecked((x ^ (x >> 27)) * 0x94d049bb133111eb);
        return x ^ (x >> 31);
    }

    private static IEnumerable<ulong> Tags(DataType type) => type switch
    {
        BooleanType => [1],
        IntegerType => [2],
        FloatType => [3],
        DecimalType number => [(ulong)(4 + (256 * number.Scale))],
        StringType => [5],
        BinaryType => [6],
        DateType => [7],
        InstantType => [8],
        NaiveTimeType => [9],
        ListType list => [10, .. Tags(list.Element.Type)],
        FixedSizeListType list => [10, .. Tags(list.Element.Type)],
        StructType => [11],
        MapType map => [12, .. Tags(map.Key.Type), .. Tags(map.Value.Type)],
        _ => throw new NotSupportedException(),
    };

    private static List<ulong> Words(DataType type, object value)
    {
        switch (type, value)
        {
            case (ListType or FixedSizeListType, object?[] items): return [(ulong)items.Length, .. items.SelectMany(item => PresentOrNot(type.Children[0].Type, item))];
            case (StructType { Fields: var fields }, object?[] parts):
                (ulong low, ulong high) = Cells(fields.Zip(parts));
                return [low, high];
            case (MapType map, KeyValuePair<object, object?>[] entries):
                ulong lowSum = 0;
                ulong highSum = 0;
                foreach ((object key, object? item) in entries)
                {
                    List<ulong> words = [.. Words(map.Key.Type, key), .. PresentOrNot(map.Value.Type, item)];
                    lowSum += Absorb(StartLow, words);
                    highSum += Absorb(StartHigh, words);
                }
                return [(ulong)entries.Length, lowSum, highSum];
            default: return Words(value);
        }
    }

    private static List<ulong> PresentOrNot(DataType type, object? value) => value is null ? [0] : [1, .. Words(type, value)];

    private static List<ulong> Words(byte[] bytes)
    {
        var words = new List<ulong>();
        for (int start = 0; start < bytes.Length; start += 8)
        {
            ulong word = 0;
            for (int i = start; i < Math.Min(start + 8, bytes.Length); i++) word += (ulong)bytes[i] << (8 * (i - start));
            words.Add(word);
        }
        words.Add((ulong)bytes.Length);
        return words;
    }

    private static List<ulong> Words(object value) => value switch
    {
        bool truth => [truth ? 1UL : 0],
        sbyte number => [unchecked((ulong)number)],
        short number => [unchecked((ulong)number)],
        int number => [unchecked((ulong)number)],
        long number => [unchecked((ulong)number)],
        float number => [Bits(number)],
        double number => [Bits(number)],
        Int128 number => [(ulong)(number & ulong.MaxValue), (ulong)((UInt128)number >> 64)],
        string text => Words(Encoding.UTF8.GetBytes(text)),
        byte[] bytes => Words(bytes),
        DateOnly date => [unchecked((ulong)(date.DayNumber - new DateOnly(1970, 1, 1).DayNumber))],
        EventTime time => [unchecked((ulong)time.MicrosecondsSinceEpoch)],
        _ => throw new NotSupportedException(),
    };

    private static ulong Bits(double value) => double.IsNaN(value) ? 0x7ff8000000000000 : value == 0 ? 0 : BitConverter.DoubleToUInt64Bits(value);
}
