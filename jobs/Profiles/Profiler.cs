using System.Globalization;
using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Jobs.Profiles;

/// <summary>Finds out what the rows of a table or file are like.</summary>
/// <param name="engine">Reads; what it holds is bounded by its memory limit, beyond which it spills.</param>
/// <param name="binder">Binds the queries.</param>
/// <remarks>
/// One query over all columns (<see cref="ColumnsAQuery"/> at a time), then one or two over each column alone; Parquet is stored by column, so that all of it is read about three times.
/// Delimited text is read once and kept by the engine.
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

    private const string Input = "data";

    /// <summary>Where the quantiles stand.</summary>
    public static IReadOnlyList<double> Quantiles { get; } = [0.05, 0.25, 0.5, 0.75, 0.95];

    /// <summary>Profiles a relation.</summary>
    /// <param name="name">What to call it.</param>
    /// <param name="input">Its rows.</param>
    /// <param name="run">Who asks; told which column is looked at.</param>
    /// <param name="cancellationToken">Observed between queries and batches.</param>
    /// <exception cref="LeptonDataException">The rows cannot be read.</exception>
    public async ValueTask<TableProfile> ProfileAsync(string name, Input input, RunContext run, CancellationToken cancellationToken)
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
            int at = 0;
            foreach (ProfileExpressions column in asked)
            {
                ColumnProfile profile = column.Read(answer.AsSpan(at, column.List.Count), rows);
                at += column.List.Count;
                profile = await LookCloserAsync(column, profile, rows, queries, inputs, cancellationToken).ConfigureAwait(false);
                columns.Add(profile.IsPersonal ? profile.WithoutValues() : profile);
            }
        }
        return new TableProfile(name, rows, columns);
    }

    private static async ValueTask<ColumnProfile> LookCloserAsync(ProfileExpressions column, ColumnProfile profile, long rows, RelationQueries queries, Inputs inputs, CancellationToken cancellationToken)
    {
        if (rows > profile.NullCount && profile.DistinctCount <= CountedValuesMax)
        {
            string groups = $"SELECT {column.Name} AS value, count(*) AS n FROM {Input} WHERE {column.Name} IS NOT NULL GROUP BY {column.Name}";
            List<object?[]> top = await queries.ReadAsync(string.Create(CultureInfo.InvariantCulture, $"SELECT value, n, count(*) OVER () AS different FROM ({groups}) AS g ORDER BY n DESC, value LIMIT {TopCount}"), inputs, cancellationToken).ConfigureAwait(false);
            profile = profile with { DistinctCount = (long)top[0][2]!, IsDistinctExact = true, Top = [.. top.Select(row => new ValueCount(row[0]!, (long)row[1]!))] };
        }
        if (column.BinsOf(profile) is not { } bins) return profile;
        long[] counts = new long[bins.Count];
        string sql = string.Create(
            CultureInfo.InvariantCulture,
            $"SELECT bin, count(*) AS n FROM (SELECT least(CAST(floor(({column.Scale} - {ProfileExpressions.Double(bins.Low)}) / {ProfileExpressions.Double(bins.Width)}) AS INTEGER), {bins.Count - 1}) AS bin FROM {Input} WHERE {column.IsOnScale}) AS b GROUP BY bin");
        foreach (object?[] row in await queries.ReadAsync(sql, inputs, cancellationToken).ConfigureAwait(false)) counts[(int)row[0]!] = (long)row[1]!;
        return profile with { Histogram = new Histogram(bins.Low, bins.Low + (bins.Width * bins.Count), counts) };
    }
}
