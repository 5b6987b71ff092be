using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.Jobs.Testing;

/// <summary>How unit tests are written in YAML; the words are dbt's where it has them.</summary>
public static class UnitTestFormat
{
    // Declared before what uses them: static fields are filled in the order of the text.
    private static ValueKind<FixtureRows> Rows { get; } = Kinds.List(Kinds.MapByText(Kinds.Any))
        .Select(rows => new FixtureRows([.. rows.Select(row => (IReadOnlyList<Entry<YamlNode>>)row)], null))
        .Or(Kinds.Text.WithPlace().Select(file => new FixtureRows(null, file), new BilingualText("the name of a CSV file beside", "同一文件夹中 CSV 文件的名称")));

    private static ValueKind<EquatableList<Entry<DataType>>> Types { get; } = Kinds.MapByText(Kinds.Type);

    private static RecordFormat<GivenRows> Given { get; } = RecordFormat.Declare<GivenRows>(
        new("given rows", "给定行"),
        "The rows that an input of the step holds, and the types of its columns.",
        "步骤的一个输入所含的行，以及各列的类型。",
        format =>
        {
            Property<FixtureRows> rows = format.Required("rows", Rows, "The rows; a column that a row leaves out is NULL.", "各行；行中省略的列为 NULL。");
            Property<EquatableList<Entry<DataType>>> columns = format.Optional("columns", Types, "{}", "Types by column, where the project does not tell them.", "按列给出类型；项目已知的类型不必给出。");
            return values => new GivenRows("", values.Place, values.Get(rows), values.Get(columns));
        });

    private sealed record Expectation(FixtureRows? Rows, FixtureRows? Quarantine, FixtureRows? Late, Located<string>? Fails);

    private static RecordFormat<Expectation> Expect { get; } = RecordFormat.Declare<Expectation>(
        new("expected rows", "预期行"),
        "What the step makes of the given rows. Only the columns that are named are compared, and the order of rows does not count.",
        "步骤由给定行得到的结果。只比较写出的列，行的顺序不计。",
        format =>
        {
            Property<FixtureRows> rows = format.Optional("rows", Rows, "The rows of the table.", "表中的行。");
            Property<FixtureRows> quarantine = format.Optional("quarantine", Rows, "The rows of the quarantine; `__rules` and `__reason` may be among the columns.", "隔离区中的行；列中可有 `__rules` 和 `__reason`。");
            Property<FixtureRows> late = format.Optional("late", Rows, "Of a step whose windows have revisions: the rows that came too late for any.", "对窗口带有修订的步骤：过晚而不进入任何修订的行。");
            Property<Located<string>> fails = format.Optional("fails", Kinds.Text.WithPlace(), "The rule that refuses the data, so that nothing is written.", "拒绝数据、使任何内容都不写入的规则。");
            return values =>
            {
                if (!values.Has(rows) && !values.Has(quarantine) && !values.Has(late) && !values.Has(fails)) throw values.Error("jobs.test_expects_nothing");
                if (values.Has(fails) && (values.Has(rows) || values.Has(quarantine) || values.Has(late))) throw values.Error(fails, "jobs.test_fails_and_rows");
                return new Expectation(values.Find(rows), values.Find(quarantine), values.Find(late), values.Find(fails));
            };
        });

    private static RecordFormat<UnitTestDefinition> Test { get; } = RecordFormat.Declare<UnitTestDefinition>(
        new("unit test", "单元测试"),
        "Rows that a step reads, and what it makes of them.",
        "步骤读取的行，以及由此得到的结果。",
        format =>
        {
            Property<string> description = format.Optional("description", Kinds.Text, "What it shows.", "测试说明什么。");
            Property<Located<string>> step = format.Required("step", Kinds.Name.WithPlace(), "The step.", "被测试的步骤。");
            Property<EquatableList<Entry<GivenRows>>> given = format.Required(
                "given", Kinds.MapByText(Given.Or(Rows.Select(rows => new GivenRows("", new SourcePlace(""), rows, [])))), "By name, all that the step and its rules read: rows, or the name of a CSV file beside.", "按名称给出步骤及其规则读取的全部输入：各行，或同一文件夹中 CSV 文件的名称。");
            Property<Expectation> expect = format.Required<Expectation>("expect", Expect, "What comes out.", "得到的结果。");
            return values =>
            {
                Expectation expected = values.Get(expect);
                return new UnitTestDefinition
                {
                    Name = "",
                    Place = values.Place,
                    Description = values.Find(description),
                    Step = values.Get(step),
                    Given = [.. values.Get(given).Select(entry => entry.Value with { Input = entry.Name, Place = entry.Place })],
                    Rows = expected.Rows,
                    Quarantine = expected.Quarantine,
                    Late = expected.Late,
                    Fails = expected.Fails,
                };
            };
        });

    /// <summary>Reads a file of <c>pipelines/tests/</c>.</summary>
    public static RecordFormat<IReadOnlyList<UnitTestDefinition>> Format { get; } = RecordFormat.Declare<IReadOnlyList<UnitTestDefinition>>(
        new("unit test file", "单元测试文件"),
        "Unit tests of steps, run by `lepton test`.",
        "步骤的单元测试，由 `lepton test` 运行。",
        format =>
        {
            Property<EquatableList<Entry<EquatableList<Entry<DataType>>>>> columns = format.Optional(
                "columns", Kinds.MapByText(Types), "{}", "By input, types of its columns, for all tests of the file; needed only where the project does not tell them (a file that is not there).", "按输入给出各列的类型，用于本文件的所有测试；仅在项目无法得知时（如文件不在）才需要。");
            Property<EquatableList<Entry<UnitTestDefinition>>> tests = format.Required("unit_tests", Kinds.MapByName<UnitTestDefinition>(Test, countMin: 1), "The tests by name.", "按名称列出的测试。");
            return values =>
            {
                Dictionary<string, IReadOnlyList<Entry<DataType>>> types = values.Get(columns).ToDictionary(entry => entry.Name, entry => (IReadOnlyList<Entry<DataType>>)entry.Value, StringComparer.OrdinalIgnoreCase);
                return [.. values.Get(tests).Select(entry => entry.Value with { Name = entry.Name, Place = entry.Place, Columns = types })];
            };
        });
}
