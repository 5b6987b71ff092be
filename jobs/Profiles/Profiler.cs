using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Jobs.Profiles;

/// <summary>Finds out what the rows of a table or file are like.</summary>
/// <param name="engine">Reads; what it holds is bounded by its memory limit, beyond which it spills.</param>
/// <param name="binder">Binds the queries.</param>
/// <remarks>
/// Columns are asked about together, so that a table of thousands takes seconds: figures of <see cref="ColumnsAQuery"/> in one query, their histograms in another, and frequent values of
/// as many as have few different ones. Parquet is stored by column, so that all of it is read about three times. Delimited text is read once and kept by the engine.
/// </remarks>
public sealed class Profiler(IEngine engine, Binder binder)
{
    /// <summary>Up to so many different values (as estimated) they are counted; beyond, the estimate stands.</summary>
    public const long CountedValuesMax = 1_000_000;

    /// <summary>Up to so many rows the quantiles are values of the column; beyond, they are estimated.</summary>
    public const long ExactQuantileRowsMax = 100_000;

    /// <summary>How many of the most frequent values are kept.</summary>
    public const int TopCount = 20;

    /// <summary>How many bins a histogram has, at most.</summary>
    public const int BinCount = 20;

    internal const int ColumnsAQuery = 50;

    // Values are counted side by side for so many columns, and for no more (estimated) different values of them in all: each is a row as wide as there are columns.
    private const int CountedColumnsAQuery = 25;
    private const long CountedValuesAQuery = 50_000;

    private const string Input = "data";

    /// <summary>Where the quantiles stand.</summary>
    public static IReadOnlyList<double> Quantiles { get; } = [0.05, 0.25, 0.5, 0.75, 0.95];

    /// <summary>Profiles a relation.</summary>
    /// <param name="name">What to call it.</param>
    /// <param name="input">Its rows.</param>
    /// <param name="run">Who asks; told which column is looked at.</param>
    /// <param name="cancellationToken">Observed between queries and batches.</param>
    /// <exception cref="LeptonDataException">The rows cannot be read.</exception>
    public ValueTask<TableProfile> ProfileAsync(string name, Input input, RunContext run, CancellationToken cancellationToken) => ProfileAsync(name, input, hasHistograms: true, run, cancellationToken);

    internal async ValueTask<TableProfile> ProfileAsync(string name, Input input, bool hasHistograms, RunContext run, CancellationToken cancellationToken)
    {
        var queries = new RelationQueries(engine, binder, run);
        await using StagedRelation? staged = await queries.StageAsync(input, cancellationToken).ConfigureAwait(false);
        Inputs inputs = new Inputs().Add(Input, staged is null ? input : new StagedInput(staged));
        long rows = (long)(await queries.ReadAsync("SELECT count(*) AS n FROM data", inputs, cancellationToken).ConfigureAwait(false))[0][0]!;
        var columns = new List<ColumnProfile>(input.Schema.Count);
        foreach (Field[] fields in input.Schema.Fields.Chunk(ColumnsAQuery))
        {
            run.Progress?.Report(new StepProgress(name, "jobs.profiling", (double)columns.Count / input.Schema.Count));
            ProfileExpressions[] asked = [.. fields.Select((field, i) => new ProfileExpressions(field, i, rows <= ExactQuantileRowsMax))];
            object?[] answer = (await queries.ReadAsync($"SELECT {string.Join(", ", asked.SelectMany(column => column.List))} FROM {Input}", inputs, cancellationToken).ConfigureAwait(false))[0];
            var profiles = new ColumnProfile[asked.Length];
            for (int i = 0, at = 0; i < asked.Length; at += asked[i++].List.Count) profiles[i] = asked[i].Read(answer.AsSpan(at, asked[i].List.Count), rows);
            foreach (List<int> some in CountedTogether(profiles, rows)) await CountValuesAsync(asked, profiles, some, queries, inputs, cancellationToken).ConfigureAwait(false);
            if (hasHistograms) await BinAsync(asked, profiles, queries, inputs, cancellationToken).ConfigureAwait(false);
            columns.AddRange(profiles.Select(profile => profile.IsPersonal ? profile.WithoutValues() : profile));
        }
        return new TableProfile(name, rows, columns);
    }

    // The columns whose values are counted, those in one list by one query.
    private static IEnumerable<List<int>> CountedTogether(ColumnProfile[] profiles, long rows)
    {
        var some = new List<int>();
        long values = 0;
        foreach (int i in Enumerable.Range(0, profiles.Length).Where(i => rows > profiles[i].NullCount && profiles[i].DistinctCount <= CountedValuesMax).OrderBy(i => profiles[i].DistinctCount))
        {
            if (some.Count == CountedColumnsAQuery || (some.Count > 0 && values + profiles[i].DistinctCount > CountedValuesAQuery))
            {
                yield return some;
                (some, values) = ([], 0);
            }
            some.Add(i);
            values += profiles[i].DistinctCount!.Value;
        }
        if (some.Count > 0) yield return some;
    }

    // One pass groups the rows by each of the columns; of a group all columns but its own are NULL.
    private static async ValueTask CountValuesAsync(ProfileExpressions[] asked, ColumnProfile[] profiles, List<int> some, RelationQueries queries, Inputs inputs, CancellationToken cancellationToken)
    {
        string List(Func<int, string> item, string separator = ", ") => string.Join(separator, Enumerable.Range(0, some.Count).Select(item));
        string values = List(i => Invariant($"v{i}"));
        string groups = $"SELECT GROUPING({values}) AS g, {values}, count(*) AS n FROM (SELECT {List(i => Invariant($"{asked[some[i]].Name} AS v{i}"))} FROM {Input}) AS d GROUP BY GROUPING SETS ({List(i => Invariant($"(v{i})"))})";
        string places = $"SELECT g, {values}, n, count(*) OVER (PARTITION BY g) AS different, row_number() OVER (PARTITION BY g ORDER BY n DESC, {values}) AS place FROM ({groups}) AS s WHERE {List(i => Invariant($"v{i} IS NOT NULL"), " OR ")}";
        var top = some.Select(_ => new List<ValueCount>()).ToArray();
        foreach (object?[] row in await queries.ReadAsync(Invariant($"SELECT {values}, n, different FROM ({places}) AS p WHERE place <= {TopCount} ORDER BY g, place"), inputs, cancellationToken).ConfigureAwait(false))
        {
            int i = Array.FindIndex(row, value => value is not null);
            top[i].Add(new ValueCount(row[i]!, (long)row[^2]!));
            profiles[some[i]] = profiles[some[i]] with { DistinctCount = (long)row[^1]!, IsDistinctExact = true, Top = top[i] };
        }
    }

    private static async ValueTask BinAsync(ProfileExpressions[] asked, ColumnProfile[] profiles, RelationQueries queries, Inputs inputs, CancellationToken cancellationToken)
    {
        var binned = asked.Select((column, i) => (Index: i, Bins: column.BinsOf(profiles[i]))).Where(pair => pair.Bins is not null).Select(pair => (pair.Index, Bins: pair.Bins!.Value)).ToList();
        if (binned.Count == 0) return;
        string sql = string.Join(", ", binned.Select((pair, i) => Invariant(
            $"CAST(histogram(CAST(greatest(least(floor(({asked[pair.Index].Scale} - {ProfileExpressions.Double(pair.Bins.Low)}) / {ProfileExpressions.Double(pair.Bins.Width)}), {pair.Bins.Count - 1}), 0) AS INTEGER)) FILTER (WHERE {asked[pair.Index].Scale} IS NOT NULL) AS MAP(INTEGER, BIGINT)) AS h{i}")));
        object?[] answer = (await queries.ReadAsync($"SELECT {sql} FROM {Input}", inputs, cancellationToken).ConfigureAwait(false))[0];
        for (int i = 0; i < binned.Count; i++)
        {
            (int index, (double low, double width, int count)) = binned[i];
            long[] counts = new long[count];
            foreach ((object bin, object? n) in (KeyValuePair<object, object?>[])answer[i]!) counts[(int)bin] = (long)n!;
            profiles[index] = profiles[index] with { Histogram = new Histogram(low, low + (width * count), counts) };
        }
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
