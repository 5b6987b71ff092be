using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Predicates;

namespace Lepton.Data.Storage.Parquet;

/// <summary>The statistics of rows in memory, exact.</summary>
internal static class BatchStatistics
{
    internal static FileStatistics Of(Schema schema, IReadOnlyList<RecordBatch> batches)
    {
        var columns = new Dictionary<string, ColumnStatistics>(StringComparer.Ordinal);
        for (int i = 0; i < schema.Count; i++)
        {
            long nulls = 0;
            object? min = null, max = null;
            bool hasBounds = schema[i].Type is not (BooleanType or BinaryType) && schema[i].Type.Children.Count == 0;
            foreach (RecordBatch batch in batches)
            {
                ColumnView column = batch.Column(i);
                nulls += column.CountNulls();
                for (int row = 0; row < column.Count && hasBounds; row++)
                {
                    if (column.Value(row) is not { } value) continue;
                    // NaN counts as the greatest for some readers and as nothing for others: no bounds then, nor for days outside the calendar.
                    hasBounds = value is not (double.NaN or float.NaN) && (schema[i].Type is not DateType || value is DateOnly);
                    if (!hasBounds) break;
                    if (min is null || PredicateValue.Compare(value, min) < 0) min = value;
                    if (max is null || PredicateValue.Compare(value, max) > 0) max = value;
                }
            }
            columns.Add(schema[i].Name, hasBounds ? new ColumnStatistics(nulls, min, max) : new ColumnStatistics(nulls, null, null));
        }
        return new FileStatistics(batches.Sum(batch => (long)batch.RowCount), columns);
    }
}
