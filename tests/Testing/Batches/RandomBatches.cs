using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Testing.Batches;

/// <summary>Batches of values that break careless code: NULLs, extremes, NaN and -0.0, empty and long texts, Chinese and emoji. All follow from a seed.</summary>
public static class RandomBatches
{
    private static readonly string[] s_texts =
        ["", "a", "A", "abc", " ", "a b ", "'", "\"", "\\", "\n", "a\tb", "\0", "NULL", "null", "0", "-0", "1e5", "中文", "数据层", "🚀", "👩‍👩‍👧", "é", "e\u0301", "İ", "ß", "\uFEFF", "\u202E", "𝔘", new('x', 300), "%_", ";--"];

    /// <summary>One of every flat type; decimals of several widths.</summary>
    public static IReadOnlyList<DataType> FlatTypes { get; } =
    [
        DataType.Boolean, DataType.Int8, DataType.Int16, DataType.Int32, DataType.Int64, DataType.Float32, DataType.Float64,
        DataType.Decimal(4, 1), DataType.Decimal(9, 0), DataType.Decimal(18, 2), DataType.Decimal(38, 10), DataType.Decimal(38, 38),
        DataType.String, DataType.Binary, DataType.Date, DataType.Instant, DataType.NaiveTime,
    ];

    /// <summary>One of every nested type, and some in one another.</summary>
    public static IReadOnlyList<DataType> NestedTypes { get; } =
    [
        .. new[]
        {
            "STRUCT(a BIGINT, b VARCHAR)", "VARCHAR[]", "DOUBLE[]", "FLOAT[3]", "VARCHAR[2]", "MAP(VARCHAR, BIGINT)", "STRUCT(x DECIMAL(9,2), y BOOLEAN[], z STRUCT(t TIMESTAMPTZ))", "BIGINT[][]", "BOOLEAN[3][2]",
            "MAP(BIGINT, STRUCT(d DATE, v VARCHAR[]))[]",
        }.Select(DataType.Parse),
    ];

    /// <summary>Schemas that have every type: the flat ones together, the nested ones one by one, and twenty that are mixed by chance, the same each time.</summary>
    public static IReadOnlyList<Schema> SampleSchemas { get; } =
        [SchemaOf(FlatTypes), .. NestedTypes.Select(type => SchemaOf([type])), .. Enumerable.Range(0, 20).Select(seed => RandomSchema(new Random(seed), depth: seed % 4))];

    /// <summary>A type, flat or nested at most <paramref name="depth"/> deep.</summary>
    public static DataType RandomType(Random random, int depth)
    {
        if (depth == 0 || random.Next(2) == 0) return FlatTypes[random.Next(FlatTypes.Count)];
        Field Part(string name) => new(name, RandomType(random, depth - 1));
        return random.Next(4) switch
        {
            0 => new StructType(new EquatableList<Field>(Enumerable.Range(0, random.Next(1, 4)).Select(index => Part($"f{index}")))),
            1 => new ListType(Part("element")),
            2 => new FixedSizeListType(Part("element"), random.Next(1, 4)),
            _ => new MapType(new Field("key", FlatTypes[random.Next(FlatTypes.Count)], IsNullable: false), Part("value")),
        };
    }

    /// <summary>A column of every flat type, called <c>c0</c>, <c>c1</c>, ….</summary>
    public static Schema SchemaOf(IEnumerable<DataType> types) => new(types.Select((type, index) => new Field($"c{index}", type)));

    /// <summary>A schema of 1 to <paramref name="columnsMax"/> columns.</summary>
    /// <param name="random">See <see cref="Create"/>.</param>
    /// <param name="columnsMax">At least 1.</param>
    /// <param name="depth">0: flat types only; else see <see cref="RandomType"/>.</param>
    public static Schema RandomSchema(Random random, int columnsMax = 8, int depth = 0)
        => SchemaOf(Enumerable.Range(0, random.Next(1, columnsMax + 1)).Select(_ => RandomType(random, depth)));

    /// <summary>One batch. About one value in <paramref name="nullEvery"/> is NULL (in columns that may hold it); 0 for none.</summary>
    /// <param name="random">Seeded by the caller, who names the seed when a test fails.</param>
    /// <param name="schema">Names and types.</param>
    /// <param name="rowCount">How many rows.</param>
    /// <param name="nullEvery">0 for no NULLs.</param>
    /// <param name="calendarYears">Dates and times within years 1 to 9999 only, as files and engines agree on; else the whole range of the type.</param>
    public static RecordBatch Create(Random random, Schema schema, int rowCount, int nullEvery = 5, bool calendarYears = true)
    {
        using var builder = new RecordBatchBuilder(schema, rowCount);
        for (int row = 0; row < rowCount; row++)
        {
            for (int column = 0; column < schema.Count; column++)
            {
                bool isNull = schema[column].IsNullable && nullEvery > 0 && random.Next(nullEvery) == 0;
                builder.Column(column).AppendValue(isNull ? null : Value(random, schema[column].Type, calendarYears, nullEvery));
            }
        }
        return builder.Build(rowCount);
    }

    /// <summary>A stream of batches of random sizes that hold <paramref name="rowCount"/> rows in all.</summary>
    public static IRecordBatchReader Stream(Random random, Schema schema, int rowCount, int nullEvery = 5, bool calendarYears = true)
    {
        var batches = new List<RecordBatch>();
        while (rowCount > 0)
        {
            int count = random.Next(1, rowCount + 1);
            batches.Add(Create(random, schema, count, nullEvery, calendarYears));
            rowCount -= count;
        }
        return new MemoryBatchReader(schema, batches);
    }

    /// <summary>A value as <see cref="ColumnBuilder.AppendValue"/> takes it; one in four is an extreme.</summary>
    public static object? Value(Random random, DataType type, bool calendarYears = true, int nullEvery = 5)
    {
        bool isExtreme = random.Next(4) == 0;
        return type switch
        {
            NullType => null,
            BooleanType => random.Next(2) == 0,
            IntegerType { BitWidth: 8 } => (sbyte)Integer(random, 8, isExtreme),
            IntegerType { BitWidth: 16 } => (short)Integer(random, 16, isExtreme),
            IntegerType { BitWidth: 32 } => (int)Integer(random, 32, isExtreme),
            IntegerType => Integer(random, 64, isExtreme),
            FloatType { BitWidth: 32 } => isExtreme ? Pick(random, 0f, -0f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.Epsilon) : (float)(random.NextDouble() - 0.5),
            FloatType => isExtreme ? Pick(random, 0d, -0d, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.MinValue, double.Epsilon, 1e-7, 1e20) : (random.NextDouble() - 0.5) * 1000,
            DecimalType number => Decimal(random, number.Precision, isExtreme),
            StringType => isExtreme ? Pick(random, s_texts) : $"v{random.Next(1000)}",
            BinaryType => isExtreme ? Pick(random, [], [0], Encoding.UTF8.GetBytes("中"), [0xFF, 0xFE, 0x00]) : Bytes(random),
            DateType => Date(random, isExtreme, calendarYears),
            StructType { Fields: var fields } => fields.Select(Part).ToArray(),
            ListType { Element: var element } => Enumerable.Range(0, random.Next(isExtreme ? 20 : 4)).Select(_ => Part(element)).ToArray(),
            FixedSizeListType { Element: var element, Length: var length } => Enumerable.Range(0, length).Select(_ => Part(element)).ToArray(),
            MapType map => Entries(map),
            _ => Time(random, isExtreme, calendarYears),
        };

        object? Part(Field field) => field.IsNullable && nullEvery > 0 && random.Next(nullEvery) == 0 ? null : Value(random, field.Type, calendarYears, nullEvery);

        // Keys are distinct as engines compare them: 0.0 is -0.0, and NaN is NaN.
        KeyValuePair<object, object?>[] Entries(MapType map)
            => [.. Enumerable.Range(0, random.Next(4)).Select(_ => Value(random, map.Key.Type, calendarYears)!).DistinctBy(KeyIdentity).Select(key => KeyValuePair.Create(key, Part(map.Value)))];
    }

    private static object KeyIdentity(object key) => key switch
    {
        float number => number + 0f,
        double number => number + 0d,
        byte[] bytes => Convert.ToHexString(bytes),
        _ => key,
    };

    private static long Integer(Random random, int bits, bool isExtreme)
    {
        long max = long.MaxValue >> (64 - bits);
        return isExtreme ? Pick(random, max, ~max, 0, -1, 1) : random.NextInt64(-100, 100);
    }

    private static Int128 Decimal(Random random, int digits, bool isExtreme)
    {
        Int128 max = 1;
        for (int i = 0; i < digits; i++) max *= 10;
        max--;
        return isExtreme ? Pick(random, max, -max, 0, -1, 1) : new Int128((ulong)random.NextInt64(), (ulong)random.NextInt64()) % (max + 1) * (random.Next(2) == 0 ? 1 : -1);
    }

    private static byte[] Bytes(Random random)
    {
        byte[] bytes = new byte[random.Next(20)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static object Date(Random random, bool isExtreme, bool calendarYears)
    {
        if (!isExtreme) return DateOnly.FromDayNumber(random.Next(700_000, 740_000));
        return calendarYears ? Pick(random, DateOnly.MinValue, DateOnly.MaxValue, new DateOnly(1970, 1, 1), new DateOnly(1969, 12, 31), new DateOnly(2000, 2, 29)) : Pick(random, int.MinValue, int.MaxValue, 0, -1);
    }

    private static EventTime Time(Random random, bool isExtreme, bool calendarYears)
    {
        if (!isExtreme) return new EventTime(random.NextInt64(-1_000_000_000_000_000, 2_000_000_000_000_000));
        EventTime first = EventTime.FromDateTimeOffset(DateTimeOffset.MinValue);
        EventTime last = EventTime.FromDateTimeOffset(DateTimeOffset.MaxValue);
        return calendarYears ? Pick(random, first, last, new EventTime(0), new EventTime(-1)) : Pick(random, new EventTime(long.MinValue), new EventTime(long.MaxValue), new EventTime(0), new EventTime(-1));
    }

    private static T Pick<T>(Random random, params ReadOnlySpan<T> values) => values[random.Next(values.Length)];
}
