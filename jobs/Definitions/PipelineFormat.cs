using Lepton.Data.Connectors.Files;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.Jobs.Definitions;

/// <summary>How a pipeline is written in YAML.</summary>
public static class PipelineFormat
{
    private static RecordFormat<StepDefinition> Step { get; } = RecordFormat.Declare<StepDefinition>(
        new("step", "步骤"),
        "A table, and the SQL that makes it.",
        "一张表以及生成它的 SQL。",
        format =>
        {
            Property<string> description = format.Optional("description", Kinds.Text, "What the table holds.", "表的内容。");
            Property<TextWithPlace> sql = format.Required("sql", Kinds.Sql, "One SELECT over sources, steps and tables of the lake.", "一条 SELECT，可读取数据源、其他步骤和数据湖中的表。");
            Property<Located<string>> createdTime = format.Optional(
                "created_time", Kinds.Text.WithPlace(), "The column that says when a row could first have been known; checked against the created times of what the step reads.", "表示该行最早可知时间的列；会与所读数据的可知时间核对。");
            Property<bool> isTrusted = format.Optional(
                "created_time_trusted", Kinds.Boolean, "false", "Vouches for created_time where the rows that were read cannot be followed through the SQL.", "当无法沿 SQL 追踪所读的行时，由编写者担保 created_time 正确。");
            Property<Located<string>> eventTime = format.Optional("event_time", Kinds.Text.WithPlace(), "The column that says when what a row tells happened.", "表示行中事件发生时间的列。");
            Property<EquatableList<Located<string>>> notPersonal = format.Optional(
                "not_personal", Kinds.OneOrMore(Kinds.Text.WithPlace()), "Columns that tell of nobody though personal values flow into them, such as counts; the writer vouches for it.", "虽由个人数据计算而来、但不涉及任何个人的列（如计数），由编写者担保。");
            Property<EquatableList<Entry<RuleDefinition>>> rules = format.Optional("expect", Kinds.MapByName<RuleDefinition>(RuleFormat.Format), "{}", "Rules by name.", "按名称列出的规则。");
            Property<GrowthDefinition> grows = format.Optional(
                "grows", GrowthDefinition.Kind, "How the table grows when an input does; without it, all of it is computed anew.", "输入增长时表如何随之增长；省略时整表重新计算。");
            format.Needs(isTrusted, createdTime);
            return values => new StepDefinition
            {
                Name = "",
                Place = values.Place,
                Description = values.Find(description),
                Sql = RuleFormat.TextOf(values.Get(sql)),
                CreatedTime = CreatedTimeOf(values.Find(createdTime), values.Find(grows)),
                IsCreatedTimeTrusted = values.Get(isTrusted),
                EventTime = values.Find(eventTime),
                NotPersonal = values.Find(notPersonal) ?? [],
                Growth = values.Find(grows) is { } growth and not FullGrowth ? growth : null,
                Rules = [.. values.Get(rules).Select(entry => entry.Value with { Name = entry.Name, Place = entry.Place })],
            };
        });

    // Of a table of revisions, the revision's.
    private static Located<string>? CreatedTimeOf(Located<string>? said, GrowthDefinition? growth)
    {
        if ((growth as WindowGrowth)?.Emit?.CreatedTime is not { } revision) return said;
        return said is { } other && !other.Value.Equals(revision.Value, StringComparison.OrdinalIgnoreCase) ? throw new LeptonDataException("jobs.emit_created_twice", [revision.Value, other.Value]) { Place = other.Place } : revision;
    }

    /// <summary>Reads a file of <c>pipelines/</c>.</summary>
    public static RecordFormat<PipelineDefinition> Format { get; } = RecordFormat.Declare<PipelineDefinition>(
        new("pipeline", "流水线"),
        "Steps that make tables of sources and of each other.",
        "由数据源以及其他步骤生成表的一组步骤。",
        format =>
        {
            Property<string> name = format.Required("pipeline", Kinds.Name, "The pipeline's name.", "流水线名称。");
            Property<string> description = format.Optional("description", Kinds.Text, "What it is for.", "用途。");
            Property<EquatableList<Entry<FileSourceDefinition>>> sources = format.Optional(
                "sources", Kinds.MapByName<FileSourceDefinition>(FileSourceFormat.Format), "{}", "What is read from outside the lake, by the name that steps use.", "从数据湖外读取的数据，按步骤使用的名称列出。");
            Property<EquatableList<Entry<StepDefinition>>> steps = format.Required(
                "steps", Kinds.MapByName<StepDefinition>(Step, countMin: 1), "The steps; the name of a step is the name of its table.", "各步骤；步骤名即表名。");
            return values =>
            {
                FileSourceDefinition[] found = [.. values.Get(sources).Select(entry => entry.Value with { Name = entry.Name, Place = entry.Place })];
                StepDefinition[] made = [.. values.Get(steps).Select(entry => entry.Value with { Name = entry.Name, Place = entry.Place })];
                foreach (StepDefinition step in made)
                {
                    if (Array.Find(found, source => source.Name == step.Name) is { } twin)
                        throw new LeptonDataException("jobs.name_twice", [step.Name, twin.Place]) { Place = step.Place };
                }
                return new PipelineDefinition
                {
                    Name = values.Get(name),
                    Description = values.Find(description),
                    Place = values.PlaceOf(name),
                    Sources = found,
                    Steps = made,
                };
            };
        });
}
