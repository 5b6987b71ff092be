using System.Globalization;
using System.Text;
using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using static Lepton.Data.Schemas.SqlLiteral;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>Joins features to label rows by the rule of docs/point-in-time.md: one row for each label row, in order.</summary>
internal sealed class PointInTimeJoin
{
    /// <summary>The name under which the label rows, as they come, are read.</summary>
    internal const string RawLabelsInput = "__raw_labels";

    /// <summary>The column that names the split.</summary>
    internal const string SplitColumn = "split";

    private readonly QueryRunner _runner;
    private readonly IReadOnlyList<ViewJoin> _views;
    private readonly IReadOnlyDictionary<string, Input> _tables;
    private readonly LabelRows _labels;
    private readonly string _eventTime;
    private readonly IReadOnlyList<TimeSplit> _splits;
    private readonly SourcePlace? _place;
    private readonly Inputs _inputs = new();
    private readonly List<JoinUnit> _units = [];
    private readonly List<EntityKeys> _keys = [];
    private readonly Dictionary<string, string> _tableInputs = new(StringComparer.Ordinal);

    /// <param name="runner">Runs the queries and keeps what they need; the join's rows can be read as long as it lives.</param>
    /// <param name="labels">The label rows, in order.</param>
    /// <param name="eventTime">Their time column.</param>
    /// <param name="views">What to join.</param>
    /// <param name="tables">By <see cref="TableName"/>'s text: the views' tables.</param>
    /// <param name="splits">By bound; empty for none.</param>
    /// <param name="place">Where the labels stand, for errors about them.</param>
    /// <exception cref="LeptonDataException">The labels lack a key or have it in another type; their time is no instant; names collide.</exception>
    internal PointInTimeJoin(
        QueryRunner runner, LabelRows labels, string eventTime, IReadOnlyList<ViewJoin> views, IReadOnlyDictionary<string, Input> tables, IReadOnlyList<TimeSplit> splits, SourcePlace? place)
    {
        (_runner, _views, _tables, _labels, _splits, _place) = (runner, views, tables, labels, splits, place);
        _inputs.Add(RawLabelsInput, labels.Input);
        LabelChecks.Check(labels.Schema, eventTime, views, tables, splits.Count > 0, place);
        _eventTime = labels.Schema.Find(eventTime)!.Name;
        foreach (ViewJoin view in views) AddTable(view.View.Table.ToString());
        foreach (ViewJoin view in views)
        {
            IEnumerable<IReadOnlyList<string>> groups = view.View.SkipsNulls && view.View.IsPointInTime ? view.View.Features.Select(feature => (IReadOnlyList<string>)[feature]) : [view.View.Features];
            foreach (IReadOnlyList<string> features in groups) _units.Add(new JoinUnit(view, _units.Count, _tableInputs[view.View.Table.ToString()], KeysOf(view.Entity), features));
        }
    }

    /// <summary>What the final query reads.</summary>
    internal Inputs Inputs => _inputs;

    /// <summary>How many label rows there are; known after <see cref="PrepareAsync"/>.</summary>
    internal long RowCount { get; private set; }

    /// <summary>How each view met the labels; known after <see cref="PrepareAsync"/>.</summary>
    internal IReadOnlyList<ViewStatistics> Statistics { get; private set; } = [];

    /// <summary>For each output column of a feature: how many rows found nothing, and how many a row that was too old. Known after <see cref="PrepareAsync"/>.</summary>
    internal IReadOnlyList<FeatureMisses> Misses { get; private set; } = [];

    /// <summary>Finds the winners. Afterwards <see cref="FinalSql"/> can be run.</summary>
    /// <exception cref="LeptonDataException">A NULL label time, a label outside every split, rows that tie, a key that occurs twice in a view without event time.</exception>
    internal async ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        await NumberLabelsAsync(cancellationToken).ConfigureAwait(false);
        await CheckTimesAsync(cancellationToken).ConfigureAwait(false);
        foreach (EntityKeys keys in _keys) await _runner.StageAsync(keys.Input, keys.Sql, _inputs, cancellationToken).ConfigureAwait(false);
        var statistics = new List<ViewStatistics>();
        foreach (ViewJoin view in _views) statistics.Add(await CountRowsAsync(view, cancellationToken).ConfigureAwait(false));
        var misses = new List<FeatureMisses>();
        foreach (JoinUnit unit in _units)
        {
            _runner.Run.Progress?.Report(new StepProgress(unit.Join.View.Name, "featurestore.joining", (double)misses.Count / Math.Max(1, _views.Sum(view => view.View.Features.Count))));
            (long absent, long expired) = unit.Join.View.IsPointInTime
                ? await FindWinnersAsync(unit, cancellationToken).ConfigureAwait(false)
                : await FindByKeyAsync(unit, cancellationToken).ConfigureAwait(false);
            misses.AddRange(unit.Features.Select(feature => new FeatureMisses(unit.Join.View.ColumnOf(feature), unit.Join.View.Name, feature, absent, expired)));
        }
        (Statistics, Misses) = (statistics, misses);
    }

    /// <summary>The SELECT of the joined rows, in order: the labels' columns, <c>split</c> where there are splits, then each view's columns.</summary>
    internal string FinalSql()
    {
        var sql = new StringBuilder("SELECT ").AppendJoin(", ", _labels.Schema.Fields.Select(field => $"l.{Name(field.Name)} AS {Name(field.Name)}"));
        if (_splits.Count > 0) sql.Append(CultureInfo.InvariantCulture, $", {SplitOf(_splits)} AS {Name(SplitColumn)}");
        foreach (ViewJoin view in _views)
        {
            List<JoinUnit> units = [.. _units.Where(unit => ReferenceEquals(unit.Join, view))];
            foreach (JoinUnit unit in units)
                for (int i = 0; i < unit.Features.Count; i++) sql.Append(CultureInfo.InvariantCulture, $", {unit.ValueOf(i)} AS {Name(view.View.ColumnOf(unit.Features[i]))}");
            if (view.View.IsPointInTime) sql.Append(CultureInfo.InvariantCulture, $", {StatusOf(units)} AS {Name(view.View.StatusColumn)}");
        }
        sql.Append(CultureInfo.InvariantCulture, $"\nFROM {JoinUnit.LabelsInput} AS l\n");
        foreach (JoinUnit unit in _units) sql.Append(unit.FinalJoins).Append('\n');
        return sql.Append(CultureInfo.InvariantCulture, $"ORDER BY l.{JoinUnit.RowColumn}").ToString();
    }

    private void AddTable(string table)
    {
        if (_tableInputs.ContainsKey(table)) return;
        string name = string.Create(CultureInfo.InvariantCulture, $"__table_{_tableInputs.Count}");
        _tableInputs.Add(table, name);
        _inputs.Add(name, _tables[table]);
    }

    private EntityKeys KeysOf(Entity entity)
    {
        EntityKeys? keys = _keys.Find(candidate => candidate.Entity.Name == entity.Name);
        if (keys is null) _keys.Add(keys = new EntityKeys(entity, _keys.Count));
        return keys;
    }

    private async ValueTask NumberLabelsAsync(CancellationToken cancellationToken)
    {
        string columns = string.Join(", ", _labels.Schema.Fields.Select(field => Name(field.Name)));
        string number = string.Create(CultureInfo.InvariantCulture, $"row_number() OVER () - {_labels.RowsBefore}");
        string range = _labels.RowCountMax is { } count ? string.Create(CultureInfo.InvariantCulture, $" AND {JoinUnit.RowColumn} <= {count}") : "";
        string sql = $"""
            SELECT {JoinUnit.RowColumn}, epoch_us({Name(_eventTime)}) AS {JoinUnit.TimeColumn}, {columns}
            FROM (SELECT {number} AS {JoinUnit.RowColumn}, {columns} FROM {RawLabelsInput}) AS l
            WHERE {JoinUnit.RowColumn} >= 1{range}
            """;
        StagedRelation labels = await _runner.StageAsync(JoinUnit.LabelsInput, sql, _inputs, cancellationToken).ConfigureAwait(false);
        RowCount = labels.RowCount;
    }

    private async ValueTask CheckTimesAsync(CancellationToken cancellationToken)
    {
        object?[] missing = (await _runner.FirstRowAsync($"SELECT count(*) AS n, min({JoinUnit.RowColumn}) AS first FROM {JoinUnit.LabelsInput} WHERE {JoinUnit.TimeColumn} IS NULL", _inputs, cancellationToken).ConfigureAwait(false))!;
        if ((long)missing[0]! > 0) throw new LeptonDataException("featurestore.label_time_null", [_eventTime, missing[0], missing[1]]) { Place = _place, Kind = ErrorKind.DataRefused };
        if (_splits.Count == 0 || _splits[^1].Before is not { } end) return;
        string sql = $"SELECT count(*) AS n, min({JoinUnit.TimeColumn}) AS first FROM {JoinUnit.LabelsInput} WHERE {JoinUnit.TimeColumn} >= {BigInt(end.MicrosecondsSinceEpoch)}";
        object?[] outside = (await _runner.FirstRowAsync(sql, _inputs, cancellationToken).ConfigureAwait(false))!;
        if ((long)outside[0]! > 0)
            throw new LeptonDataException("featurestore.label_outside_splits", [outside[0], _splits[^1].Name, end, new EventTime((long)outside[1]!)]) { Place = _place, Kind = ErrorKind.DataRefused };
    }

    private async ValueTask<ViewStatistics> CountRowsAsync(ViewJoin join, CancellationToken cancellationToken)
    {
        FeatureView view = join.View;
        string hasKey = string.Join(" AND ", view.KeyColumns.Select(column => $"{Name(column)} IS NOT NULL"));
        string hasEvent = view.EventTime is null ? "TRUE" : $"epoch_us({Name(view.EventTime)}) IS NOT NULL";
        string hasCreated = view.CreatedTime is null ? "TRUE" : $"epoch_us({Name(view.CreatedTime)}) IS NOT NULL";
        string sql = $"""
            SELECT count(*) AS n,
              count(CASE WHEN {hasKey} THEN 1 END) AS keyed,
              count(CASE WHEN {hasKey} AND {hasEvent} THEN 1 END) AS timed,
              count(CASE WHEN {hasKey} AND {hasEvent} AND {hasCreated} THEN 1 END) AS known
            FROM {_tableInputs[view.Table.ToString()]}
            """;
        long[] counts = [.. (await _runner.FirstRowAsync(sql, _inputs, cancellationToken).ConfigureAwait(false))!.Select(count => (long)count!)];
        return new ViewStatistics(view.Name, counts[0], counts[0] - counts[1], counts[1] - counts[2], counts[2] - counts[3]);
    }

    private async ValueTask<(long Absent, long Expired)> FindWinnersAsync(JoinUnit unit, CancellationToken cancellationToken)
    {
        await _runner.StageAsync(unit.FrontierInput, unit.FrontierSql, _inputs, cancellationToken).ConfigureAwait(false);
        StagedRelation winners = await _runner.StageAsync(unit.WinnersInput, unit.WinnersSql, _inputs, cancellationToken).ConfigureAwait(false);
        StagedRelation values = await _runner.StageAsync(unit.ValuesInput, unit.ValuesSql, _inputs, cancellationToken).ConfigureAwait(false);
        object?[] counts = (await _runner.FirstRowAsync(unit.WinnerCountSql, _inputs, cancellationToken).ConfigureAwait(false))!;
        if (values.RowCount != (long)counts[0]!) throw await TieErrorAsync(unit, cancellationToken).ConfigureAwait(false);
        return (RowCount - winners.RowCount, (long)counts[1]!);
    }

    private async ValueTask<LeptonDataException> TieErrorAsync(JoinUnit unit, CancellationToken cancellationToken)
    {
        FeatureView view = unit.Join.View;
        object?[] tie = (await _runner.FirstRowAsync(unit.FirstTieSql, _inputs, cancellationToken).ConfigureAwait(false))!;
        return new LeptonDataException(view.Sequence is null ? "featurestore.tie" : "featurestore.tie_in_sequence", [view.Name, KeyText(unit.Join, tie), new EventTime((long)tie[^1]!), view.Sequence])
        {
            Place = view.Place,
            Kind = ErrorKind.DataRefused,
        };
    }

    private async ValueTask<(long Absent, long Expired)> FindByKeyAsync(JoinUnit unit, CancellationToken cancellationToken)
    {
        object?[]? twice = await _runner.FirstRowAsync(unit.FirstDuplicateKeySql, _inputs, cancellationToken).ConfigureAwait(false);
        if (twice is not null)
        {
            FeatureView view = unit.Join.View;
            throw new LeptonDataException("featurestore.duplicate_key", [view.Name, view.Table, KeyText(unit.Join, twice), twice[^1]]) { Place = view.Place, Kind = ErrorKind.DataRefused };
        }
        StagedRelation found = await _runner.StageAsync(unit.ValuesInput, unit.ValuesByKeySql, _inputs, cancellationToken).ConfigureAwait(false);
        return (RowCount - found.RowCount, 0);
    }

    private static string KeyText(ViewJoin join, object?[] values)
        => string.Join(", ", join.Entity.Keys.Select((key, i) => string.Create(CultureInfo.InvariantCulture, $"{key} = {values[i]}")));

    private static string SplitOf(IReadOnlyList<TimeSplit> splits)
    {
        var sql = new StringBuilder("CASE");
        foreach (TimeSplit split in splits)
        {
            sql.Append(split.Before is { } before
                ? $" WHEN l.{JoinUnit.TimeColumn} < {BigInt(before.MicrosecondsSinceEpoch)} THEN {Text(split.Name)}"
                : $" ELSE {Text(split.Name)}");
        }
        return sql.Append(" END").ToString();
    }

    // Of a view that skips NULLs each feature has a winner of its own: one that is there makes the row present, else one that was too old makes it expired.
    private static string StatusOf(IReadOnlyList<JoinUnit> units)
    {
        string present = string.Join(" OR ", units.Select(unit => $"{unit.IsExpiredColumn} = FALSE"));
        string expired = string.Join(" OR ", units.Select(unit => unit.IsExpiredColumn));
        return $"CASE WHEN {present} THEN 'present' WHEN {expired} THEN 'expired' ELSE 'absent' END";
    }
}

/// <summary>How many labels a feature has no value for because nothing was found.</summary>
/// <param name="Column">The output column.</param>
/// <param name="View">The view.</param>
/// <param name="Feature">The feature.</param>
/// <param name="Absent">Labels that found nothing visible.</param>
/// <param name="Expired">Labels whose winner was too old.</param>
internal sealed record FeatureMisses(string Column, string View, string Feature, long Absent, long Expired);
