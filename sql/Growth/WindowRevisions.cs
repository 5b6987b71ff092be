using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Sql.Functions;

namespace Lepton.Data.Sql.Growth;

/// <summary>
/// Revisions of windows of time: the one for delay d is the query over those of the window's rows that were known at the window's end and d, which is the revision's created time.
/// It is there once the greatest created time of the input reaches that, and if the window holds a row that the revision before lacks.
/// </summary>
/// <remarks>
/// That a window's rows are made of its own rows alone, which <see cref="KeyedGrowth"/> proves, is what makes this the query over fewer rows. So the whole result is one query
/// (<see cref="Whole"/>) over the same inputs, and the windows that changed rows touch are enough here as there, together with those that came due meanwhile (<see cref="Due"/>).
/// </remarks>
public sealed class WindowRevisions
{
    private static readonly SqlType s_instant = SqlType.Of(DataType.Instant);

    // Years of four digits, and room for what is added.
    private static readonly TimeSpan s_room = TimeSpan.FromDays(70_000);
    private static readonly (EventTime First, EventTime Last) s_writable = (EventTime.FromDateTimeOffset(DateTimeOffset.MinValue + s_room), EventTime.FromDateTimeOffset(DateTimeOffset.MaxValue - s_room));

    private readonly BoundQuery _query;
    private readonly IReadOnlyList<TimeSpan> _delays;
    private readonly BoundInput _leaf;
    private readonly Keys _keys;
    private readonly int _created;

    private WindowRevisions(BoundQuery query, KeyedGrowth keyed, BoundInput leaf, Keys keys, int created, IReadOnlyList<TimeSpan> delays)
    {
        (_query, Keyed, _leaf, _keys, _created, _delays) = (query, keyed, leaf, keys, created, delays);
        Whole = Revise(query);
        var known = new BoundComparison(ComparisonKind.LessOrEqual, CreatedOf(leaf), EndOf(keys, delays[^1]));
        var late = new BoundFilter(leaf, new BoundComparison(ComparisonKind.IsDistinctFrom, known, new BoundConstant(SqlType.Of(DataType.Boolean), true)));
        LateRows = Assembled(late);
        Late = keyed.OfRows(LateRows, keys);
        Greatest = Assembled(GreatestOf());
    }

    /// <summary>The revisions of all windows.</summary>
    public BoundQuery Whole { get; }

    /// <summary>Which windows changed rows touch, and of which window a revision is.</summary>
    public KeyedGrowth Keyed { get; }

    /// <summary>The input's rows that are in no revision: known later than the last delay, or without a created time or a time. Rows are late as soon as they are there.</summary>
    public BoundQuery LateRows { get; }

    /// <summary>The same by their windows.</summary>
    public KeyedGrowth Late { get; }

    /// <summary>One row with the greatest created time of the input's rows, <c>greatest</c>; NULL where none has one.</summary>
    public BoundQuery Greatest { get; }

    /// <summary>Proves that the query's rows of a window of time are made of the input's rows of that window alone, and of the other inputs.</summary>
    /// <param name="query">Left unchanged.</param>
    /// <param name="input">Whose rows have created times, by its name in the query.</param>
    /// <param name="timeColumn">As <see cref="KeyedGrowth.ByWindow"/>.</param>
    /// <param name="width">As there.</param>
    /// <param name="createdTimeColumn">A column of the input, an instant; the result has one of that name, too, the revision's.</param>
    /// <param name="delays">After a window's end; positive, ascending, at least one.</param>
    /// <exception cref="LeptonDataException"><c>sql.not_grown</c>: that cannot be proved, or the input is read in several ways so that a row is of several windows; with place and reason.</exception>
    public static WindowRevisions Prove(BoundQuery query, string input, string timeColumn, TimeSpan width, string createdTimeColumn, IReadOnlyList<TimeSpan> delays)
    {
        if (delays.Count == 0 || delays[0] <= TimeSpan.Zero || delays.Zip(delays.Skip(1)).Any(pair => pair.First >= pair.Second)) throw new ArgumentOutOfRangeException(nameof(delays));
        KeyedGrowth keyed = KeyedGrowth.ByWindow(query, input, timeColumn, width, TimeSpan.Zero);
        (BoundInput leaf, Keys keys) = keyed.Readings.First();
        if (keyed.Readings.Any(other => !OnTo(other.Key, leaf, other.Value).Values.Equals(keys.Values))) throw query.Source.At(-1, "sql.not_grown", Reasons.ReadTwice(leaf.Name));
        int created = Enumerable.Range(0, leaf.InputColumns.Count).FirstOrDefault(i => leaf.InputColumns[i].Name.Equals(createdTimeColumn, StringComparison.OrdinalIgnoreCase), -1);
        if (created < 0 || leaf.InputColumns[created].Type.DataType is not InstantType) throw new ArgumentException($"{input} has no instant called {createdTimeColumn}.", nameof(createdTimeColumn));
        return new WindowRevisions(query, keyed, leaf, keys, created, delays);
    }

    /// <summary>The revisions of all windows, of the query or of one that gives the same rows with more columns.</summary>
    public BoundQuery Revise(BoundQuery query)
    {
        var greatest = new BoundCommonTable("greatest", GreatestOf());
        BoundRelation all = Union(query, (rows, _) => rows, (windows, due) =>
        {
            var scan = new BoundCommonTableScan(greatest, [new BoundColumn("greatest", s_instant)]);
            var joined = new BoundJoin(JoinKind.Inner, false, windows, scan, new BoundComparison(ComparisonKind.LessOrEqual, due, new BoundColumnReference(scan.ScanColumns[0])));
            return new BoundProject(joined, [new BoundItem(new BoundColumn(KeyedGrowth.NameOf(0), Keyed.Types[0]), new BoundColumnReference(windows.Columns[0]))]);
        });
        return QueryFinisher.Assemble(query.Source, new BoundWith([greatest], all), query.Inputs, query.ImpureCall, query.Access);
    }

    /// <summary>The revisions of the windows in <see cref="KeyedGrowth.ReadInput"/> alone.</summary>
    /// <param name="query">As in <see cref="Revise(BoundQuery)"/>.</param>
    /// <param name="windows">As in <see cref="KeyedGrowth.RestrictedTo"/>.</param>
    /// <param name="greatest">What <see cref="Greatest"/> gives over the whole input; in years 200 to 9800.</param>
    public BoundQuery Revise(BoundQuery query, (EventTime First, EventTime Last)? windows, EventTime? greatest)
    {
        BoundRelation all = Union(
            query,
            (rows, keys) => Keyed.RowsWithin(rows, keys, windows),
            (windows, due) => new BoundFilter(windows, greatest is { } time
                ? new BoundComparison(ComparisonKind.LessOrEqual, due, KeyedGrowth.At(time, TimeSpan.Zero))
                : new BoundConstant(SqlType.Of(DataType.Boolean), false)),
            KeyedGrowth.ReadInput);
        var inputs = new Dictionary<string, Schema>(query.Inputs, StringComparer.OrdinalIgnoreCase) { [KeyedGrowth.ReadInput] = Keyed.KeySchema };
        return QueryFinisher.Assemble(query.Source, all, inputs, query.ImpureCall, query.Access);
    }

    /// <summary>The windows, columns as in <see cref="KeyedGrowth.KeySchema"/>, with a revision that is there for one of two greatest created times and not for the other, and perhaps windows without one.</summary>
    /// <param name="one">In years 200 to 9800; null for none.</param>
    /// <param name="other">Another.</param>
    public BoundQuery Due(EventTime? one, EventTime? other)
    {
        (EventTime? after, EventTime? upTo) = one is null || (other is { } value && value > one) ? (one, other) : (other, one);
        if (upTo is not { } until) throw new ArgumentNullException(nameof(other));
        BoundInput leaf = Copy();
        Keys keys = OnTo(_leaf, leaf, _keys);
        BoundRelation rows = leaf;
        if (after is { } from)
        {
            EventTime first = KeyedGrowth.Moved(from, -(Keyed.Width + _delays[^1])), last = KeyedGrowth.Moved(until, -(Keyed.Width + _delays[0]));
            if (first >= s_writable.First && last <= s_writable.Last) rows = Keyed.RowsWithin(rows, keys, (first, last));
        }
        BoundExpression[] crossed = [.. _delays.Select(delay =>
        {
            BoundExpression due = EndOf(keys, delay), reached = new BoundComparison(ComparisonKind.LessOrEqual, due, KeyedGrowth.At(until, TimeSpan.Zero));
            return after is { } past ? new BoundConnective(true, [new BoundComparison(ComparisonKind.Greater, due, KeyedGrowth.At(past, TimeSpan.Zero)), reached]) : reached;
        })];
        return Assembled(WindowsOf(new BoundFilter(rows, crossed.Length == 1 ? crossed[0] : new BoundConnective(false, new EquatableList<BoundExpression>(crossed))), keys));
    }

    // For each delay the query over the rows known by then, of the windows whose revision is there.
    private BoundRelation Union(
        BoundQuery query, Func<BoundRelation, Keys, BoundRelation> within, Func<BoundRelation, BoundExpression, BoundRelation> reached, string? asked = null)
    {
        BoundRelation? all = null;
        for (int i = 0; i < _delays.Count; i++)
        {
            TimeSpan delay = _delays[i];
            TimeSpan? before = i == 0 ? null : _delays[i - 1];
            BoundRelation revision = new Restriction(leaf => Keyed.Readings.TryGetValue(leaf, out Keys? keys) ? Limited(leaf, keys) : null).Rewrite(query.Root);
            if (Keyed.NeedsOuter) revision = Restriction.Of(revision, Keyed.Keys.Values, Keyed.Types, There());
            revision = new BoundProject(revision, new EquatableList<BoundItem>(
            [
                .. revision.Columns.Select(column => new BoundItem(new BoundColumn(column.Name, column.Type), new BoundColumnReference(column))),
                new BoundItem(new BoundColumn(_leaf.InputColumns[_created].Name, s_instant), EndOf(Keyed.Keys, delay)),
            ]));
            all = all is null ? revision : new BoundSetOperation(SetOperationKind.Union, true, all, revision, new EquatableList<BoundColumn>(revision.Columns.Select(column => new BoundColumn(column.Name, column.Type))));

            BoundRelation Limited(BoundInput leaf, Keys keys)
                => Restriction.Of(new BoundFilter(within(leaf, keys), new BoundComparison(ComparisonKind.LessOrEqual, CreatedOf(leaf), EndOf(keys, delay))), keys.Values, Keyed.Types, There());

            // The windows of this delay's revisions.
            BoundRelation There()
            {
                BoundInput leaf = Copy();
                Keys keys = OnTo(_leaf, leaf, _keys);
                BoundRelation rows = within(leaf, keys);
                if (asked is not null) rows = Restriction.Of(rows, keys.Values, Keyed.Types, asked);
                BoundExpression isNew = new BoundComparison(ComparisonKind.LessOrEqual, CreatedOf(leaf), EndOf(keys, delay));
                if (before is { } earlier) isNew = new BoundConnective(true, [isNew, new BoundComparison(ComparisonKind.Greater, CreatedOf(leaf), EndOf(keys, earlier))]);
                BoundDistinct windows = WindowsOf(new BoundFilter(rows, isNew), keys);
                return reached(windows, End(new BoundColumnReference(windows.Columns[0]), delay));
            }
        }
        return all!;
    }

    private BoundDistinct WindowsOf(BoundRelation rows, Keys keys)
        => new(new BoundProject(rows, [new BoundItem(new BoundColumn(KeyedGrowth.NameOf(0), Keyed.Types[0]), KeyedGrowth.Cast(keys.Values[0], Keyed.Types[0]))]));

    private BoundAggregate GreatestOf()
    {
        BoundInput leaf = Copy();
        return new BoundAggregate(leaf, [], null, [new BoundAggregateItem(new BoundColumn("greatest", s_instant), new BoundAggregateCall(FunctionTable.Aggregate("max"), [CreatedOf(leaf)], false, null, []))]);
    }

    private BoundInput Copy() => _leaf with { InputColumns = new EquatableList<BoundColumn>(_leaf.InputColumns.Select(column => new BoundColumn(column.Name, column.Type))) };

    private BoundColumnReference CreatedOf(BoundInput leaf) => new(leaf.InputColumns[_created]);

    private BoundCall EndOf(Keys keys, TimeSpan delay) => End(keys.Values[0], delay);

    private BoundCall End(BoundExpression window, TimeSpan delay)
        => new(FunctionTable.Scalar("+"), [Keyed.Types[0].DataType is InstantType ? window : new BoundCast(window, s_instant, GivesNull: false), KeyedGrowth.LengthOf(Keyed.Width + delay)], []);

    // The keys of one reading, over the columns of another.
    private static Keys OnTo(BoundInput from, BoundInput to, Keys keys)
        => ReferenceEquals(from, to) ? keys : keys.Over(from.InputColumns.Zip(to.InputColumns).ToDictionary(pair => pair.First, pair => (BoundExpression)new BoundColumnReference(pair.Second)));

    private BoundQuery Assembled(BoundRelation root)
        => QueryFinisher.Assemble(_query.Source, root, KeyedGrowth.Only(_query.Inputs, _leaf.Name), null, _query.Access);
}
