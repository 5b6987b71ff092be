using System.Globalization;
using Lepton.Data.Engines;

namespace Lepton.Data.Jobs.Profiles;

/// <summary>Pairs the rows of two relations by a key: one pass joins them and counts what differs, and a few more find examples where there are any.</summary>
internal sealed class KeyComparison
{
    // Each needs a join of its own.
    private const int ColumnsWithExamplesMax = 12;
    private const int ColumnsAQuery = 100;

    private readonly TableDiff _diff;
    private readonly ColumnDiff[] _columns;
    private readonly RelationQueries _queries;
    private readonly Inputs _inputs;
    private readonly ColumnDiff[] _keys;
    private readonly string _keyNames;
    private readonly string _matched;
    private long _leftRepeated;
    private long _rightRepeated;

    /// <param name="diff">With counts of rows, and the key.</param>
    /// <param name="columns">That both have, the key among them; changes are filled in.</param>
    /// <param name="queries">Asks.</param>
    /// <param name="inputs"><c>l</c> and <c>r</c>.</param>
    internal KeyComparison(TableDiff diff, ColumnDiff[] columns, RelationQueries queries, Inputs inputs)
    {
        (_diff, _columns, _queries, _inputs) = (diff, columns, queries, inputs);
        _keys = [.. diff.Key.Select(name => Array.Find(columns, column => column.Left.Field.Name.Equals(name, StringComparison.OrdinalIgnoreCase))!)];
        _keyNames = Joined(i => $"k{i}");
        _matched = Joined(i => $"a.k{i} IS NOT DISTINCT FROM b.k{i}", " AND ");
    }

    /// <summary>The difference with its keys.</summary>
    internal async ValueTask<TableDiff> CompareAsync(CancellationToken cancellationToken)
    {
        _leftRepeated = await RepeatedAsync(isLeft: true, cancellationToken).ConfigureAwait(false);
        _rightRepeated = await RepeatedAsync(isLeft: false, cancellationToken).ConfigureAwait(false);
        int[] compared = [.. Enumerable.Range(0, _columns.Length).Where(i => !_keys.Contains(_columns[i]))];
        string any = compared.Length == 0 ? "FALSE" : string.Join(" OR ", compared.Select(Differs));
        object?[] counts = await CountAsync(["count(*) FILTER (WHERE a.n IS NULL)", "count(*) FILTER (WHERE b.n IS NULL)", $"count(*) FILTER (WHERE {Paired})", $"count(*) FILTER (WHERE {Paired} AND ({any}))", .. compared.Length <= ColumnsAQuery ? compared.Select(Changed) : []], compared, cancellationToken).ConfigureAwait(false);
        (long added, long removed, long paired, long changed) = ((long)counts[0]!, (long)counts[1]!, (long)counts[2]!, (long)counts[3]!);
        // What a query costs DuckDB before it runs grows faster than its columns.
        if (compared.Length > ColumnsAQuery)
            foreach (int[] some in compared.Chunk(ColumnsAQuery)) counts = [.. counts, .. await CountAsync([.. some.Select(Changed)], some, cancellationToken).ConfigureAwait(false)];
        for (int i = 0; i < compared.Length; i++) _columns[compared[i]] = _columns[compared[i]] with { ChangedCount = (long)counts[i + 4]! };
        // An example names its key.
        bool hasExamples = !Array.Exists(_keys, key => key.IsPersonal);
        foreach (int i in compared.Where(i => hasExamples && _columns[i].ChangedCount > 0 && !_columns[i].IsPersonal).OrderByDescending(i => _columns[i].ChangedCount).Take(ColumnsWithExamplesMax))
            _columns[i] = _columns[i] with { Examples = await ChangesAsync(i, cancellationToken).ConfigureAwait(false) };
        return _diff with
        {
            Keys = new KeyDiff(
                added, removed, changed, paired - changed, _leftRepeated, _rightRepeated,
                hasExamples && added > 0 ? await KeysOfOneSideAsync(isLeft: false, cancellationToken).ConfigureAwait(false) : [], hasExamples && removed > 0 ? await KeysOfOneSideAsync(isLeft: true, cancellationToken).ConfigureAwait(false) : []),
            Columns = _columns,
        };
    }

    private static string Paired => "a.n = 1 AND b.n = 1";

    private static string Changed(int i) => $"count(*) FILTER (WHERE {Paired} AND {Differs(i)})";

    private static string Differs(int i) => FormattableString.Invariant($"a.c{i} IS DISTINCT FROM b.c{i}");

    private string Joined(Func<int, FormattableString> item, string separator = ", ") => string.Join(separator, _keys.Select((_, i) => FormattableString.Invariant(item(i))));

    private string Keys(bool isLeft) => string.Join(", ", _keys.Select((column, i) => FormattableString.Invariant($"{TableComparer.Value(column, isLeft, "")} AS k{i}")));

    private static string Name(bool isLeft) => isLeft ? "l" : "r";

    // How many keys occur more than once. Where a column by itself was counted and has as many different values as rows, it is known.
    private async ValueTask<long> RepeatedAsync(bool isLeft, CancellationToken cancellationToken)
    {
        long? rows = isLeft ? _diff.LeftRowCount : _diff.RightRowCount;
        if (Array.Exists(_keys, key => key.Left.Field.Type.Equals(key.Right.Field.Type) && (isLeft ? key.Left : key.Right) is { IsDistinctExact: true } profile && profile.DistinctCount == rows)) return 0;
        return (long)(await AskAsync($"SELECT count(*) AS n FROM (SELECT {_keyNames} FROM (SELECT {Keys(isLeft)} FROM {Name(isLeft)}) AS keys GROUP BY {_keyNames} HAVING count(*) > 1) AS repeated", cancellationToken).ConfigureAwait(false))[0][0]!;
    }

    // The keys k0, … of a side, each once, with n, how often it occurs, and columns c….
    private string Side(bool isLeft, IEnumerable<int> columns)
    {
        string others = string.Concat(columns.Select(i => FormattableString.Invariant($", {TableComparer.Value(_columns[i], isLeft, "")} AS c{i}")));
        if ((isLeft ? _leftRepeated : _rightRepeated) == 0) return $"(SELECT {Keys(isLeft)}{others}, 1 AS n FROM {Name(isLeft)})";
        // Of a key that occurs once, any value is the value; a NULL is none.
        return $"(SELECT {_keyNames}{string.Concat(columns.Select(i => FormattableString.Invariant($", any_value(c{i}) AS c{i}")))}, count(*) AS n FROM (SELECT {Keys(isLeft)}{others} FROM {Name(isLeft)}) AS rows GROUP BY {_keyNames})";
    }

    private async ValueTask<object?[]> CountAsync(IReadOnlyList<string> counts, IReadOnlyList<int> columns, CancellationToken cancellationToken)
    {
        string items = string.Join(", ", counts.Select((count, i) => FormattableString.Invariant($"{count} AS n{i}")));
        return (await AskAsync($"SELECT {items} FROM {Side(isLeft: true, columns)} AS a FULL JOIN {Side(isLeft: false, columns)} AS b ON {_matched}", cancellationToken).ConfigureAwait(false))[0];
    }

    private async ValueTask<IReadOnlyList<ValueChange>> ChangesAsync(int column, CancellationToken cancellationToken)
    {
        List<object?[]> examples = await AskAsync(
            FormattableString.Invariant($"SELECT {Joined(k => $"CAST(a.k{k} AS VARCHAR) AS k{k}")}, CAST(a.c{column} AS VARCHAR) AS before, CAST(b.c{column} AS VARCHAR) AS after FROM {Side(isLeft: true, [column])} AS a JOIN {Side(isLeft: false, [column])} AS b ON {_matched} ")
            + FormattableString.Invariant($"WHERE {Paired} AND {Differs(column)} ORDER BY {Joined(k => $"a.k{k}")} LIMIT {TableComparer.ExampleCount}"), cancellationToken).ConfigureAwait(false);
        return [.. examples.Select(row => new ValueChange([.. row.Take(_keys.Length).Select(value => (string?)value)], (string?)row[^2], (string?)row[^1]))];
    }

    private async ValueTask<IReadOnlyList<IReadOnlyList<string?>>> KeysOfOneSideAsync(bool isLeft, CancellationToken cancellationToken)
    {
        List<object?[]> rows = await AskAsync(
            FormattableString.Invariant($"SELECT {Joined(k => $"CAST(a.k{k} AS VARCHAR) AS k{k}")} FROM {Side(isLeft, [])} AS a ANTI JOIN {Side(!isLeft, [])} AS b ON {_matched} ORDER BY {Joined(k => $"a.k{k}")} LIMIT {TableComparer.ExampleCount}"), cancellationToken).ConfigureAwait(false);
        return [.. rows.Select(row => (IReadOnlyList<string?>)[.. row.Select(value => (string?)value)])];
    }

    private ValueTask<List<object?[]>> AskAsync(string sql, CancellationToken cancellationToken) => _queries.ReadAsync(sql, _inputs, cancellationToken);
}
