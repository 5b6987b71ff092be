using System.Globalization;
using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline.Join;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using static Lepton.Data.Schemas.SqlLiteral;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>Joins features to label rows by the rule of docs/point-in-time.md: one row for each label row, in order.</summary>
/// <remarks>
/// The labels of a range of rows lie in memory. Each table is read twice: keys, times and places first, of which each label keeps the best (<see cref="WinnerSlots"/>), then the features of the
/// rows that won. Where memory does not suffice for all labels, the ranges are shorter and the tables are read for each of them; features are never held but for winners.
/// </remarks>
internal sealed class PointInTimeJoin : IAsyncDisposable
{
    /// <summary>The name under which the label rows, as they come, are read.</summary>
    internal const string RawLabelsInput = "__raw_labels";

    /// <summary>The name under which <see cref="Query"/> reads the joined rows.</summary>
    internal const string JoinedInput = RowExpression.RowInput;

    // Below so many labels at a time, it is not the labels that need the memory.
    private const int RangeRowsMin = 256;

    private readonly QueryRunner _runner;
    private readonly LabelRows _given;
    private readonly SourcePlace? _place;
    private readonly SortedDictionary<long, RangeStatistics> _statistics = [];
    private LabelReader? _labels;
    private JoinedRange? _first;
    private long _rowsPerRange;
    private long _countedUpTo;

    /// <param name="runner">Runs the queries and keeps what they need; the join's rows can be read as long as it lives.</param>
    /// <param name="labels">The label rows, in order.</param>
    /// <param name="eventTime">Their time column.</param>
    /// <param name="views">What to join.</param>
    /// <param name="tables">By <see cref="Schemas.Contracts.TableName"/>'s text: the views' tables.</param>
    /// <param name="place">Where the labels stand, for errors about them.</param>
    /// <exception cref="LeptonDataException">The labels lack a key or have it in another type; their time is no instant; names collide.</exception>
    internal PointInTimeJoin(
        QueryRunner runner, LabelRows labels, string eventTime, IReadOnlyList<ViewJoin> views, IReadOnlyDictionary<string, Input> tables, SourcePlace? place)
    {
        (_runner, Views, _given, _place) = (runner, views, labels, place);
        LabelChecks.Check(labels.Schema, eventTime, views, tables, place);
        EventTime = labels.Schema.Find(eventTime)!.Name;
        Plan = new JoinPlan(labels.Schema, views, tables);
        Schema = new Schema([.. labels.Schema.Fields, .. AddedFields(tables)]);
        Inputs = new Inputs().Add(JoinedInput, new ReaderInput(Schema, Read));
    }

    /// <summary>What is computed from the joined rows, as <see cref="Query"/> gives them.</summary>
    internal IReadOnlyList<ComputedFeature> Computed { get; init; } = [];

    /// <summary>The labels' columns, then each view's columns, those among them that only on-demand features are computed from.</summary>
    internal Schema Schema { get; }

    internal Schema LabelSchema => _given.Schema;

    /// <summary>The labels' time column.</summary>
    internal string EventTime { get; }

    internal IReadOnlyList<ViewJoin> Views { get; }

    internal JoinPlan Plan { get; }

    internal MemoryBudget Memory => _runner.Run.Memory;

    internal LabelReader Labels => _labels ?? throw new InvalidOperationException("the join is not prepared");

    /// <summary>At most so many labels are worked on at once; memory may allow fewer.</summary>
    internal int RowsPerRangeMax { get; init; } = int.MaxValue / 4;

    /// <summary>What <see cref="Query"/> reads.</summary>
    internal Inputs Inputs { get; }

    /// <summary>The joined rows as a query: the labels' columns, then those of each view that were asked for, then what is computed. Where nothing is computed, <see cref="Read"/> gives the same without an engine.</summary>
    internal BoundQuery Query
    {
        get
        {
            IEnumerable<string> columns = LabelSchema.Fields.Select(own => own.Name).Concat(Views.SelectMany(view => view.AskedColumns)).Select(Name);
            IEnumerable<string> computed = Computed.Select(feature => $"({feature.Expression.Text.Text}\n) AS {Name(feature.Column)}");
            SourcePlace place = Computed.Count == 0 ? new SourcePlace("featurestore", 1, 1) : Computed[0].Expression.Text.Start;
            return _runner.Bind(new SqlText($"SELECT {string.Join(", ", columns.Concat(computed))} FROM {JoinedInput}", place, 0), Inputs);
        }
    }

    /// <summary>How many label rows there are; known after <see cref="PrepareAsync"/>.</summary>
    internal long RowCount => Labels.RowCount;

    /// <summary>The row that <see cref="Read"/> begins with, counted from 0.</summary>
    internal long FirstRow { get; private set; }

    /// <summary>What was counted so far, over as many labels from the first on as it says; known after <see cref="PrepareAsync"/>.</summary>
    internal RangeStatistics Counted
    {
        get
        {
            lock (_statistics) return RangeStatistics.Sum(Plan, _statistics.Values);
        }
    }

    /// <summary>How each view met the labels; known after <see cref="PrepareAsync"/>.</summary>
    internal IReadOnlyList<ViewStatistics> Statistics
    {
        get
        {
            if (_statistics.Count == 0) return [];
            RangeStatistics first = _statistics.First().Value;
            return
            [
                .. Views.Select(view =>
                {
                    RowCounts counts = first.Rows[Plan.Units.First(unit => ReferenceEquals(unit.Join, view)).Answer.Winners.Number];
                    return new ViewStatistics(view.View.Name, counts.Rows, counts.WithoutKey, counts.WithoutEventTime, counts.WithoutCreatedTime);
                }),
            ];
        }
    }

    /// <summary>For each output column of a feature, how the labels were answered; known when all rows were read once.</summary>
    internal IReadOnlyList<FeatureMisses> Misses => [.. MissesOf(Counted)];

    private IEnumerable<FeatureMisses> MissesOf(RangeStatistics counted) => Plan.Units.SelectMany(unit => unit.Features.Select(feature =>
    {
        AnswerStatistics answers = counted.Answers[unit.Answer.Number];
        return new FeatureMisses(unit.Join.View.ColumnOf(feature), unit.Join.View.Name, feature, answers.Absent, answers.Expired) { FromFuture = counted.FromFuture[unit.Answer.Winners.Number], Ages = answers.Ages };
    }));

    /// <summary>Goes on where another join of the same labels and tables ended; before <see cref="PrepareAsync"/>.</summary>
    /// <param name="row">The first row to read.</param>
    /// <param name="counted">What the other had counted then, up to that row or beyond it.</param>
    internal void GoOnFrom(long row, RangeStatistics counted)
    {
        (FirstRow, _countedUpTo) = (row, counted.Labels);
        _statistics.Add(0, counted);
    }

    /// <summary>Looks at all labels, and answers the first range of them, which is all of them where memory suffices.</summary>
    /// <exception cref="LeptonDataException">A NULL label time, rows that tie, a key that occurs twice in a view without event time.</exception>
    internal async ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        LabelRows rows = _given;
        if (rows.Input is not StagedInput)
        {
            var staged = new Inputs();
            BoundQuery query = _runner.Bind($"SELECT {string.Join(", ", LabelSchema.Fields.Select(field => Name(field.Name)))} FROM {RawLabelsInput}", new Inputs().Add(RawLabelsInput, rows.Input));
            StagedRelation relation = await _runner.StageAsync(RawLabelsInput, query, new Inputs().Add(RawLabelsInput, rows.Input), staged, cancellationToken).ConfigureAwait(false);
            rows = rows with { Input = new StagedInput(relation) };
        }
        _labels = new LabelReader(rows, EventTime, _runner);
        await CheckTimesAsync(cancellationToken).ConfigureAwait(false);
        long free = Math.Max(0, Memory.LimitBytes - Memory.UsedBytes);
        // A quarter is left to what is read and written meanwhile.
        _rowsPerRange = Math.Min(Math.Clamp(free / 4 * 3 / JoinedRange.BytesPerLabel(Plan), RangeRowsMin, int.MaxValue / 4), RowsPerRangeMax);
        if (_rowsPerRange < RowCount) _rowsPerRange = (RowCount + ((RowCount + _rowsPerRange - 1) / _rowsPerRange) - 1) / ((RowCount + _rowsPerRange - 1) / _rowsPerRange);
        if (FirstRow == 0 || FirstRow < RowCount) _first = await ComputeAsync(FirstRow, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The rows, in order; more than one reader may be open. Disposed before this.</summary>
    internal IRecordBatchReader Read() => new JoinReader(this);

    /// <summary>The answers from a row on, as many as fit into memory.</summary>
    internal async ValueTask<RangeLease> RangeFromAsync(long row, CancellationToken cancellationToken)
    {
        if (row == FirstRow && _first?.Count == RowCount - FirstRow) return new RangeLease(_first, isOwned: false);
        if (row == FirstRow && Interlocked.Exchange(ref _first, null) is { } first) return new RangeLease(first, isOwned: true);
        return new RangeLease(await ComputeAsync(row, cancellationToken).ConfigureAwait(false), isOwned: true);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Interlocked.Exchange(ref _first, null)?.Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask<JoinedRange> ComputeAsync(long row, CancellationToken cancellationToken)
    {
        while (true)
        {
            // What is counted already ends a range, so that nothing is counted twice.
            int count = (int)Math.Min(_rowsPerRange, (row < _countedUpTo ? _countedUpTo : RowCount) - row);
            try
            {
                JoinedRange range = await JoinedRange.ComputeAsync(Plan, Labels, _runner, row, count, cancellationToken).ConfigureAwait(false);
                if (row >= _countedUpTo)
                    lock (_statistics) _statistics[row] = range.Statistics;
                return range;
            }
            catch (LeptonDataException failure) when (failure.Code == "schemas.memory_exhausted" && count > RangeRowsMin)
            {
                // Texts and lists were longer than was thought.
                _rowsPerRange = Math.Max(RangeRowsMin, count / 2);
            }
            catch (TieException tie)
            {
                throw await TieErrorAsync(tie, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask<LeptonDataException> TieErrorAsync(TieException tie, CancellationToken cancellationToken)
    {
        ViewJoin join = tie.Unit.Join;
        object?[] values = await Labels.RowAsync(join.Entity.Keys, tie.Row, cancellationToken).ConfigureAwait(false);
        string key = string.Join(", ", join.Entity.Keys.Select((name, i) => string.Create(CultureInfo.InvariantCulture, $"{name} = {values[i]}")));
        return new LeptonDataException(join.View.Sequence is null ? "featurestore.tie" : "featurestore.tie_in_sequence", [join.View.Name, key, tie.EventTime, join.View.Sequence])
        {
            Place = join.View.Place,
            Kind = ErrorKind.DataRefused,
        };
    }

    private async ValueTask CheckTimesAsync(CancellationToken cancellationToken)
    {
        object?[] missing = await Labels.AggregateAsync("count(*) AS a, min(n) AS b", "t IS NULL", cancellationToken).ConfigureAwait(false);
        if ((long)missing[0]! > 0) throw new LeptonDataException("featurestore.label_time_null", [EventTime, missing[0], missing[1]]) { Place = _place, Kind = ErrorKind.DataRefused };
    }

    private IEnumerable<Field> AddedFields(IReadOnlyDictionary<string, Input> tables)
    {
        foreach (ViewJoin join in Views)
        {
            Schema table = tables[join.View.Table.ToString()].Schema;
            foreach (string feature in join.View.Features) yield return table.Find(feature)! with { Name = join.View.ColumnOf(feature), IsNullable = true };
            if (join.View.IsPointInTime) yield return new Field(join.View.StatusColumn, DataType.String);
        }
    }
}

/// <summary>How the labels were answered by one feature.</summary>
/// <param name="Column">The output column.</param>
/// <param name="View">The view.</param>
/// <param name="Feature">The feature.</param>
/// <param name="Absent">Labels that found nothing visible.</param>
/// <param name="Expired">Labels whose winner was too old.</param>
internal sealed record FeatureMisses(string Column, string View, string Feature, long Absent, long Expired)
{
    /// <summary>Labels that a join by event time alone would have given a row that nobody knew yet.</summary>
    internal long FromFuture { get; init; }

    /// <summary>Ages, at the label's time, of the rows that labels got; empty for a view without event time.</summary>
    internal required AgeHistogram Ages { get; init; }
}
