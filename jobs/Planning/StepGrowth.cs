using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Rules;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Sql.Growth;

namespace Lepton.Data.Jobs.Planning;

/// <summary>The way in which a step's table grows, proved for its query and its rules.</summary>
/// <param name="Mode">As YAML calls it.</param>
/// <param name="Input">Whose changes it follows, as the query calls it.</param>
/// <param name="Keyed">For keys and windows: the queries for touched ones; null for append.</param>
/// <param name="Carry">Adds the greatest created times to a query of <paramref name="Keyed"/>, where those are checked; else gives null.</param>
internal sealed record StepGrowth(string Mode, string Input, KeyedGrowth? Keyed, Func<BoundQuery, BoundQuery?> Carry)
{
    /// <summary>Proves what the step says of itself.</summary>
    /// <param name="step">A step that grows.</param>
    /// <param name="query">What it computes.</param>
    /// <param name="rules">Its rules.</param>
    /// <param name="inputs">The columns of what it reads, by name.</param>
    /// <param name="carry">Adds created times to a query where they are checked.</param>
    /// <param name="binder">Binds the rules' expressions.</param>
    /// <param name="access">On whose behalf.</param>
    /// <exception cref="LeptonDataException"><c>jobs.grows_…</c>: it cannot be proved, with place, reason and what would fit.</exception>
    internal static StepGrowth Prove(
        StepDefinition step, BoundQuery query, IReadOnlyList<CompiledRule> rules, IReadOnlyDictionary<string, Schema> inputs, Func<BoundQuery, BoundQuery?> carry, Binder binder, AccessContext access)
    {
        GrowthDefinition growth = step.Growth!;
        string input = InputOf(step, growth, query);
        foreach (CompiledRule rule in rules) CheckRule(rule, step, growth, query, input, inputs, binder, access);
        try
        {
            switch (growth)
            {
                case KeyGrowth keys:
                    return new StepGrowth(growth.Mode, input, KeyedGrowth.ByKey(query, input, [.. keys.Columns.Select(column => ColumnOf(column, step, query).Name)]), carry);
                case WindowGrowth windows:
                    Field time = TimeOf(windows, step, query);
                    return new StepGrowth(growth.Mode, input, KeyedGrowth.ByWindow(query, input, time.Name, windows.Width, windows.Lookback), carry);
                default:
                    KeyedGrowth.EnsureAppends(query, input);
                    return new StepGrowth(growth.Mode, input, null, carry);
            }
        }
        catch (LeptonDataException failure) when (failure.Code == "sql.not_grown")
        {
            throw new LeptonDataException("jobs.grows_not", [step.Name, growth.Mode, failure.Arguments[0], Fitting(query, input, growth)], failure) { Place = failure.Place, Excerpt = failure.Excerpt };
        }
    }

    private static string InputOf(StepDefinition step, GrowthDefinition growth, BoundQuery query)
    {
        string[] read = [.. query.Inputs.Keys.Order(StringComparer.Ordinal)];
        string names = string.Join(", ", read);
        if (growth.Of is { } of)
            return read.FirstOrDefault(name => name.Equals(of.Value, StringComparison.OrdinalIgnoreCase)) ?? throw new LeptonDataException("jobs.grows_of_unknown", [step.Name, of.Value, names]) { Place = of.Place };
        if (read.Length == 1) return read[0];
        string example = growth is AppendGrowth ? $"grows: {{ append: {read.FirstOrDefault() ?? "…"} }}" : $"of: {read.FirstOrDefault() ?? "…"}";
        throw new LeptonDataException("jobs.grows_which", [step.Name, names, example]) { Place = growth.Place };
    }

    // A rule is asked of the rows of one run: that must be all that it needs.
    private static void CheckRule(CompiledRule rule, StepDefinition step, GrowthDefinition growth, BoundQuery query, string input, IReadOnlyDictionary<string, Schema> inputs, Binder binder, AccessContext access)
    {
        switch (rule.Rule)
        {
            case UniqueRule unique:
                IReadOnlyList<Located<string>>? keys = growth switch { KeyGrowth byKey => byKey.Columns, WindowGrowth window => [window.Time], _ => null };
                if (keys?.All(key => unique.Columns.Any(column => column.Value.Equals(key.Value, StringComparison.OrdinalIgnoreCase))) == true) break;
                BilingualText remedy = keys is null
                    ? new BilingualText($"with `by_key: [{unique.Columns[0].Value}]` they are", $"改用 `by_key: [{unique.Columns[0].Value}]` 即可")
                    : new BilingualText($"make '{string.Join("', '", keys.Select(key => key.Value))}' part of it", $"请把“{string.Join("”、“", keys.Select(key => key.Value))}”加入该规则");
                throw new LeptonDataException("jobs.grows_unique", [unique.Name, remedy]) { Place = unique.Place };
            case RelationRule relation when relation.Table.Value.Equals(input, StringComparison.OrdinalIgnoreCase) || relation.Table.Value.Equals(step.Name, StringComparison.OrdinalIgnoreCase):
                throw new LeptonDataException("jobs.grows_rule", [relation.Name, relation.Table.Value]) { Place = relation.Place };
            case SqlRule sql:
                var own = new Dictionary<string, Schema>(inputs, StringComparer.OrdinalIgnoreCase) { [step.Name] = query.Schema };
                BoundQuery holds = binder.Bind(RuleSql.Holds(sql, step.Name), own, access);
                if (holds.Inputs.Keys.Any(name => name.Equals(input, StringComparison.OrdinalIgnoreCase))) throw new LeptonDataException("jobs.grows_rule", [sql.Name, input]) { Place = sql.Place };
                try
                {
                    KeyedGrowth.EnsureAppends(holds, step.Name);
                }
                catch (LeptonDataException failure) when (failure.Code == "sql.not_grown")
                {
                    throw new LeptonDataException("jobs.grows_rule", [sql.Name, step.Name], failure) { Place = failure.Place };
                }
                break;
        }
    }

    private static Field TimeOf(WindowGrowth growth, StepDefinition step, BoundQuery query)
    {
        Field time = ColumnOf(growth.Time, step, query);
        if (time.Type.Id is not (TypeId.Instant or TypeId.Date)) throw new LeptonDataException("jobs.grows_time", [time.Name, time.Type]) { Place = growth.Time.Place };
        if (time.Type.Id == TypeId.Date && growth.Width.Ticks % TimeSpan.TicksPerDay != 0) throw new LeptonDataException("jobs.grows_days", [time.Name, growth.Width]) { Place = growth.Time.Place };
        return time;
    }

    private static Field ColumnOf(Located<string> name, StepDefinition step, BoundQuery query)
        => query.Schema.Find(name.Value) ?? throw MissingColumn.Of(name.Value, step.Name, query.Schema, name.Place);

    // What can be proved is found by trying.
    private static BilingualText Fitting(BoundQuery query, string input, GrowthDefinition asked)
    {
        if (asked is not AppendGrowth && IsProved(() => KeyedGrowth.EnsureAppends(query, input))) return new BilingualText("`append` fits", "可以使用 `append`");
        string[] keys = [.. query.Schema.Fields.Select(field => field.Name).Where(name => IsProved(() => KeyedGrowth.ByKey(query, input, [name])))];
        if (keys.Length == 0) return new BilingualText("Take `grows` out: it is computed anew as a whole", "请去掉 `grows`，整表重新计算");
        string columns = string.Join(", ", keys.Take(5));
        return query.Schema.Fields.FirstOrDefault(field => field.Type.Id is TypeId.Instant or TypeId.Date && keys.Contains(field.Name)) is { } time
            ? new BilingualText($"`by_key` fits with any of {columns}, or `by_window` with `time: {time.Name}`", $"可以使用 `by_key`（列 {columns} 中的任一列），或 `by_window` 并写 `time: {time.Name}`")
            : new BilingualText($"`by_key` fits with any of {columns}", $"可以使用 `by_key`（列 {columns} 中的任一列）");
    }

    private static bool IsProved(Action proof)
    {
        try
        {
            proof();
            return true;
        }
        catch (LeptonDataException failure) when (failure.Code == "sql.not_grown")
        {
            return false;
        }
    }
}
