using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Rules;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Sql.Lineage;
using Lepton.Data.Storage.Delta;

namespace Lepton.Data.Jobs.Planning;

/// <summary>Binds steps against the columns of what they read.</summary>
internal sealed class StepBinder(Binder binder, AccessContext access)
{
    // Counted up when the same plan would be written differently, so that tables are made anew.
    private const int WritingVersion = 1;

    private static readonly string[] s_handedOn = [FieldMetadata.SourceNameKey, FieldMetadata.CommentKey];

    /// <summary>Binds a step, its rules and its times.</summary>
    /// <param name="node">The step.</param>
    /// <param name="inputs">The columns of what it reads, by name.</param>
    /// <exception cref="LeptonDataException">The step cannot be run; with the place in the person's file.</exception>
    internal BoundStep Bind(StepNode node, IReadOnlyDictionary<string, Schema> inputs)
    {
        StepDefinition step = node.Step;
        BoundQuery query = binder.Bind(step.Sql, inputs, access);
        if (query.ImpureCall is { } impure) throw new LeptonDataException("jobs.not_pure", [impure.Function]) { Place = impure.Place };
        StepRevisions? revisions = StepGrowth.Revise(step, query, inputs, rows => Carry(step, rows, inputs));
        if (revisions is not null) query = revisions.Windows.Whole;
        foreach (Field column in query.Schema.Fields) CheckColumn(column, step);
        if (step.CreatedTime is { } created) CheckTime(created, query.Schema, step);
        if (step.EventTime is { } happened) CheckTime(happened, query.Schema, step);
        foreach (Located<string> column in step.NotPersonal) _ = query.Schema.Find(column.Value) ?? throw MissingColumn.Of(column.Value, step.Name, query.Schema, column.Place);
        var compiler = new RuleCompiler(step, query.Schema, inputs, binder, access);
        var problems = new ProblemList();
        IReadOnlyList<CompiledRule> rules = problems.Try(compiler.Compile) ?? [];
        IReadOnlyList<CompiledTableRule> tableRules = problems.Try(compiler.CompileTable) ?? [];
        problems.ThrowIfAny();
        StepGrowth? growth = step.Growth is null ? null : StepGrowth.Prove(step, query, revisions, rules, inputs, restricted => Carry(step, restricted, inputs), binder, access);
        BoundQuery? carried = revisions is null ? Carry(step, query, inputs) : revisions.Carried is { } own ? revisions.Windows.Revise(own) : null;
        return new BoundStep(node, query, carried, rules, TableSchema(query, inputs, step), growth, PlanHash(step, query, revisions, rules, tableRules)) { TableRules = tableRules, Lineage = LineageOf(step, query, rules) };
    }

    // What a rule looks at decides, by way of the quarantine, which rows there are.
    private static QueryLineage LineageOf(StepDefinition step, BoundQuery query, IReadOnlyList<CompiledRule> rules)
    {
        IReadOnlyDictionary<string, ColumnLineage> made = query.Lineage.Columns;
        InputColumn[] deciding = [.. rules.Where(rule => rule.Rule.OnFailure == OnFailure.Quarantine).SelectMany(rule => rule.Reads).Distinct().SelectMany(
            column => string.Equals(column.Input, step.Name, StringComparison.OrdinalIgnoreCase) ? made[column.Column].Values.Concat(made[column.Column].Influences) : [column])];
        return deciding.Length == 0
            ? query.Lineage
            : new QueryLineage(made.ToDictionary(column => column.Key, column => column.Value with { Influences = column.Value.Influences.Concat(deciding).ToHashSet() }, StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>The column of a table that says when its rows were known; null where it does not say.</summary>
    internal static string? CreatedTimeOf(Schema schema) => schema.Fields.FirstOrDefault(column => column.Metadata[FieldMetadata.CreatedTimeKey] == "true")?.Name;

    // Rows computed from others were not known before them: where both sides say their times, that is checked.
    private static BoundQuery? Carry(StepDefinition step, BoundQuery query, IReadOnlyDictionary<string, Schema> inputs)
    {
        if (step.CreatedTime is null || step.IsCreatedTimeTrusted) return null;
        var columns = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string input in query.Inputs.Keys)
            if (inputs.TryGetValue(input, out Schema? schema) && CreatedTimeOf(schema) is { } column && !IsRevised(input, column)) columns.Add(input, column);
        return columns.Count == 0 ? null : CreatedTimes.Carry(query, columns);

        // A revision is made of rows that were known before it: that need not be looked at.
        bool IsRevised(string input, string column)
            => step.Growth is WindowGrowth { Emit: { } emit, Of: var of } && column.Equals(emit.CreatedTime.Value, StringComparison.OrdinalIgnoreCase) && (of is null || input.Equals(of.Value.Value, StringComparison.OrdinalIgnoreCase));
    }

    private static Schema TableSchema(BoundQuery query, IReadOnlyDictionary<string, Schema> inputs, StepDefinition step)
    {
        bool Names(Located<string>? declared, Field column) => declared is { } name && string.Equals(name.Value, column.Name, StringComparison.OrdinalIgnoreCase);
        bool IsVouchedFor(Field column) => step.NotPersonal.Any(name => string.Equals(name.Value, column.Name, StringComparison.OrdinalIgnoreCase));
        return new Schema(query.Schema.Fields.Select(column => new Field(column.Name, column.Type)
        {
            // What an input said of its own times does not hold for what was made of it.
            Metadata = KnownOf(column, query, inputs)
                .With(FieldMetadata.PersonalKey, IsVouchedFor(column) ? null : column.Metadata[FieldMetadata.PersonalKey])
                .With(FieldMetadata.CreatedTimeKey, Names(step.CreatedTime, column) ? "true" : null)
                .With(FieldMetadata.EventTimeKey, Names(step.EventTime, column) ? "true" : null),
        }));
    }

    // A column that is handed on under its name keeps the name that its source gave it, and what a person said of it.
    private static FieldMetadata KnownOf(Field column, BoundQuery query, IReadOnlyDictionary<string, Schema> inputs)
    {
        FieldMetadata known = column.Metadata;
        if (!query.Lineage.Columns.TryGetValue(column.Name, out ColumnLineage? lineage) || lineage.Values.Count != 1) return known;
        InputColumn origin = lineage.Values.Single();
        if (!string.Equals(origin.Column, column.Name, StringComparison.OrdinalIgnoreCase) || !inputs.TryGetValue(origin.Input, out Schema? input) || input.Find(origin.Column) is not { } source) return known;
        foreach (string key in s_handedOn) known = known.With(key, known[key] ?? source.Metadata[key]);
        return known;
    }

    private static void CheckColumn(Field column, StepDefinition step)
    {
        string? code = column.Type.Id switch
        {
            TypeId.NaiveTime => "jobs.naive_column",
            TypeId.Null => "jobs.untyped_column",
            _ when column.Name.StartsWith("__", StringComparison.Ordinal) => "jobs.column_is_ours",
            _ when !ColumnNames.IsName(column.Name) => "jobs.column_name",
            _ => null,
        };
        if (code is not null) throw new LeptonDataException(code, [column.Name, step.Name]) { Place = step.Sql.Start };
    }

    private static void CheckTime(Located<string> name, Schema schema, StepDefinition step)
    {
        Field column = schema.Find(name.Value) ?? throw MissingColumn.Of(name.Value, step.Name, schema, name.Place);
        if (column.Type.Id != TypeId.Instant) throw new LeptonDataException("jobs.time_type", [column.Name, column.Type]) { Place = name.Place };
    }

    private static string PlanHash(StepDefinition step, BoundQuery query, StepRevisions? revisions, IReadOnlyList<CompiledRule> rules, IReadOnlyList<CompiledTableRule> tableRules)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{WritingVersion}\n{query.PlanHash}\n{step.CreatedTime?.Value}\n{step.IsCreatedTimeTrusted}\n{step.EventTime?.Value}\n");
        foreach (Located<string> column in step.NotPersonal) text.Append(CultureInfo.InvariantCulture, $"{column.Value} is not personal\n");
        // The late rows have all of the input's columns.
        if (revisions is not null) text.Append(CultureInfo.InvariantCulture, $"{revisions.Windows.LateRows.PlanHash}\n");
        foreach (CompiledRule rule in rules) text.Append(CultureInfo.InvariantCulture, $"{rule.Rule.Name}\n{rule.Rule.OnFailure}\n{rule.Identity}\n");
        foreach (RowCountRule rule in step.Rules.OfType<RowCountRule>()) text.Append(CultureInfo.InvariantCulture, $"{rule.Name}\n{rule.Min}\n{rule.Max}\n{(rule.OnFailure == OnFailure.Warn ? "Warn\n" : "")}");
        // What is asked at every run, or before it, does not make the table another.
        foreach (CompiledTableRule rule in tableRules.Where(rule => rule.Rule is RowHistoryRule or QueryRule)) text.Append(CultureInfo.InvariantCulture, $"{rule.Rule.Name}\n{rule.Rule.OnFailure}\n{rule.Identity}\n");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
