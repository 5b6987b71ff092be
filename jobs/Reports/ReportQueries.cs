using System.Globalization;
using Lepton.Data.Engines;
using Lepton.Data.FeatureStore;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Jobs.Reports;

/// <summary>Runs the small queries of a report over what the last runs published; the answers are made for people.</summary>
internal sealed class ReportQueries(FeatureStoreContext context, RunContext run)
{
    /// <summary>Longer texts are cut: a report is looked at, and the table has the rest.</summary>
    internal const int TextLengthMax = 300;

    /// <summary>The versions of the tables that a query reads; training sets are not among them.</summary>
    /// <returns>Null where the same rows may give other answers.</returns>
    public async Task<string?> PinsAsync(SqlText query, CancellationToken cancellationToken)
    {
        (BoundQuery bound, CatalogInputs found) = await BindAsync(query, cancellationToken);
        if (!bound.IsPure) return null;
        return string.Join(' ', found.Snapshots.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Key}@{entry.Value.TableId}:{entry.Value.Version}")));
    }

    /// <summary>The rows of a query.</summary>
    /// <param name="rowCountMax">More rows are left out.</param>
    public async Task<Answer> ReadAsync(SqlText query, int rowCountMax, CancellationToken cancellationToken)
    {
        (BoundQuery bound, CatalogInputs found) = await BindAsync(query, cancellationToken);
        await using IRecordBatchReader reader = await context.Engine.ReadAsync(bound, found.Inputs, run, cancellationToken);
        var rows = new List<IReadOnlyList<object?>>();
        while (rows.Count < rowCountMax && await reader.ReadAsync(cancellationToken) is { } batch)
        {
            using (batch)
            {
                for (int row = 0; row < batch.RowCount && rows.Count < rowCountMax; row++) rows.Add(RowOf(batch, row));
            }
        }
        return new Answer(reader.Schema, rows);
    }

    private async Task<(BoundQuery Query, CatalogInputs Inputs)> BindAsync(SqlText query, CancellationToken cancellationToken)
    {
        IReadOnlyList<TableReference> references = context.Binder.References(query);
        CatalogInputs found = await context.Catalog.InputsForAsync(references.Select(reference => (reference.Name, (SourcePlace?)reference.Place)), cancellationToken);
        return (context.Binder.Bind(query, found.Inputs.Schemas, run.Access), found);
    }

    /// <summary>What kind of value the page is given for a type: <c>number</c>, <c>time</c>, <c>boolean</c> or <c>text</c>.</summary>
    public static string KindOf(DataType type) => type switch
    {
        IntegerType or FloatType or DecimalType => "number",
        InstantType or NaiveTimeType => "time",
        BooleanType => "boolean",
        _ => "text",
    };

    private static object?[] RowOf(RecordBatch batch, int row)
    {
        var values = new object?[batch.Schema.Count];
        for (int column = 0; column < values.Length; column++)
        {
            ColumnView view = batch.Column(column);
            values[column] = CellOf(view.Value(row), view.Type);
        }
        return values;
    }

    // JSON knows no NaN, and a browser no whole number beyond 2^53: those go as text.
    internal static object? CellOf(object? value, DataType type) => value switch
    {
        null => null,
        bool => value,
        string { Length: > TextLengthMax } text => string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[TextLengthMax - 1]) ? TextLengthMax - 1 : TextLengthMax), "…"),
        string => value,
        sbyte or short or int => Convert.ToInt64(value, CultureInfo.InvariantCulture),
        long number => Math.Abs((double)number) <= 1L << 53 ? number : number.ToString(CultureInfo.InvariantCulture),
        float single => Finite(single),
        double number => Finite(number),
        Int128 unscaled when type is DecimalType { Scale: var scale } => (double)unscaled / Math.Pow(10, scale),
        EventTime time => time.ToString(),
        byte[] bytes => Convert.ToHexStringLower(bytes),
        DateOnly date => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };

    private static object Finite(double number) => double.IsFinite(number) ? number : number.ToString(CultureInfo.InvariantCulture);

    /// <summary>What a query gave; the values are null, bool, long, double or string.</summary>
    internal sealed record Answer(Schema Schema, IReadOnlyList<IReadOnlyList<object?>> Rows)
    {
        /// <summary>The columns as the page takes them.</summary>
        public IReadOnlyList<ReportCellKind> Columns => [.. Schema.Fields.Select(column => new ReportCellKind(column.Name, KindOf(column.Type)))];
    }
}
