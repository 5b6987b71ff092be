using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta.Predicates;

namespace Lepton.Data.Storage.Delta.Editing;

/// <summary>The columns by which rows are matched.</summary>
internal sealed class UpsertKeys
{
    // So many values a column are compared one by one with files' statistics; more are compared by the least and the greatest.
    private const int ValueCountMax = 1000;

    private readonly Snapshot _table;
    private readonly string[] _names;

    private UpsertKeys(Snapshot table, string[] names) => (_table, _names) = (table, names);

    /// <summary>SQL: whether row <c>t</c> of the table and row <c>s</c> of the new ones have one key.</summary>
    internal string Equality => string.Join(" AND ", _names.Select(name => $"t.{SqlLiteral.Name(name)} = s.{SqlLiteral.Name(name)}"));

    private string Columns => string.Join(", ", _names.Select(SqlLiteral.Name));

    /// <exception cref="LeptonDataException"><c>storage.upsert_key</c>, <c>storage.upsert_column</c></exception>
    internal static UpsertKeys Of(Snapshot table, Schema rows, IReadOnlyList<string> names)
    {
        // A row is replaced as a whole: a column that the new one lacks would lose its value without a word.
        if (table.Schema.Fields.FirstOrDefault(field => rows.Find(field.Name) is null) is { } missing) throw new LeptonDataException("storage.upsert_column", [table.RootPath, missing.Name]);
        foreach (string name in names)
            if (table.Schema.Find(name)?.Type is not (BooleanType or IntegerType or DecimalType or StringType or DateType or InstantType or NaiveTimeType)) throw new LeptonDataException("storage.upsert_key", [table.RootPath, name]);
        return new UpsertKeys(table, [.. names.Select(name => table.Schema.Find(name)!.Name)]);
    }

    /// <summary>Checks that each row has a key, and none that of another.</summary>
    /// <exception cref="LeptonDataException"><c>storage.upsert_null</c>, <c>storage.upsert_duplicate</c></exception>
    internal async ValueTask CheckAsync(EditFiles files, string rows, CancellationToken cancellationToken)
    {
        string isNull = string.Join(" OR ", _names.Select(name => $"{SqlLiteral.Name(name)} IS NULL"));
        long nulls = (long)(await files.QueryAsync($"SELECT count(*) FROM {rows} WHERE {isNull}", cancellationToken).ConfigureAwait(false))[0][0]!;
        if (nulls > 0) throw new LeptonDataException("storage.upsert_null", [_table.RootPath, nulls, string.Join(", ", _names)]);
        string asText = string.Join(", ", _names.Select(name => $"CAST({SqlLiteral.Name(name)} AS VARCHAR)"));
        List<object?[]> twice = await files.QueryAsync($"SELECT count(*), {asText} FROM {rows} GROUP BY {Columns} HAVING count(*) > 1 ORDER BY ALL LIMIT 1", cancellationToken).ConfigureAwait(false);
        if (twice is [var row, ..]) throw new LeptonDataException("storage.upsert_duplicate", [_table.RootPath, row[0], string.Join(", ", _names.Select((name, i) => $"{name} = {row[i + 1]}"))]);
    }

    /// <summary>A predicate that means every row with a key of the new ones, and maybe more.</summary>
    internal async ValueTask<RowPredicate> BoundsAsync(EditFiles files, string rows, CancellationToken cancellationToken)
    {
        RowPredicate? all = null;
        foreach (string name in _names)
        {
            RowPredicate? bounds = await BoundsAsync(files, rows, name, cancellationToken).ConfigureAwait(false);
            all = all is null ? bounds : bounds is null ? all : all.And(bounds);
        }
        return all ?? RowPredicate.Everything;
    }

    private async ValueTask<RowPredicate?> BoundsAsync(EditFiles files, string rows, string name, CancellationToken cancellationToken)
    {
        string column = SqlLiteral.Name(name);
        List<object?[]> values = await files.QueryAsync($"SELECT DISTINCT {column} FROM {rows} LIMIT {SqlLiteral.Number(ValueCountMax + 1)}", cancellationToken).ConfigureAwait(false);
        bool isRange = values.Count > ValueCountMax;
        if (isRange) values = [.. (await files.QueryAsync($"SELECT min({column}), max({column}) FROM {rows}", cancellationToken).ConfigureAwait(false))[0].Select(value => new[] { value })];
        // Days outside the calendar have no place in a predicate.
        DataType type = _table.Schema.Find(name)!.Type;
        if (!values.TrueForAll(value => value[0] is { } known && PredicateValue.IsComparable(known) && PredicateValue.Fits(PredicateValue.Checked(known), type))) return null;
        return isRange ? RowPredicate.Between(name, values[0][0]!, values[1][0]!) : RowPredicate.In(name, values.Select(value => value[0]!));
    }
}
