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
    // Of a table of thousands of columns, some are enough for a hint.
    private const int ColumnsTriedMax = 100;

    /// <summary>Where windows have revisions: those; else null.</summary>
    internal StepRevisions? Revisions { get; init; }

    /// <summary>What computes the rows of the keys that are read, and the same with the greatest created times, where those are checked.</summary>
    /// <param name="windows">As in <see cref="KeyedGrowth.RestrictedTo"/>.</param>
    /// <param name="greatest">Of revisions: the input's greatest created time.</param>
    internal (BoundQuery Query, BoundQuery? Carried) Restricted((EventTime First, EventTime Last)? windows, EventTime? greatest)
    {
        if (Revisions is { } revisions)
            return (revisions.Windows.Revise(revisions.Query, windows, greatest), revisions.Carried is { } carried ? revisions.Windows.Revise(carried, windows, greatest) : null);
        BoundQuery restricted = windows is null ? Keyed!.Restricted : Keyed!.RestrictedTo(windows);
        return (restricted, Carry(restricted));
    }

    /// <summary>Proves that the step's windows can have the revisions that it says.</summary>
    /// <param name="step">A step.</param>
    /// <param name="query">What makes a window's rows.</param>
    /// <param name="inputs">The columns of what it reads, by name.</param>
    /// <param name="carry">As in <see cref="Prove"/>.</param>
    /// <returns>Null where it says none.</returns>
    /// <exception cref="LeptonDataException"><c>jobs.grows_…</c>, <c>jobs.emit_…</c></exception>
    internal static StepRevisions? Revise(StepDefinition step, BoundQuery query, IReadOnlyDictionary<string, Schema> inputs, Func<BoundQuery, BoundQuery?> carry)
    {
        if (step.Growth is not WindowGrowth { Emit: { } emit } growth) return null;
        string input = InputOf(step, growth, query);
        Schema columns = inputs[input];
        Field created = columns.Find(emit.CreatedTime.Value) ?? throw MissingColumn.Of(emit.CreatedTime.Value, input, columns, emit.CreatedTime.Place);
        if (created.Type.Id != TypeId.Instant) throw new LeptonDataException("jobs.emit_time", [created.Name, created.Type, input]) { Place = emit.CreatedTime.Place };
        if (query.Schema.Find(created.Name) is not null) throw new LeptonDataException("jobs.emit_twice", [created.Name, step.Name]) { Place = emit.CreatedTime.Place };
        foreach (Field column in columns.Fields)
            if (column.Type.Id is TypeId.NaiveTime or TypeId.Null) throw new LeptonDataException("jobs.emit_late", [column.Name, input, column.Type]) { Place = growth.Place };
        Field time = TimeOf(growth, step, query);
        WindowRevisions windows = Proved(step, query, input, () => WindowRevisions.Prove(query, input, time.Name, growth.Width, created.Name, emit.Delays));
        return new StepRevisions(windows, query, carry(query), columns);
    }

    /// <summary>Proves what the step says of itself.</summary>
    /// <param name="step">A step that grows.</param>
    /// <param name="query">What it computes.</param>
    /// <param name="revisions">What <see cref="Revise"/> gives.</param>
    /// <param name="rules">Its rules.</param>
    /// <param name="inputs">The columns of what it reads, by name.</param>
    /// <param name="carry">Adds created times to a query where they are checked.</param>
    /// <param name="binder">Binds the rules' expressions.</param>
    /// <param name="access">On whose behalf.</param>
    /// <exception cref="LeptonDataException"><c>jobs.grows_…</c>: it cannot be proved, with place, reason and what would fit.</exception>
    internal static StepGrowth Prove(
        StepDefinition step, BoundQuery query, StepRevisions? revisions, IReadOnlyList<CompiledRule> rules, IReadOnlyDictionary<string, Schema> inputs, Func<BoundQuery, BoundQuery?> carry, Binder binder, AccessContext access)
    {
        GrowthDefinition growth = step.Growth!;
        string input = InputOf(step, growth, query);
        foreach (CompiledRule rule in rules) CheckRule(rule, step, growth, query, input, inputs, binder, access);
        if (revisions is not null) return new StepGrowth(growth.Mode, input, revisions.Windows.Keyed, carry) { Revisions = revisions };
        return Proved(step, query, input, () =>
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
        });
    }

    private static T Proved<T>(StepDefinition step, BoundQuery query, string input, Func<T> proof)
    {
        try
        {
            return proof();
        }
        catch (LeptonDataException failure) when (failure.Code == "sql.not_grown")
        {
            throw new LeptonDataException("jobs.grows_not", [step.Name, step.Growth!.Mode, failure.Arguments[0], Fitting(query, input, step.Growth)], failure) { Place = failure.Place, Excerpt = failure.Excerpt };
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
        Field[] keys = [.. query.Schema.Fields.Take(ColumnsTriedMax).Where(field => IsProved(() => KeyedGrowth.EnsureFollows(query, input, field.Name)))];
        if (keys.Length == 0) return new BilingualText("Take `grows` out: it is computed anew as a whole", "请去掉 `grows`，整表重新计算");
        string columns = string.Join(", ", keys.Take(5).Select(field => field.Name));
        return Array.Find(keys, field => field.Type.Id is TypeId.Instant or TypeId.Date) is { } time
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

/// <summary>The revisions of a step's windows.</summary>
/// <param name="Windows">Those.</param>
/// <param name="Query">What makes a window's rows.</param>
/// <param name="Carried">The same with the greatest created times of what it reads, where those are checked.</param>
/// <param name="LateSchema">The columns of the late rows: the input's.</param>
internal sealed record StepRevisions(WindowRevisions Windows, BoundQuery Query, BoundQuery? Carried, Schema LateSchema);
