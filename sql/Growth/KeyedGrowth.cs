using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Sql.Functions;
using Lepton.Data.Sql.Printing;

namespace Lepton.Data.Sql.Growth;

/// <summary>How a query's result follows the rows of one input, key by key: which keys changed rows touch, and the query for some keys alone.</summary>
/// <remarks>For each set of keys, the rows of <see cref="Restricted"/> are those of the whole query whose key is in the set.
/// So rows of keys that no changed row touches stay as they are. The rules by which that is proved stand in docs/incremental.md.</remarks>
public sealed class KeyedGrowth
{
    /// <summary>Names among the inputs of <see cref="Restricted"/>, of columns as in <see cref="KeySchema"/>: the keys that are asked for, and those whose rows are read for them (the same, but for a lookback).</summary>
    public const string TouchedInput = "__touched", ReadInput = "__read";

    private readonly BoundQuery _query;
    private readonly KeyTracer _tracer;
    private readonly Keys _keys;
    private readonly SqlType[] _types;

    private KeyedGrowth(BoundQuery query, KeyTracer tracer, Keys keys, SqlType[] types, Schema keySchema, IReadOnlyList<string> keyOfRow, bool needsOuter)
    {
        (_query, _tracer, _keys, _types, KeySchema, KeyOfRow, NeedsOuter) = (query, tracer, keys, types, keySchema, keyOfRow, needsOuter || tracer.GivesOtherKeys);
        Touched = TouchedOf();
        Restricted = RestrictedTo(null);
    }

    /// <summary>The distinct keys of the input's rows, NULLs among them; columns as in <see cref="KeySchema"/>.</summary>
    public BoundQuery Touched { get; }

    /// <summary>The query over the input's rows of keys in <see cref="ReadInput"/>: its own rows of keys in <see cref="TouchedInput"/>.</summary>
    public BoundQuery Restricted { get; }

    // Rows of other keys have to be taken out at the end.
    internal bool NeedsOuter { get; }

    /// <summary>By reading of the input: what its rows' keys are.</summary>
    internal IReadOnlyDictionary<BoundInput, Keys> Readings => _tracer.Readings;

    /// <summary>The keys over the result's columns.</summary>
    internal Keys Keys => _keys;

    internal SqlType[] Types => _types;

    /// <summary>The columns <c>__k0</c>, <c>__k1</c>, …: of the types that the result's key columns have.</summary>
    public Schema KeySchema { get; }

    /// <summary>The keys of a row of the result, as SQL over its columns.</summary>
    public IReadOnlyList<string> KeyOfRow { get; }

    /// <summary>How many windows of time follow a touched one whose rows may be made of the touched one's, too: as far as the lookback reaches. 0 where the keys are no windows.</summary>
    public long WindowsAfter { get; private init; }

    /// <summary>How wide the windows are; zero where the keys are none.</summary>
    public TimeSpan Width { get; private init; }

    /// <summary>Proves that the query's rows of a key are made of the input's rows of that key alone, and of the other inputs.</summary>
    /// <param name="query">Left unchanged.</param>
    /// <param name="input">Whose rows change, by its name in the query.</param>
    /// <param name="keyColumns">Columns of the result that are the key.</param>
    /// <exception cref="LeptonDataException"><c>sql.not_grown</c>: that cannot be proved, with place and reason.</exception>
    public static KeyedGrowth ByKey(BoundQuery query, string input, IReadOnlyList<string> keyColumns)
    {
        BoundColumn[] columns = [.. keyColumns.Select(name => ColumnOf(query, name))];
        return Prove(query, input, columns, new Keys(new EquatableList<string>(columns.Select(column => column.Name)), new EquatableList<BoundExpression>(columns.Select(column => new BoundColumnReference(column))), null, TimeSpan.Zero), key => key, TimeSpan.Zero, 0);
    }

    /// <summary>Proves what <see cref="ByKey"/> proves of one column, and makes no queries of it.</summary>
    /// <exception cref="LeptonDataException"><c>sql.not_grown</c>: that cannot be proved, with place and reason.</exception>
    public static void EnsureFollows(BoundQuery query, string input, string keyColumn)
    {
        BoundColumn column = ColumnOf(query, keyColumn);
        _ = Follow(query, input, new Keys([column.Name], [new BoundColumnReference(column)], null, TimeSpan.Zero));
    }

    /// <summary>Proves that the query's rows of a window of time are made of the input's rows of that window and of a stretch before it, and of the other inputs.</summary>
    /// <param name="query">Left unchanged.</param>
    /// <param name="input">Whose rows change, by its name in the query.</param>
    /// <param name="timeColumn">The column of the result whose window a row is of: an instant or a date.</param>
    /// <param name="width">Of a window; windows lie as <c>time_bucket</c> has them. Whole days for a date.</param>
    /// <param name="lookback">How long the stretch before is.</param>
    /// <exception cref="LeptonDataException"><c>sql.not_grown</c>: that cannot be proved, with place and reason.</exception>
    public static KeyedGrowth ByWindow(BoundQuery query, string input, string timeColumn, TimeSpan width, TimeSpan lookback)
    {
        BoundColumn column = ColumnOf(query, timeColumn);
        if (column.Type.DataType?.Id is not (TypeId.Instant or TypeId.Date)) throw new ArgumentException($"{timeColumn} is {column.Type}, no time.", nameof(timeColumn));
        if (width <= TimeSpan.Zero || lookback < TimeSpan.Zero) throw new ArgumentOutOfRangeException(nameof(width));
        var time = new BoundColumnReference(column);
        BoundExpression Window(BoundExpression of) => new BoundCast(new BoundCall(FunctionTable.Scalar("time_bucket"), [LengthOf(width), of], []), column.Type, GivesNull: false);
        long after = (lookback.Ticks + width.Ticks - 1) / width.Ticks;
        return Prove(query, input, [column], new Keys([column.Name], [Window(time)], time, lookback), key => $"CAST(time_bucket({LengthText(width)}, {key}) AS {column.Type})", width, after);
    }

    /// <summary>Proves that each row of the query is made of one row of the input, so that added rows there add rows here and change none.</summary>
    /// <exception cref="LeptonDataException"><c>sql.not_grown</c>: that cannot be proved, with place and reason.</exception>
    public static void EnsureAppends(BoundQuery query, string input) => new RowTracer(query.Source, input).Trace(query.Root);

    /// <summary>The windows around each of those in a relation, as SQL over that relation.</summary>
    /// <param name="relation">Its name; columns as in <see cref="KeySchema"/>.</param>
    /// <param name="before">How many before.</param>
    /// <param name="after">How many after.</param>
    public string Around(string relation, long before, long after)
    {
        string type = SqlType.Of(KeySchema[0].Type).Name;
        return string.Create(CultureInfo.InvariantCulture, $"SELECT DISTINCT CAST(__k0 + to_microseconds(CAST(i AS BIGINT) * {Width.Ticks / TimeSpan.TicksPerMicrosecond}) AS {type}) AS __k0 FROM {SqlLiteral.Name(relation)} CROSS JOIN range({-before}, {after + 1}) AS steps(i)");
    }

    /// <summary><see cref="Restricted"/>, given that all keys in <see cref="ReadInput"/> lie in a stretch of time: rows that lie outside are then not looked at closer.</summary>
    /// <param name="windows">The first and the last window that is read, none of them NULL; null where that is not known. Only where the keys are windows.</param>
    public BoundQuery RestrictedTo((EventTime First, EventTime Last)? windows)
    {
        BoundRelation restricted = new Restriction(leaf => Limited(leaf, windows)).Rewrite(_query.Root);
        if (NeedsOuter) restricted = Restriction.Of(restricted, _keys.Values, _types, TouchedInput);
        var inputs = new Dictionary<string, Schema>(_query.Inputs, StringComparer.OrdinalIgnoreCase) { [TouchedInput] = KeySchema, [ReadInput] = KeySchema };
        return QueryFinisher.Assemble(_query.Source, restricted, inputs, _query.ImpureCall, _query.Access);
    }

    /// <summary>A condition over a row of the result that all rows of windows in a stretch of time meet, as SQL: it looks at the time alone, so that files and row groups of other times need not be read.</summary>
    /// <param name="windows">The first and the last window, none of them NULL. Only where the keys are windows.</param>
    public string Within((EventTime First, EventTime Last) windows)
    {
        static string At(EventTime time, TimeSpan shift, SqlType type) => $"CAST(CAST({SqlLiteral.Text(Moved(time, shift).ToString())} AS TIMESTAMPTZ) AS {type})";
        (BoundColumn Column, SqlType Type, TimeSpan Least, TimeSpan Greatest)? time = _keys.Time is BoundColumnReference { Column: var own } ? (own, _types[0], TimeSpan.Zero, TimeSpan.Zero)
            : TimeShift.Of(_keys.Time!) is { } shift ? (shift.Column, SqlType.Of(DataType.Instant), shift.Least, shift.Greatest)
            : null;
        return time is var (column, type, least, greatest)
            ? $"{SqlLiteral.Name(column.Name)} >= {At(windows.First, -greatest, type)} AND {SqlLiteral.Name(column.Name)} < {At(windows.Last, Width - least, type)}"
            : "TRUE";
    }

    // The input's rows of the keys that are read; by their times first, which costs less than their windows.
    private BoundJoin? Limited(BoundInput leaf, (EventTime First, EventTime Last)? windows)
        => _tracer.Readings.TryGetValue(leaf, out Keys? keys) ? Restriction.Of(RowsWithin(leaf, keys, windows), keys.Values, _types, ReadInput) : null;

    /// <summary>The rows of windows in a stretch of time, and perhaps others; all, where that cannot be seen from a column.</summary>
    internal BoundRelation RowsWithin(BoundRelation rows, Keys keys, (EventTime First, EventTime Last)? windows)
    {
        if (windows is not var (first, last) || keys.Time is not { } time || TimeShift.Of(time) is not { Column: var column, Least: var least, Greatest: var greatest }) return rows;
        return new BoundFilter(rows, new BoundConnective(true,
        [
            new BoundComparison(ComparisonKind.GreaterOrEqual, new BoundColumnReference(column), At(first, -greatest)),
            new BoundComparison(ComparisonKind.Less, new BoundColumnReference(column), At(last, Width - least)),
        ]));
    }

    /// <summary>A time and some more, written out.</summary>
    internal static BoundCast At(EventTime time, TimeSpan shift)
        => new(new BoundConstant(SqlType.Of(DataType.String), Moved(time, shift).ToString()), SqlType.Of(DataType.Instant), GivesNull: false);

    internal static EventTime Moved(EventTime time, TimeSpan shift) => new(time.MicrosecondsSinceEpoch + shift.Ticks / TimeSpan.TicksPerMicrosecond);

    // The keys that rows have in each place where the input is read.
    private BoundQuery TouchedOf()
    {
        BoundRelation? touched = null;
        foreach ((BoundInput leaf, Keys keys) in _tracer.Readings)
        {
            BoundRelation more = new BoundProject(leaf, new EquatableList<BoundItem>(keys.Values.Select((value, i) => new BoundItem(new BoundColumn(NameOf(i), _types[i]), Cast(value, _types[i])))));
            touched = touched is null
                ? more
                : new BoundSetOperation(SetOperationKind.Union, true, touched, more, new EquatableList<BoundColumn>(_types.Select((type, i) => new BoundColumn(NameOf(i), type))));
        }
        return QueryFinisher.Assemble(_query.Source, new BoundDistinct(touched!), Only(_query.Inputs, _tracer.Input), null, _query.Access);
    }

    private static KeyedGrowth Prove(BoundQuery query, string input, BoundColumn[] columns, Keys keys, Func<string, string> keyOfRow, TimeSpan width, long windowsAfter)
    {
        KeyTracer tracer = Follow(query, input, keys);
        var schema = new Schema(columns.Select((column, i) => new Field(NameOf(i), column.Type.DataType!)));
        SqlType[] types = [.. columns.Select(column => column.Type)];
        string[] keyTexts = [.. columns.Select(column => keyOfRow(SqlLiteral.Name(column.Name)))];
        return new KeyedGrowth(query, tracer, keys, types, schema, keyTexts, needsOuter: windowsAfter > 0) { WindowsAfter = windowsAfter, Width = width };
    }

    private static KeyTracer Follow(BoundQuery query, string input, Keys keys)
    {
        var tracer = new KeyTracer(query.Source, query.Inputs.Keys.First(known => known.Equals(input, StringComparison.OrdinalIgnoreCase)));
        tracer.Trace(query.Root, keys);
        return tracer.Readings.Count > 0 ? tracer : throw query.Source.At(-1, "sql.not_grown", Reasons.NotRead(tracer.Input));
    }

    /// <summary>Rows of the input as they are, by the keys that these ones have.</summary>
    /// <param name="query">Reads the input once, and filters.</param>
    /// <param name="keys">The keys over its columns.</param>
    internal KeyedGrowth OfRows(BoundQuery query, Keys keys)
    {
        var tracer = new KeyTracer(query.Source, _tracer.Input);
        tracer.Trace(query.Root, keys);
        var writer = new DuckDbWriter(name => name);
        foreach (BoundColumn column in query.Root.Columns) writer.Define(column, SqlLiteral.Name(column.Name));
        return new KeyedGrowth(query, tracer, keys, _types, KeySchema, [.. keys.Values.Select((key, i) => writer.Expression(Cast(key, _types[i])))], needsOuter: false) { Width = Width };
    }

    internal static Dictionary<string, Schema> Only(IReadOnlyDictionary<string, Schema> inputs, string name) => new(StringComparer.OrdinalIgnoreCase) { [name] = inputs[name] };

    private static BoundColumn ColumnOf(BoundQuery query, string name)
        => query.Root.Columns.FirstOrDefault(column => column.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? throw new ArgumentException($"The query gives no {name}.", nameof(name));

    internal static string NameOf(int key) => string.Create(CultureInfo.InvariantCulture, $"__k{key}");

    internal static BoundExpression Cast(BoundExpression value, SqlType type) => value is BoundColumnReference reference && reference.Column.Type == type ? value : new BoundCast(value, type, GivesNull: false);

    internal static BoundCall LengthOf(TimeSpan length)
        => new(FunctionTable.Scalar("to_microseconds"), [new BoundConstant(SqlType.Of(DataType.Int64), new System.Numerics.BigInteger(length.Ticks / TimeSpan.TicksPerMicrosecond))], []);

    private static string LengthText(TimeSpan length) => string.Create(CultureInfo.InvariantCulture, $"to_microseconds(CAST({length.Ticks / TimeSpan.TicksPerMicrosecond} AS BIGINT))");
}

/// <summary>Rebuilds a query so that it reads only rows of keys that are asked for.</summary>
internal sealed class Restriction(Func<BoundInput, BoundRelation?> limited) : BoundRewriter
{
    private readonly Dictionary<BoundCommonTable, BoundCommonTable> _commonTables = new(ReferenceEqualityComparer.Instance);

    internal override BoundRelation Rewrite(BoundRelation relation) => relation switch
    {
        BoundInput input => limited(input) ?? input,
        BoundCommonTableScan scan => new BoundCommonTableScan(CommonTable(scan.Table), scan.ScanColumns),
        BoundWith with => new BoundWith(new EquatableList<BoundCommonTable>(with.Tables.Select(CommonTable)), Rewrite(with.Source)),
        // It does not read the input, and is held together by its own working table.
        BoundRecursion recursion => recursion,
        _ => base.Rewrite(relation),
    };

    /// <summary>The rows whose keys are asked for.</summary>
    internal static BoundJoin Of(BoundRelation relation, EquatableList<BoundExpression> keys, SqlType[] types, string askedFor)
        => Of(relation, keys, types, new BoundInput(askedFor, new EquatableList<BoundColumn>(types.Select((type, i) => new BoundColumn(KeyedGrowth.NameOf(i), type)))));

    /// <summary>The rows whose keys are rows of another relation.</summary>
    internal static BoundJoin Of(BoundRelation relation, EquatableList<BoundExpression> keys, SqlType[] types, BoundRelation asked)
    {
        BoundExpression[] equal = [.. keys.Select((key, i) => new BoundComparison(ComparisonKind.IsNotDistinctFrom, KeyedGrowth.Cast(key, types[i]), new BoundColumnReference(asked.Columns[i])))];
        return new BoundJoin(JoinKind.Semi, false, relation, asked, equal.Length == 1 ? equal[0] : new BoundConnective(true, new EquatableList<BoundExpression>(equal)));
    }

    protected override BoundExpression? Replace(BoundExpression expression) => null;

    private BoundCommonTable CommonTable(BoundCommonTable table)
    {
        if (!_commonTables.TryGetValue(table, out BoundCommonTable? made)) _commonTables.Add(table, made = new BoundCommonTable(table.Name, Rewrite(table.Relation)));
        return made;
    }
}
