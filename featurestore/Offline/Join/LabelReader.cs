using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Sql.Binding;
using static Lepton.Data.Schemas.SqlLiteral;

namespace Lepton.Data.FeatureStore.Offline.Join;

/// <summary>Reads label rows that the engine keeps, by their number.</summary>
/// <param name="labels">What is kept.</param>
/// <param name="eventTime">The labels' time column.</param>
/// <param name="runner">Runs the queries.</param>
internal sealed class LabelReader(LabelRows labels, string eventTime, QueryRunner runner)
{
    private const string InputName = "__labels";
    private const string RowColumn = "__row";

    private Inputs Inputs => new Inputs().Add(InputName, labels.Input with { RowNumber = RowColumn });

    /// <summary>How many label rows there are.</summary>
    internal long RowCount
    {
        get
        {
            long rows = Math.Max(0, ((StagedInput)labels.Input).Relation.RowCount - labels.RowsBefore);
            return labels.RowCountMax is { } most ? Math.Min(rows, most) : rows;
        }
    }

    /// <summary>Values of an aggregate over all label rows; <c>n</c> in the expressions is a row's number, from 1.</summary>
    internal async ValueTask<object?[]> AggregateAsync(string expressions, string where, CancellationToken cancellationToken)
    {
        string number = $"{RowColumn} + 1 - {BigInt(labels.RowsBefore)}";
        return (await runner.FirstRowAsync($"SELECT {expressions} FROM (SELECT {number} AS n, {Name(eventTime)} AS t FROM {InputName} WHERE {Range(0, RowCount)}) AS l WHERE {where}", Inputs, cancellationToken).ConfigureAwait(false))!;
    }

    /// <summary>Columns of the rows <c>[start, start + count)</c>, in order.</summary>
    internal ValueTask<IRecordBatchReader> ReadAsync(IEnumerable<string> columns, long start, long count, CancellationToken cancellationToken)
    {
        BoundQuery query = runner.Bind($"SELECT {string.Join(", ", columns.Select(Name))} FROM {InputName} WHERE {Range(start, count)}", Inputs);
        return runner.Engine.ReadAsync(query, Inputs, runner.Run, cancellationToken);
    }

    /// <summary>Values of one row.</summary>
    internal async ValueTask<object?[]> RowAsync(IEnumerable<string> columns, long row, CancellationToken cancellationToken)
        => (await runner.FirstRowAsync($"SELECT {string.Join(", ", columns.Select(Name))} FROM {InputName} WHERE {Range(row, 1)}", Inputs, cancellationToken).ConfigureAwait(false))!;

    /// <summary>Lays the rows <c>[start, start + count)</c> out for the join.</summary>
    /// <param name="plan">Says which columns are keys.</param>
    /// <param name="start">The first row.</param>
    /// <param name="count">How many.</param>
    /// <param name="slots">Filled, by the number of the keys; the caller disposes them, also where this fails.</param>
    /// <param name="cancellationToken">Observed throughout.</param>
    internal async ValueTask ReadAsync(JoinPlan plan, long start, int count, LabelSlots?[] slots, CancellationToken cancellationToken)
    {
        MemoryBudget memory = runner.Run.Memory;
        string[] columns = [.. plan.Keys.SelectMany(keys => keys.Columns.Select(column => column.Name)).Append(eventTime).Distinct(StringComparer.OrdinalIgnoreCase)];
        int[][] keyColumns = [.. plan.Keys.Select(keys => keys.Columns.Select(column => Array.IndexOf(columns, column.Name)).ToArray())];
        int timeColumn = Array.FindIndex(columns, column => string.Equals(column, eventTime, StringComparison.OrdinalIgnoreCase));
        using var times = new NativeArray<long>(count, memory);
        var numbers = new NativeArray<int>?[plan.Keys.Count];
        var tables = new KeyTable?[plan.Keys.Count];
        try
        {
            for (int i = 0; i < numbers.Length; i++)
            {
                numbers[i] = new NativeArray<int>(count, memory);
                tables[i] = KeyTable.Of([.. plan.Keys[i].Columns.Select(column => column.Type)], memory);
            }
            var scratch = new KeyScratch();
            int row = 0;
            IRecordBatchReader reader = await ReadAsync(columns, start, count, cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false) is { } batch)
                {
                    using (batch)
                    {
                        batch.Column(timeColumn).Values<long>().CopyTo(times.Span[row..]);
                        for (int i = 0; i < numbers.Length; i++) tables[i]!.Add(batch, keyColumns[i], numbers[i]!.Span.Slice(row, batch.RowCount), scratch);
                        row += batch.RowCount;
                    }
                }
            }
            if (row != count) throw new InvalidOperationException($"{row} labels were read, not {count}");
            for (int i = 0; i < numbers.Length; i++)
            {
                tables[i]!.Seal();
                slots[i] = new LabelSlots(tables[i]!, numbers[i]!.Span, times.Span, memory);
                tables[i] = null;
            }
        }
        finally
        {
            foreach (NativeArray<int>? each in numbers) each?.Dispose();
            foreach (KeyTable? table in tables) table?.Dispose();
        }
    }

    private string Range(long start, long count) => $"{RowColumn} >= {BigInt(labels.RowsBefore + start)} AND {RowColumn} < {BigInt(labels.RowsBefore + start + count)}";
}
