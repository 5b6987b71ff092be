using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.FeatureStore.Offline.Join;

/// <summary>The joined rows in order: the labels' own columns beside their answers. It begins its work with the first read.</summary>
internal sealed class JoinReader : IRecordBatchReader
{
    private const int BatchRowsMax = 65_536;

    // Fewer are copied before a second core has begun.
    private const int ParallelRowsMin = 4096;

    private readonly PointInTimeJoin _join;
    private readonly Schema _added;
    private RangeLease? _range;
    private RowGatherer?[] _gatherers = [];
    private IRecordBatchReader? _labels;
    private RecordBatch? _batch;
    private int _batchRow;
    private long _row;

    internal JoinReader(PointInTimeJoin join)
    {
        _join = join;
        _added = new Schema(join.Schema.Fields.Skip(join.LabelSchema.Count));
        _row = join.FirstRow;
    }

    public Schema Schema => _join.Schema;

    public async ValueTask<RecordBatch?> ReadAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_row == _join.RowCount) return null;
        if (_range is null || _row == _range.Range.Start + _range.Range.Count)
        {
            // The one before goes first: there may be no room for two.
            _range?.Dispose();
            _range = null;
            _range = await _join.RangeFromAsync(_row, cancellationToken).ConfigureAwait(false);
            _gatherers = [.. _join.Plan.Winners.Select(_range.Range.GathererOf)];
        }
        _labels ??= await _join.Labels.ReadAsync(_join.LabelSchema.Fields.Select(field => field.Name), _row, _join.RowCount - _row, cancellationToken).ConfigureAwait(false);
        if (_batch is null || _batchRow == _batch.RowCount)
        {
            _batch?.Dispose();
            _batch = null;
            _batch = await _labels.ReadAsync(cancellationToken).ConfigureAwait(false) ?? throw new InvalidOperationException($"{_row} labels were read, not {_join.RowCount}");
            _batchRow = 0;
        }
        int count = (int)Math.Min(Math.Min(_batch.RowCount - _batchRow, BatchRowsMax), _range.Range.Start + _range.Range.Count - _row);
        RecordBatch own = _batch.Slice(_batchRow, count);
        RecordBatch added;
        try
        {
            added = Answers(own, (int)(_row - _range.Range.Start));
        }
        catch
        {
            own.Dispose();
            throw;
        }
        RecordBatch joined = RecordBatch.Beside(Schema, [own, added]);
        _batchRow += count;
        _row += count;
        return joined;
    }

    public async ValueTask DisposeAsync()
    {
        _range?.Dispose();
        _batch?.Dispose();
        if (_labels is not null) await _labels.DisposeAsync().ConfigureAwait(false);
    }

    private RecordBatch Answers(RecordBatch own, int start)
    {
        using var builder = new RecordBatchBuilder(_added, own.RowCount, _join.Memory);
        var work = new List<Action>(_added.Count);
        int column = 0, count = own.RowCount;
        foreach (ViewJoin view in _join.Views)
        {
            JoinUnit[] units = [.. _join.Plan.Units.Where(unit => ReferenceEquals(unit.Join, view))];
            foreach (JoinUnit unit in units)
            {
                foreach (string feature in unit.Features)
                {
                    ColumnBuilder target = builder.Column(column++);
                    int index = unit.Answer.Winners.IndexOf(feature);
                    if (_gatherers[unit.Answer.Winners.Number] is { } gatherer) work.Add(() => gatherer.Append(index, _range!.Range.PlacesOf(unit.Answer).Slice(start, count), target));
                    else work.Add(() => target.AppendNulls(count));
                }
            }
            if (!view.View.IsPointInTime) continue;
            ColumnBuilder status = builder.Column(column++);
            // Features that are joined for others' sake do not count, unless there are no others.
            JoinUnit[] told = view.AskedCount == 0 ? units : [.. units.Where(unit => view.View.Features.Take(view.AskedCount).Any(unit.Features.Contains))];
            work.Add(() => AppendStatus(told, start, count, status));
        }
        if (count < ParallelRowsMin) work.ForEach(static append => append());
        else Run(work);
        return builder.Build(count);
    }

    // The first failure as it is: that memory is exhausted, say.
    private static void Run(List<Action> work)
    {
        try
        {
            Parallel.ForEach(work, static append => append());
        }
        catch (AggregateException failure) when (failure.InnerException is { } first)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
        }
    }

    // Of a view that skips NULLs each feature has a winner of its own: one that is there makes the row present, else one that was too old makes it expired.
    private void AppendStatus(JoinUnit[] units, int start, int count, ColumnBuilder target)
    {
        for (int row = start; row < start + count; row++)
        {
            bool isPresent = false, isExpired = false;
            foreach (JoinUnit unit in units)
            {
                long place = _range!.Range.PlacesOf(unit.Answer)[row];
                isPresent |= place >= 0;
                isExpired |= place == JoinedRange.Expired;
            }
            target.AppendBytes(isPresent ? "present"u8 : isExpired ? "expired"u8 : "absent"u8);
        }
    }
}

/// <summary>A range of answers that somebody reads.</summary>
/// <param name="range">The answers.</param>
/// <param name="isOwned">Whether they go when nobody reads them any more; else they stay with the join.</param>
internal sealed class RangeLease(JoinedRange range, bool isOwned) : IDisposable
{
    internal JoinedRange Range => range;

    public void Dispose()
    {
        if (isOwned) range.Dispose();
    }
}
