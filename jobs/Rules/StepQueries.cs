using System.Globalization;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Growth;

namespace Lepton.Data.Jobs.Rules;

/// <summary>The queries over a step's computed rows: how many break which rule, the good ones, the bad ones with their reasons.</summary>
/// <param name="step">Whose rows.</param>
/// <param name="columns">The step's columns, without what was carried along for checks.</param>
internal sealed class StepQueries(StepDefinition step, IReadOnlyList<Field> columns)
{
    /// <summary>The name of the one-row relation that <see cref="Bad"/> takes source and run from.</summary>
    internal const string RunInput = "__run";

    /// <summary>The name of a table's rows as they were, and of the column that says of which file a row is.</summary>
    internal const string OldInput = "__old", FileColumn = "__file";

    /// <summary>The name of the input's late rows, and of what tells which windows came due.</summary>
    internal const string LateInput = "__late", DueInput = "__due";

    /// <summary>Names of the columns that the quarantine has more than the table.</summary>
    internal const string RulesColumn = "__rules", ReasonColumn = "__reason", SourceColumn = "__source", RunIdColumn = "__run_id";

    /// <summary>One row: how many rows break any rule that quarantines, then for each rule how many break it.</summary>
    internal SqlText Counts(IReadOnlyList<CompiledRule> rules)
    {
        string counts = string.Concat(rules.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $", count(*) FILTER (WHERE __broken{i}) AS broken{i}")));
        string quarantined = AnyOf(rules, rule => rule.Rule.OnFailure == OnFailure.Quarantine);
        return Ours($"SELECT count(*) FILTER (WHERE {quarantined}) AS quarantined{counts} FROM ({Flagged(rules, withColumns: false)}) AS __flagged");
    }

    /// <summary>The rows that break none of <paramref name="rules"/>.</summary>
    internal SqlText Good(IReadOnlyList<CompiledRule> rules)
        => rules.Count == 0
            ? Ours($"SELECT {ColumnList} FROM {SqlLiteral.Name(step.Name)}")
            : Ours($"SELECT {ColumnList} FROM ({Flagged(rules, withColumns: true)}) AS __flagged WHERE NOT ({AnyOf(rules, _ => true)})");

    /// <summary>The rows that break any of <paramref name="rules"/> that quarantines, with all that they break and why, and whence.</summary>
    internal SqlText Bad(IReadOnlyList<CompiledRule> rules)
        => Ours($"SELECT {ColumnList}, {Names(rules)} AS {RulesColumn}, {Reasons(rules)} AS {ReasonColumn}, {SqlLiteral.Name(RunInput)}.{SourceColumn}, {SqlLiteral.Name(RunInput)}.{RunIdColumn} "
            + $"FROM ({Flagged(rules, withColumns: true)}) AS __flagged CROSS JOIN {SqlLiteral.Name(RunInput)} WHERE {AnyOf(rules, rule => rule.Rule.OnFailure == OnFailure.Quarantine)}");

    /// <summary>No row, of a table's columns.</summary>
    internal SqlText None(Schema table) => Ours($"SELECT {string.Join(", ", table.Fields.Select(column => $"CAST(NULL AS {SqlType.Of(column.Type).Name}) AS {SqlLiteral.Name(column.Name)}"))} WHERE FALSE");

    /// <summary>The rows of <see cref="LateInput"/>.</summary>
    internal SqlText Late(Schema late) => Ours($"SELECT {string.Join(", ", late.Fields.Select(column => SqlLiteral.Name(column.Name)))} FROM {LateInput}");

    /// <summary>The numbers of the files of <see cref="OldInput"/> that hold rows of touched keys.</summary>
    /// <param name="growth">How the table follows its input.</param>
    /// <param name="windows">Between which windows the keys lie; null where that is not known, or they are none.</param>
    internal SqlText Holders(KeyedGrowth growth, (EventTime First, EventTime Last)? windows)
    {
        string rows = windows is { } stretch ? $"(SELECT * FROM {OldInput} WHERE {growth.Within(stretch)}) AS __within" : OldInput;
        return Ours($"SELECT DISTINCT {FileColumn} FROM {rows} SEMI JOIN {KeyedGrowth.TouchedInput} ON {IsTouched(growth)}");
    }

    /// <summary>What <paramref name="rows"/> gives, and the rows of <see cref="OldInput"/> whose keys were not touched.</summary>
    internal SqlText WithKept(SqlText rows, Schema table, KeyedGrowth growth)
        => Ours($"{rows.Text} UNION ALL SELECT {string.Join(", ", table.Fields.Select(column => SqlLiteral.Name(column.Name)))} FROM {OldInput} ANTI JOIN {KeyedGrowth.TouchedInput} ON {IsTouched(growth)}");

    /// <summary>What <paramref name="rows"/> gives, and the rows of <see cref="OldInput"/>.</summary>
    internal SqlText WithOld(SqlText rows, Schema table) => Ours($"{rows.Text} UNION ALL SELECT {string.Join(", ", table.Fields.Select(column => SqlLiteral.Name(column.Name)))} FROM {OldInput}");

    private static string IsTouched(KeyedGrowth growth)
        => string.Join(" AND ", growth.KeyOfRow.Select((key, i) => $"{key} IS NOT DISTINCT FROM {KeyedGrowth.TouchedInput}.{SqlLiteral.Name(growth.KeySchema[i].Name)}"));

    /// <summary>The reason of one row that breaks <paramref name="rule"/>: the least, so that it is the same at each run.</summary>
    internal SqlText Example(CompiledRule rule) => Ours($"SELECT min({rule.Reason}) AS reason FROM ({Flagged([rule], withColumns: true)}) AS __flagged WHERE __broken0");

    /// <summary>One row: how many rows say that they were known before what they were made from, and the least of them, readable.</summary>
    internal SqlText Early(string createdTime, string readCreatedTime)
        => Ours($"SELECT count(*) AS early, min(CAST({SqlLiteral.Name(createdTime)} AS VARCHAR) || ' < ' || CAST({SqlLiteral.Name(readCreatedTime)} AS VARCHAR)) AS example "
            + $"FROM {SqlLiteral.Name(step.Name)} WHERE {SqlLiteral.Name(createdTime)} < {SqlLiteral.Name(readCreatedTime)}");

    private string ColumnList => string.Join(", ", columns.Select(column => SqlLiteral.Name(column.Name)));

    private string Flagged(IReadOnlyList<CompiledRule> rules, bool withColumns)
    {
        IEnumerable<string> flags = rules.Select((rule, i) => string.Create(CultureInfo.InvariantCulture, $"{rule.Broken} AS __broken{i}"));
        IEnumerable<string> list = withColumns ? columns.Select(field => SqlLiteral.Name(field.Name)).Concat(flags) : flags;
        string joins = string.Concat(rules.Where(rule => rule.Join is not null).Select(rule => $" {rule.Join}"));
        return $"SELECT {string.Join(", ", list)} FROM {SqlLiteral.Name(step.Name)}{joins}";
    }

    private static string AnyOf(IReadOnlyList<CompiledRule> rules, Func<CompiledRule, bool> counts)
    {
        string[] flags = [.. rules.Select((rule, i) => (rule, i)).Where(pair => counts(pair.rule)).Select(pair => string.Create(CultureInfo.InvariantCulture, $"__broken{pair.i}"))];
        return flags.Length == 0 ? "FALSE" : string.Join(" OR ", flags);
    }

    private static string Names(IReadOnlyList<CompiledRule> rules)
        => $"concat_ws(',', {string.Join(", ", rules.Select((rule, i) => string.Create(CultureInfo.InvariantCulture, $"CASE WHEN __broken{i} THEN {SqlLiteral.Text(rule.Rule.Name)} END")))})";

    private static string Reasons(IReadOnlyList<CompiledRule> rules)
        => $"concat_ws('; ', {string.Join(", ", rules.Select((rule, i) => string.Create(CultureInfo.InvariantCulture, $"CASE WHEN __broken{i} THEN {rule.Reason} END")))})";

    private SqlText Ours(string sql) => Of(step, sql);

    /// <summary>SQL of ours about a step: whatever fails in it, the step is the place that a person can open.</summary>
    internal static SqlText Of(StepDefinition step, string sql) => new(sql, step.Place, 0);
}
