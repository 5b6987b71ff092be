using System.Globalization;
using Lepton.Data.Engines;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Jobs.Profiles;

/// <summary>Compares two tables, two versions of one, or files. The engine joins and groups, within its memory limit, beyond which it spills.</summary>
/// <param name="engine">Reads.</param>
/// <param name="binder">Binds the queries.</param>
public sealed class TableComparer(IEngine engine, Binder binder)
{
    /// <summary>How many changed values, keys and shifts are shown of each kind.</summary>
    public const int ExampleCount = 5;

    /// <summary>Compares.</summary>
    /// <param name="left">The one before.</param>
    /// <param name="right">The one after.</param>
    /// <param name="key">Columns of both that name a row; empty for none.</param>
    /// <param name="run">Who asks; told of progress.</param>
    /// <param name="cancellationToken">Observed between queries and batches.</param>
    /// <exception cref="LeptonDataException"><c>jobs.no_column</c>: a key is no column of both; or rows cannot be read.</exception>
    public async ValueTask<TableDiff> CompareAsync(ComparedRelation left, ComparedRelation right, IReadOnlyList<string> key, RunContext run, CancellationToken cancellationToken)
    {
        bool haveSameColumns = left.Input.Schema.Count == right.Input.Schema.Count && left.Input.Schema.Fields.Zip(right.Input.Schema.Fields).All(pair => pair.First.Name == pair.Second.Name && pair.First.Type.Equals(pair.Second.Type));
        if (haveSameColumns && left.ContentHash is { } hash && hash == right.ContentHash) return new TableDiff { Left = left.Name, Right = right.Name, AreEqual = true, ContentHash = hash };
        foreach (string column in key)
            foreach (ComparedRelation side in new[] { left, right })
                if (side.Input.Schema.Find(column) is null) throw MissingColumn.Of(column, side.Name, side.Input.Schema, null);
        var queries = new RelationQueries(engine, binder, run);
        await using StagedRelation? stagedLeft = await queries.StageAsync(left.Input, cancellationToken).ConfigureAwait(false);
        await using StagedRelation? stagedRight = await queries.StageAsync(right.Input, cancellationToken).ConfigureAwait(false);
        Input leftRows = stagedLeft is null ? left.Input : new StagedInput(stagedLeft);
        Input rightRows = stagedRight is null ? right.Input : new StagedInput(stagedRight);
        var profiler = new Profiler(engine, binder);
        TableProfile before = await profiler.ProfileAsync(left.Name, leftRows, hasHistograms: false, run, cancellationToken).ConfigureAwait(false);
        TableProfile after = await profiler.ProfileAsync(right.Name, rightRows, hasHistograms: false, run, cancellationToken).ConfigureAwait(false);
        run.Progress?.Report(new StepProgress($"{left.Name}, {right.Name}", "jobs.comparing", 0));
        Inputs inputs = new Inputs().Add("l", leftRows).Add("r", rightRows);
        ILookup<string, ColumnProfile> twins = after.Columns.ToLookup(column => column.Field.Name, StringComparer.OrdinalIgnoreCase);
        ColumnDiff[] columns = [.. before.Columns.SelectMany(column => twins[column.Field.Name].Select(twin => Pair(column, twin)))];
        await DistributionShifts.FindAsync(columns, before.RowCount, after.RowCount, queries, inputs, cancellationToken).ConfigureAwait(false);
        var diff = new TableDiff
        {
            Left = left.Name,
            Right = right.Name,
            AreEqual = false,
            LeftRowCount = before.RowCount,
            RightRowCount = after.RowCount,
            AddedColumns = [.. right.Input.Schema.Fields.Where(field => left.Input.Schema.Find(field.Name) is null)],
            RemovedColumns = [.. left.Input.Schema.Fields.Where(field => right.Input.Schema.Find(field.Name) is null)],
            Key = key,
            Columns = columns,
        };
        diff = key.Count == 0
            ? diff with { Rows = await RowsAsync(columns, queries, inputs, cancellationToken).ConfigureAwait(false) }
            : await new KeyComparison(diff, columns, queries, inputs).CompareAsync(cancellationToken).ConfigureAwait(false);
        bool haveSameRows = diff.Rows is { AddedCount: 0, RemovedCount: 0 } || (diff.Keys is { AddedCount: 0, RemovedCount: 0, ChangedCount: 0, LeftRepeatedCount: 0, RightRepeatedCount: 0 });
        return diff with { AreEqual = haveSameColumns && haveSameRows };
    }

    private static async ValueTask<RowsDiff> RowsAsync(ColumnDiff[] columns, RelationQueries queries, Inputs inputs, CancellationToken cancellationToken)
    {
        if (columns.Length == 0) return new RowsDiff(0, 0);
        string names = string.Join(", ", columns.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"c{i}")));
        string Side(bool isLeft) => string.Join(", ", columns.Select((column, i) => string.Create(CultureInfo.InvariantCulture, $"{Value(column, isLeft, "")} AS c{i}")));
        string balance = $"SELECT sum(side) AS balance FROM (SELECT {Side(isLeft: true)}, -1 AS side FROM l UNION ALL SELECT {Side(isLeft: false)}, 1 AS side FROM r) AS sides GROUP BY {names}";
        object?[] answer = (await queries.ReadAsync($"SELECT CAST(coalesce(sum(balance) FILTER (WHERE balance > 0), 0) AS BIGINT) AS added, CAST(coalesce(-sum(balance) FILTER (WHERE balance < 0), 0) AS BIGINT) AS removed FROM ({balance}) AS b", inputs, cancellationToken).ConfigureAwait(false))[0];
        return new RowsDiff((long)answer[0]!, (long)answer[1]!);
    }

    // What is personal on one side is hidden on both.
    private static ColumnDiff Pair(ColumnProfile left, ColumnProfile right) => left.IsPersonal || right.IsPersonal ? new ColumnDiff(left.WithoutValues(), right.WithoutValues()) : new ColumnDiff(left, right);

    // Values of two types are compared as numbers where both are, else as text.
    internal static string Value(ColumnDiff column, bool isLeft, string prefix)
    {
        (Field own, Field other) = isLeft ? (column.Left.Field, column.Right.Field) : (column.Right.Field, column.Left.Field);
        string name = prefix + SqlLiteral.Name(own.Name);
        if (own.Type.Equals(other.Type)) return name;
        static bool IsNumber(DataType type) => type.Id is TypeId.Integer or TypeId.Float or TypeId.Decimal;
        if (own.Type is IntegerType && other.Type is IntegerType) return $"CAST({name} AS BIGINT)";
        return IsNumber(own.Type) && IsNumber(other.Type) ? $"CAST({name} AS DOUBLE)" : $"CAST({name} AS VARCHAR)";
    }
}

/// <summary>One of two relations that are compared.</summary>
/// <param name="Name">As the person named it.</param>
/// <param name="Input">Its rows.</param>
/// <param name="ContentHash">Of its rows; null where there is none.</param>
public sealed record ComparedRelation(string Name, Input Input, string? ContentHash);
