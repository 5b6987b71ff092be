using System.Globalization;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Sql.Lineage;

namespace Lepton.Data.Jobs.Rules;

/// <summary>Turns rules into SQL.</summary>
/// <param name="step">Whose rules.</param>
/// <param name="schema">The columns that the step's query gives.</param>
/// <param name="inputs">What the step and its rules read, by name.</param>
/// <param name="binder">Checks the person's expressions.</param>
/// <param name="access">On whose behalf.</param>
internal sealed class RuleCompiler(StepDefinition step, Schema schema, IReadOnlyDictionary<string, Schema> inputs, Binder binder, AccessContext access)
{
    private int _joinCount;

    /// <summary>The rules on rows; a step that declares its event time has one more.</summary>
    /// <exception cref="LeptonDataException">A column that is not there, a value that does not fit its type, SQL that does not bind.</exception>
    internal IReadOnlyList<CompiledRule> Compile()
    {
        var rules = new List<CompiledRule>();
        var problems = new ProblemList();
        if (step.EventTime is { } eventTime) rules.Add(Compile(new NotNullRule(EventTimeRuleName(), eventTime.Place, OnFailure.Quarantine, [eventTime])));
        foreach (RuleDefinition rule in step.Rules.Where(rule => !rule.IsOnTable)) problems.Try(() => rules.Add(Compile(rule)));
        problems.ThrowIfAny();
        return rules;
    }

    /// <summary>The rules on the table as a whole.</summary>
    /// <exception cref="LeptonDataException">As for <see cref="Compile()"/>; or a column is not of the type that a rule asks for.</exception>
    internal IReadOnlyList<CompiledTableRule> CompileTable()
    {
        var rules = new List<CompiledTableRule>();
        var problems = new ProblemList();
        foreach (RuleDefinition rule in step.Rules.Where(rule => rule.IsOnTable)) problems.Try(() => rules.Add(CompileTable(rule)));
        problems.ThrowIfAny();
        return rules;
    }

    /// <summary>What a rule on the whole table asks, readable.</summary>
    internal static string TextOf(RowCountRule rule) => (rule.Min, rule.Max) switch
    {
        ({ } min, null) => string.Create(CultureInfo.InvariantCulture, $"at least {min} row{(min == 1 ? "" : "s")}"),
        (null, { } max) => string.Create(CultureInfo.InvariantCulture, $"at most {max} row{(max == 1 ? "" : "s")}"),
        var (min, max) => string.Create(CultureInfo.InvariantCulture, $"{min} to {max} rows"),
    };

    private CompiledTableRule CompileTable(RuleDefinition rule) => rule switch
    {
        RowCountRule count => new CompiledTableRule(rule, TextOf(count)),
        RowHistoryRule history => new CompiledTableRule(rule, string.Create(CultureInfo.InvariantCulture, $"rows within {100 * history.Within:0.##}% of the median of the last {history.OfLast} runs"))
        {
            Identity = string.Create(CultureInfo.InvariantCulture, $"{history.Within} {history.OfLast}"),
        },
        TypeRule type => Type(type),
        FreshnessRule freshness => Freshness(freshness),
        QueryRule query => Query(query),
        _ => throw new InvalidOperationException($"{rule.GetType()} is no rule on a table"),
    };

    private CompiledTableRule Type(TypeRule rule)
    {
        Field field = Column(rule.Column);
        if (!field.Type.Equals(rule.Type.Value)) throw new LeptonDataException("jobs.rule_type", [rule.Name, field.Name, step.Name, field.Type, rule.Type.Value]) { Place = rule.Type.Place };
        return new CompiledTableRule(rule, $"{field.Name} is {field.Type}");
    }

    private CompiledTableRule Freshness(FreshnessRule rule)
    {
        Field field = Column(rule.Column);
        if (field.Type.Id is not (TypeId.Instant or TypeId.Date)) throw new LeptonDataException("jobs.rule_needs_time", [field.Name, field.Type]) { Place = rule.Column.Place };
        return new CompiledTableRule(rule, $"the newest {field.Name} no older than {Quantities.DurationText(rule.AgeMax)}") { Question = StepQueries.Of(step, $"SELECT max({SqlLiteral.Name(field.Name)}) AS newest FROM {SqlLiteral.Name(step.Name)}") };
    }

    private CompiledTableRule Query(QueryRule rule)
    {
        if (!rule.Query.IsClosed) throw new LeptonDataException("jobs.rule_not_query", [rule.Name]) { Place = rule.Query.Start };
        BoundQuery bound = binder.Bind(rule.Query, new Dictionary<string, Schema>(inputs, StringComparer.OrdinalIgnoreCase) { [step.Name] = schema }, access);
        if (bound.ImpureCall is { } impure) throw new LeptonDataException("jobs.not_pure", [impure.Function]) { Place = impure.Place };
        return new CompiledTableRule(rule, $"no row of {string.Join(' ', rule.Query.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))}")
        {
            Identity = bound.PlanHash,
            Question = rule.Query.Wrap("SELECT count(*) AS failing FROM (", "\n) AS __failing"),
            Example = rule.Query.Wrap("SELECT * FROM (", "\n) AS __failing LIMIT 1"),
        };
    }

    // A row without an event time can never be placed in time; the design sends it to the quarantine.
    private string EventTimeRuleName()
    {
        string name = "event_time_present";
        while (step.Rules.Any(rule => rule.Name == name)) name += "_too";
        return name;
    }

    private CompiledRule Compile(RuleDefinition rule) => rule switch
    {
        SqlRule sql => Sql(sql),
        RelationRule relation => Relation(relation),
        SetRule set => Set(set),
        BetweenRule between => Between(between),
        MatchRule match => Match(match),
        NotNullRule notNull => NotNull(notNull),
        UniqueRule unique => Unique(unique),
        _ => throw new InvalidOperationException($"{rule.GetType()} is no rule on rows"),
    };

    private CompiledRule Sql(SqlRule rule)
    {
        var own = new Dictionary<string, Schema>(inputs, StringComparer.OrdinalIgnoreCase) { [step.Name] = schema };
        BoundQuery bound = binder.Bind(RuleSql.Holds(rule, step.Name), own, access);
        if (bound.Schema is not { Count: 1 } || bound.Schema[0].Name != RuleSql.HoldsColumn) throw new LeptonDataException("jobs.rule_not_expression", [rule.Name]) { Place = rule.Expression.Start };
        if (bound.Schema[0].Type.Id != TypeId.Boolean) throw new LeptonDataException("jobs.rule_not_boolean", [rule.Name, bound.Schema[0].Type]) { Place = rule.Expression.Start };
        if (bound.ImpureCall is { } impure) throw new LeptonDataException("jobs.not_pure", [impure.Function]) { Place = impure.Place };
        if (bound.Root is BoundProject { Source: BoundAggregate }) throw new LeptonDataException("jobs.rule_aggregate", [rule.Name]) { Place = rule.Expression.Start };
        string text = string.Join(' ', rule.Expression.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        ColumnLineage holds = bound.Lineage.Columns[RuleSql.HoldsColumn];
        Field[] read = [.. schema.Fields.Where(field => holds.Values.Contains(new InputColumn(step.Name, field.Name)))];
        string values = read.Length == 0 ? "" : " || ' where ' || " + string.Join(" || ', ' || ", read.Select(field => $"{SqlLiteral.Text($"{field.Name} = ")} || {RuleSql.Shown(field)}"));
        return new CompiledRule(rule, text, $"coalesce(NOT ({rule.Expression.Text}\n), FALSE)", $"{SqlLiteral.Text($"{text} is false")}{values}", null) { Identity = bound.PlanHash, Reads = [.. holds.Values.Union(holds.Influences)] };
    }

    private CompiledRule Relation(RelationRule rule)
    {
        Schema table = inputs[rule.Table.Value];
        Field[] fields = [.. rule.Columns.Select(Column)];
        Field[] targets = [.. rule.TableColumns.Select(name => table.Find(name) ?? throw MissingColumn.Of(name, rule.Table.Value, table, rule.Table.Place))];
        foreach ((Field field, Field target) in fields.Zip(targets))
            if (!AreComparable(field.Type, target.Type)) throw new LeptonDataException("jobs.rule_types", [field.Name, field.Type, $"{rule.Table.Value}.{target.Name}", target.Type]) { Place = rule.Table.Place };
        string alias = NextAlias();
        string Key(int i) => i == 0 ? "__key" : string.Create(CultureInfo.InvariantCulture, $"__key{i}");
        // Distinct as they are compared: two whole numbers may be one broken number, and a row that meets both would stand twice.
        string Compared(int i) => fields[i].Type.Equals(targets[i].Type) ? SqlLiteral.Name(targets[i].Name) : $"coalesce(CAST(NULL AS {SqlType.Of(fields[i].Type).Name}), {SqlLiteral.Name(targets[i].Name)})";
        string keys = string.Join(", ", targets.Select((_, i) => $"{Compared(i)} AS {Key(i)}"));
        string present = string.Join(" AND ", targets.Select(target => $"{SqlLiteral.Name(target.Name)} IS NOT NULL"));
        string matched = string.Join(" AND ", fields.Select((field, i) => $"{SqlLiteral.Name(field.Name)} = {alias}.{Key(i)}"));
        string where = fields.Length == 1 ? $"{rule.Table.Value}.{targets[0].Name}" : $"{rule.Table.Value}({string.Join(", ", targets.Select(target => target.Name))})";
        string values = fields.Length == 1
            ? $"{SqlLiteral.Text($"{fields[0].Name} ")} || {RuleSql.Shown(fields[0])}"
            : string.Join(" || ', ' || ", fields.Select(field => $"{SqlLiteral.Text($"{field.Name} = ")} || {RuleSql.Shown(field)}"));
        return new CompiledRule(
            rule,
            $"{(fields.Length == 1 ? fields[0].Name : $"({string.Join(", ", fields.Select(field => field.Name))})")} in {where}",
            $"({string.Join(" AND ", fields.Select(field => $"{SqlLiteral.Name(field.Name)} IS NOT NULL"))} AND {alias}.__key IS NULL)",
            $"{values} || {SqlLiteral.Text($" is not in {where}")}",
            $"LEFT JOIN (SELECT DISTINCT {keys} FROM {QualifiedName(rule.Table.Value)} WHERE {present}) AS {alias} ON {matched}") { Reads = [.. Own(fields), .. targets.Select(target => new InputColumn(rule.Table.Value, target.Name))] };
    }

    private CompiledRule Set(SetRule rule)
    {
        Field field = Column(rule.Column);
        string[] values = [.. rule.Values.Select(value => RuleLiterals.Of(value, field))];
        string shown = string.Join(", ", rule.Values.Select(value => value.Value));
        return new CompiledRule(
            rule,
            $"{field.Name} in [{shown}]",
            $"coalesce(NOT ({SqlLiteral.Name(field.Name)} IN ({string.Join(", ", values)})), FALSE)",
            $"{SqlLiteral.Text($"{field.Name} ")} || {RuleSql.Shown(field)} || {SqlLiteral.Text($" is none of {shown}")}",
            null) { Reads = Own([field]) };
    }

    private CompiledRule Between(BetweenRule rule)
    {
        Field field = Column(rule.Column);
        string min = RuleLiterals.Of(rule.Min, field);
        string max = RuleLiterals.Of(rule.Max, field);
        if (RuleLiterals.AreSwapped(rule.Min.Value, rule.Max.Value, field)) throw new LeptonDataException("jobs.rule_bounds_swapped", [rule.Min.Value, rule.Max.Value]) { Place = rule.Max.Place };
        return new CompiledRule(
            rule,
            $"{field.Name} between {rule.Min.Value} and {rule.Max.Value}",
            $"coalesce(NOT ({SqlLiteral.Name(field.Name)} BETWEEN {min} AND {max}), FALSE)",
            $"{SqlLiteral.Text($"{field.Name} ")} || {RuleSql.Shown(field)} || {SqlLiteral.Text($" is not between {rule.Min.Value} and {rule.Max.Value}")}",
            null) { Reads = Own([field]) };
    }

    private CompiledRule Match(MatchRule rule)
    {
        Field field = Column(rule.Column);
        if (field.Type.Id != TypeId.String) throw new LeptonDataException("jobs.rule_needs_text", [field.Name, field.Type]) { Place = rule.Column.Place };
        CheckPattern(rule.Pattern);
        string condition = $"regexp_full_match({SqlLiteral.Name(field.Name)}, {SqlLiteral.Text(rule.Pattern.Value)})";
        return new CompiledRule(
            rule,
            $"{field.Name} matches {rule.Pattern.Value}",
            $"coalesce(NOT {condition}, FALSE)",
            $"{SqlLiteral.Text($"{field.Name} ")} || {RuleSql.Shown(field)} || {SqlLiteral.Text($" does not match {rule.Pattern.Value}")}",
            null) { Reads = Own([field]) };
    }

    // DuckDB compiles a constant pattern when it binds, so a bad one shows before any row is read.
    private void CheckPattern(Located<string> pattern)
    {
        try
        {
            binder.Bind(new SqlText($"SELECT regexp_full_match('', {SqlLiteral.Text(pattern.Value)}) AS matches"), new Dictionary<string, Schema>(), access);
        }
        catch (LeptonDataException failure)
        {
            throw new LeptonDataException("jobs.rule_pattern", [pattern.Value, failure.Arguments.Count > 0 ? failure.Arguments[^1] : failure.Code], failure) { Place = pattern.Place };
        }
    }

    private CompiledRule NotNull(NotNullRule rule)
    {
        Field[] fields = [.. rule.Columns.Select(Column)];
        string[] checks = [.. fields.Select(field => $"{SqlLiteral.Name(field.Name)} IS NULL")];
        string names = string.Join(", ", fields.Select(field => $"CASE WHEN {SqlLiteral.Name(field.Name)} IS NULL THEN {SqlLiteral.Text(field.Name)} END"));
        return new CompiledRule(
            rule,
            $"{string.Join(", ", fields.Select(field => field.Name))} not null",
            $"({string.Join(" OR ", checks)})",
            fields.Length == 1 ? SqlLiteral.Text($"{fields[0].Name} is NULL") : $"concat_ws(', ', {names}) || ' is NULL'",
            null) { Reads = Own(fields) };
    }

    private CompiledRule Unique(UniqueRule rule)
    {
        Field[] fields = [.. rule.Columns.Select(Column)];
        string alias = NextAlias();
        string[] names = [.. fields.Select(field => SqlLiteral.Name(field.Name))];
        string keys = string.Join(", ", names.Select((name, i) => string.Create(CultureInfo.InvariantCulture, $"{name} AS __key{i}")));
        string present = string.Join(" AND ", names.Select(name => $"{name} IS NOT NULL"));
        string joined = string.Join(" AND ", names.Select((name, i) => string.Create(CultureInfo.InvariantCulture, $"{name} = {alias}.__key{i}")));
        string shownNames = string.Join(", ", fields.Select(field => field.Name));
        string shownValues = string.Join(" || ', ' || ", fields.Select(RuleSql.Shown));
        return new CompiledRule(
            rule,
            $"{shownNames} unique",
            $"({alias}.__key0 IS NOT NULL)",
            $"{SqlLiteral.Text($"{shownNames} = ")} || {shownValues} || ' occurs more than once'",
            $"LEFT JOIN (SELECT {keys} FROM {SqlLiteral.Name(step.Name)} WHERE {present} GROUP BY {string.Join(", ", names)} HAVING count(*) > 1) AS {alias} ON {joined}") { Reads = Own(fields) };
    }

    private InputColumn[] Own(IEnumerable<Field> fields) => [.. fields.Select(field => new InputColumn(step.Name, field.Name))];

    private Field Column(Located<string> name) => schema.Find(name.Value) ?? throw MissingColumn.Of(name.Value, step.Name, schema, name.Place);

    private string NextAlias() => string.Create(CultureInfo.InvariantCulture, $"__rule{_joinCount++}");

    private static string QualifiedName(string name) => string.Join('.', name.Split('.').Select(SqlLiteral.Name));

    // DuckDB would cast text to a number in silence, and fail on the first row that is none.
    private static bool AreComparable(DataType left, DataType right)
    {
        static bool IsNumber(DataType type) => type.Id is TypeId.Integer or TypeId.Float or TypeId.Decimal;
        static bool IsTime(DataType type) => type.Id is TypeId.Date or TypeId.Instant;
        return left.Id == right.Id || (IsNumber(left) && IsNumber(right)) || (IsTime(left) && IsTime(right));
    }
}
