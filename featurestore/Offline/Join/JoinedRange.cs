using System.Globalization;
using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using static Lepton.Data.Schemas.SqlLiteral;

namespace Lepton.Data.FeatureStore.Offline.Join;

/// <summary>The answers to a range of label rows, held in memory.</summary>
internal sealed class JoinedRange : IDisposable
{
    /// <summary>In the place of a row: nothing was found.</summary>
    internal const long Absent = -1;

    /// <summary>In the place of a row: the winner was too old.</summary>
    internal const long Expired = -2;

    // Fewer are answered before a second core has begun.
    private const int ParallelSlotsMin = 50_000;

    private readonly NativeArray<long>?[] _places;
    private readonly GatheredRows?[] _gathered;

    private JoinedRange(JoinPlan plan, long start, int count)
    {
        (Start, Count) = (start, count);
        _places = new NativeArray<long>?[plan.Answers.Count];
        _gathered = new GatheredRows?[plan.Winners.Count];
        Statistics = new RangeStatistics(plan, count);
    }

    /// <summary>The first row, counted from 0.</summary>
    internal long Start { get; }

    /// <summary>How many rows.</summary>
    internal int Count { get; }

    internal RangeStatistics Statistics { get; }

    /// <summary>For each label row of the range: the place of its values in <see cref="GathererOf"/>, or why it has none.</summary>
    internal ReadOnlySpan<long> PlacesOf(AnswerPlan answers) => _places[answers.Number]!.Span;

    /// <summary>What copies the values of winners; null where there are none.</summary>
    internal RowGatherer? GathererOf(WinnerPlan winners) => _gathered[winners.Number]?.NewGatherer();

    public void Dispose()
    {
        foreach (NativeArray<long>? places in _places) places?.Dispose();
        foreach (GatheredRows? rows in _gathered) rows?.Dispose();
    }

    /// <summary>Bytes of memory that one label needs at the most while its range is worked on, but for texts and lists, which are guessed.</summary>
    internal static long BytesPerLabel(JoinPlan plan)
    {
        // A label: row, time and number for each kind of key, and the key itself. A winner: what is kept of it, where it came from, its late rows. An answer: a place. Then the features.
        long bytes = 8 + plan.Keys.Sum(keys => 4L + 12 + 24 + (16L * keys.Columns.Count));
        bytes += plan.Winners.Sum(winners => 32L + 4 + 8 + (winners.View.CreatedTime is null ? 0 : 16));
        bytes += plan.Answers.Count * 8L;
        return bytes + plan.Winners.Sum(winners => winners.Features.Sum(feature => TypeWidths.Of(feature.Type) is var width and > 0 ? width + 1L : 40));
    }

    /// <summary>Answers the rows <c>[start, start + count)</c>.</summary>
    /// <exception cref="LeptonDataException">Rows tie, or a key occurs twice; <c>schemas.memory_exhausted</c>: a shorter range may do.</exception>
    internal static async ValueTask<JoinedRange> ComputeAsync(JoinPlan plan, LabelReader labels, QueryRunner runner, long start, int count, CancellationToken cancellationToken)
    {
        var range = new JoinedRange(plan, start, count);
        using var work = new RangeWork(plan, runner, range);
        try
        {
            await work.RunAsync(labels, cancellationToken).ConfigureAwait(false);
            return range;
        }
        catch
        {
            range.Dispose();
            throw;
        }
    }

    /// <summary>What is only needed until the answers stand.</summary>
    private sealed class RangeWork(JoinPlan plan, QueryRunner runner, JoinedRange range) : IDisposable
    {
        private readonly LabelSlots?[] _slots = new LabelSlots?[plan.Keys.Count];
        private readonly WinnerSlots?[] _winners = new WinnerSlots?[plan.Winners.Count];
        private readonly NativeArray<int>?[] _origins = new NativeArray<int>?[plan.Winners.Count];

        private MemoryBudget Memory => runner.Run.Memory;

        internal async ValueTask RunAsync(LabelReader labels, CancellationToken cancellationToken)
        {
            await labels.ReadAsync(plan, range.Start, range.Count, _slots, cancellationToken).ConfigureAwait(false);
            foreach (WinnerPlan winners in plan.Winners) _winners[winners.Number] = new WinnerSlots(_slots[winners.Keys.Number]!, winners.View is { CreatedTime: not null, EventTime: not null }, winners.View is { Sequence: not null, EventTime: not null }, Memory);
            foreach (TablePlan table in plan.Tables) await FindWinnersAsync(table, cancellationToken).ConfigureAwait(false);
            foreach (WinnerPlan winners in plan.Winners) Finish(winners);
            foreach (JoinUnit unit in plan.Units) await CheckTiesAsync(unit, cancellationToken).ConfigureAwait(false);
            foreach (TablePlan table in plan.Tables) await GatherAsync(table, cancellationToken).ConfigureAwait(false);
            foreach (AnswerPlan answers in plan.Answers) Answer(answers);
            foreach (GatheredRows? gathered in range._gathered) gathered?.Seal();
        }

        public void Dispose()
        {
            foreach (NativeArray<int>? origins in _origins) origins?.Dispose();
            foreach (WinnerSlots? winners in _winners) winners?.Dispose();
            foreach (LabelSlots? slots in _slots) slots?.Dispose();
        }

        private async ValueTask FindWinnersAsync(TablePlan table, CancellationToken cancellationToken)
        {
            runner.Run.Progress?.Report(new StepProgress(table.Winners[0].View.Name, "featurestore.joining"));
            var columns = new WinnerColumns(table);
            Inputs inputs = new Inputs().Add(table.InputName, table.Input);
            using WinnerScan scan = await runner.Engine.ScanAsync(runner.Bind(columns.Sql, inputs), inputs, () => new WinnerScan(columns, _slots!, _winners!), runner.Run, cancellationToken).ConfigureAwait(false);
            foreach (WinnerColumns.WinnerColumn winners in columns.Winners) range.Statistics.Rows[winners.Plan.Number] = scan.Counts[winners.Count];
        }

        private void Finish(WinnerPlan winners)
        {
            LabelSlots slots = _slots[winners.Keys.Number]!;
            var origins = _origins[winners.Number] = new NativeArray<int>(slots.Count, Memory);
            _winners[winners.Number]!.Finish(slots, origins.Span, out range.Statistics.FromFuture[winners.Number]);
        }

        private async ValueTask CheckTiesAsync(JoinUnit unit, CancellationToken cancellationToken)
        {
            WinnerPlan plan = unit.Answer.Winners;
            HashSet<int>? tied = TiedOf(plan);
            if (tied is null) return;
            if (!unit.Join.View.IsPointInTime) throw await DuplicateKeyAsync(unit, cancellationToken).ConfigureAwait(false);
            LabelSlots slots = _slots[plan.Keys.Number]!;
            WinnerSlots winners = _winners[plan.Number]!;
            var check = new TieScan.TieCheck(unit, slots, winners, tied);
            Inputs inputs = new Inputs().Add(plan.Table.InputName, plan.Table.Input);
            using (await runner.Engine.ScanAsync(runner.Bind(check.Sql, inputs), inputs, check.NewScan, runner.Run, cancellationToken).ConfigureAwait(false))
            {
                if (check.Different.Count == 0) return;
            }
            // The earliest of them, so that chance has no say in the message.
            int first = check.Different.MinBy(slot => (winners[slot].EventTime, range.Start + slots.RowOf(slot)));
            throw new TieException(unit, range.Start + slots.RowOf(first), new EventTime(winners[first].EventTime));
        }

        private HashSet<int>? TiedOf(WinnerPlan plan)
        {
            HashSet<int>? tied = null;
            foreach (int origin in _origins[plan.Number]!.Span)
                if (origin >= 0 && _winners[plan.Number]![origin].IsTied) (tied ??= []).Add(origin);
            return tied;
        }

        private async ValueTask<LeptonDataException> DuplicateKeyAsync(JoinUnit unit, CancellationToken cancellationToken)
        {
            FeatureView view = unit.Join.View;
            TablePlan table = unit.Answer.Winners.Table;
            string columns = string.Join(", ", view.KeyColumns.Select(Name));
            string present = string.Join(" AND ", view.KeyColumns.Select(column => $"{Name(column)} IS NOT NULL"));
            Inputs inputs = new Inputs().Add(table.InputName, table.Input);
            object?[] twice = (await runner.FirstRowAsync($"SELECT {columns}, count(*) AS n FROM {table.InputName} WHERE {present} GROUP BY {columns} HAVING count(*) > 1 ORDER BY {columns} LIMIT 1", inputs, cancellationToken).ConfigureAwait(false))!;
            return new LeptonDataException("featurestore.duplicate_key", [view.Name, view.Table, KeyText(unit.Join, twice), twice[^1]]) { Place = view.Place, Kind = ErrorKind.DataRefused };
        }

        private async ValueTask GatherAsync(TablePlan table, CancellationToken cancellationToken)
        {
            foreach (WinnerPlan winners in table.Winners)
            {
                PlaceSet places = PlacesOf(winners);
                if (places.Count == 0) places.Dispose();
                else range._gathered[winners.Number] = new GatheredRows(places, new Schema(winners.Features), Memory);
            }
            var columns = new GatherColumns(table, table.Winners.Where(winners => range._gathered[winners.Number] is not null));
            if (columns.Winners.Count == 0) return;
            Inputs inputs = new Inputs().Add(table.InputName, table.Input);
            using GatherScan scan = await runner.Engine.ScanAsync(runner.Bind(columns.Sql, inputs), inputs, () => new GatherScan(columns, range._gathered), runner.Run, cancellationToken).ConfigureAwait(false);
            scan.Flush();
        }

        private PlaceSet PlacesOf(WinnerPlan plan)
        {
            var places = new PlaceSet(Memory);
            try
            {
                LabelSlots slots = _slots[plan.Keys.Number]!;
                WinnerSlots winners = _winners[plan.Number]!;
                ReadOnlySpan<int> origins = _origins[plan.Number]!.Span;
                bool hasLimit = range.HasLimit(plan, out long ttl);
                for (int slot = 0, last = -1; slot < origins.Length; slot++)
                {
                    int origin = origins[slot];
                    if (origin < 0 || origin == last || (hasLimit && slots.AgeOf(slot, winners[origin]) > (ulong)ttl)) continue;
                    places.Add(winners[origin].File, winners[origin].Row);
                    last = origin;
                }
                places.Seal();
                return places;
            }
            catch
            {
                places.Dispose();
                throw;
            }
        }

        private void Answer(AnswerPlan answers)
        {
            WinnerPlan plan = answers.Winners;
            LabelSlots slots = _slots[plan.Keys.Number]!;
            AnswerStatistics statistics = range.Statistics.Answers[answers.Number];
            var places = range._places[answers.Number] = new NativeArray<long>(range.Count, Memory);
            places.Span.Fill(Absent);
            long found = 0;
            // Labels are met at random, in each part of the slots alike: each core takes a part.
            int parts = slots.Count < ParallelSlotsMin ? 1 : Environment.ProcessorCount;
            Parallel.For(0, parts, part =>
            {
                AnswerStatistics own = Answer(answers, places, (int)((long)slots.Count * part / parts), (int)((long)slots.Count * (part + 1) / parts), out long ownFound);
                lock (statistics)
                {
                    statistics.Add(own);
                    found += ownFound;
                }
            });
            statistics.Absent = range.Count - found;
        }

        private AnswerStatistics Answer(AnswerPlan answers, NativeArray<long> places, int start, int end, out long found)
        {
            WinnerPlan plan = answers.Winners;
            LabelSlots slots = _slots[plan.Keys.Number]!;
            WinnerSlots winners = _winners[plan.Number]!;
            ReadOnlySpan<int> origins = _origins[plan.Number]!.Span;
            GatheredRows? gathered = range._gathered[plan.Number];
            var statistics = new AnswerStatistics();
            found = 0;
            long place = Absent;
            for (int slot = start, last = -1; slot < end; slot++)
            {
                int origin = origins[slot];
                if (origin < 0) continue;
                found++;
                WinnerSlots.Slot winner = winners[origin];
                if (plan.View.IsPointInTime)
                {
                    ulong age = slots.AgeOf(slot, in winner);
                    if (answers.Ttl is { } ttl && age > (ulong)ttl)
                    {
                        places[slots.RowOf(slot)] = Expired;
                        statistics.Expired++;
                        continue;
                    }
                    statistics.Ages.Add(age);
                }
                if (origin != last) (place, last) = (gathered!.Places[gathered.Rows.NumberOf(winner.File, winner.Row)], origin);
                places[slots.RowOf(slot)] = place;
            }
            return statistics;
        }
    }

    /// <summary>The greatest ttl of the answers that are made of some winners; false where one of them has none.</summary>
    private bool HasLimit(WinnerPlan winners, out long ttl)
    {
        ttl = 0;
        foreach (AnswerPlan answers in Statistics.Plan.Answers)
        {
            if (answers.Winners != winners) continue;
            if (answers.Ttl is not { } own) return false;
            ttl = Math.Max(ttl, own);
        }
        return true;
    }

    private static string KeyText(ViewJoin join, object?[] values)
        => string.Join(", ", join.Entity.Keys.Select((key, i) => string.Create(CultureInfo.InvariantCulture, $"{key} = {values[i]}")));
}

/// <summary>Rows tie with different values where they win.</summary>
internal sealed class TieException(JoinUnit unit, long row, EventTime eventTime) : Exception
{
    internal JoinUnit Unit => unit;

    /// <summary>The first label row that they were offered to.</summary>
    internal long Row => row;

    internal EventTime EventTime => eventTime;
}

/// <summary>What was counted over a range of labels.</summary>
internal sealed class RangeStatistics(JoinPlan plan, long labels)
{
    internal JoinPlan Plan => plan;

    internal long Labels => labels;

    /// <summary>By the number of the winners: rows of the table.</summary>
    internal RowCounts[] Rows { get; } = new RowCounts[plan.Winners.Count];

    /// <summary>By the number of the winners: labels that a join by event time alone would have given a row that nobody knew yet.</summary>
    internal long[] FromFuture { get; } = new long[plan.Winners.Count];

    /// <summary>By the number of the answers.</summary>
    internal AnswerStatistics[] Answers { get; } = [.. plan.Answers.Select(_ => new AnswerStatistics())];

    /// <summary>What was counted over several ranges.</summary>
    internal static RangeStatistics Sum(JoinPlan plan, IReadOnlyCollection<RangeStatistics> ranges)
    {
        var sum = new RangeStatistics(plan, ranges.Sum(range => range.Labels));
        // Each range read the same tables.
        ranges.First().Rows.CopyTo(sum.Rows, 0);
        foreach (RangeStatistics range in ranges)
        {
            for (int i = 0; i < sum.FromFuture.Length; i++) sum.FromFuture[i] += range.FromFuture[i];
            for (int i = 0; i < sum.Answers.Length; i++) sum.Answers[i].Add(range.Answers[i]);
        }
        return sum;
    }
}

/// <summary>How labels were answered.</summary>
internal sealed class AnswerStatistics
{
    internal long Absent { get; set; }

    internal long Expired { get; set; }

    /// <summary>Ages of the rows that labels got.</summary>
    internal AgeHistogram Ages { get; } = new();

    internal void Add(AnswerStatistics other)
    {
        Absent += other.Absent;
        Expired += other.Expired;
        Ages.Add(other.Ages);
    }
}
