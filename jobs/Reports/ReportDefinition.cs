using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Sql;

namespace Lepton.Data.Jobs.Reports;

/// <summary>What a project says in its report beyond what every report shows: a file of <c>reports/</c>.</summary>
public sealed record ReportDefinition
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What stands at the top.</summary>
    public required ReportText Title { get; init; }

    /// <summary>What stands below the title.</summary>
    public ReportText? Introduction { get; init; }

    /// <summary>The column whose way back to the sources is drawn.</summary>
    public LineageTarget? Lineage { get; init; }

    /// <summary>Its panels, as the file orders them.</summary>
    public EquatableList<PanelDefinition> Panels { get; init; } = [];

    private static ValueKind<ReportText> Text { get; } = RecordFormat.Declare<ReportText>(new("text in two languages", "双语文本"), "A text in English and Chinese.", "中英文文本。", format =>
    {
        Property<string> en = format.Required("en", Kinds.Text, "In English.", "英文。");
        Property<string> zh = format.Required("zh", Kinds.Text, "In Chinese.", "中文。");
        return values => new ReportText(values.Get(en), values.Get(zh));
    }).Or(Kinds.Text.Select(text => new ReportText(text, null)));

    private static RecordFormat<LineageTarget> LineageFormat { get; } = RecordFormat.Declare<LineageTarget>(new("lineage", "血缘"), "A column of a training set.", "训练集的一列。", format =>
    {
        Property<string> trainingSet = format.Required("training_set", Kinds.Name, "The training set.", "训练集。");
        Property<Located<string>> column = format.Required("column", Kinds.Text.WithPlace(), "One of its feature columns, `view__feature`.", "其特征列之一，`view__feature`。");
        return values => new LineageTarget(values.Get(trainingSet), values.Get(column).Value, values.Get(column).Place);
    });

    private static RecordFormat<PanelColumn> ColumnFormat { get; } = RecordFormat.Declare<PanelColumn>(new("panel column", "面板列"), "How a column of a panel is shown.", "面板一列的显示方式。", format =>
    {
        Property<ReportText> title = format.Optional("title", Text, "What it is called.", "列标题。");
        Property<string> numberFormat = format.Optional("format", Kinds.Text, "`percent`, or `0.00` for as many decimals.", "`percent`，或用 `0.00` 指定小数位数。");
        Property<EquatableList<Entry<ReportText>>> names = format.Optional("values", Kinds.MapByText(Text), "{}", "What its values are called.", "各取值的名称。");
        return values => new PanelColumn(values.Find(title), values.Find(numberFormat), values.Get(names));
    });

    private static RecordFormat<PanelDefinition> PanelFormat { get; } = RecordFormat.Declare<PanelDefinition>(new("panel", "面板"), "A query and how its answer is shown.", "一个查询及其结果的展示方式。", format =>
    {
        Property<ReportText> title = format.Required("title", Text, "Its heading.", "标题。");
        Property<ReportText> text = format.Optional("text", Text, "What it shows and why.", "说明其内容和意义。");
        Property<TextWithPlace> sql = format.Required("sql", Kinds.Sql, "One SELECT over tables and training sets (`datasets.name`); at most 1,000 rows are shown.", "对表和训练集（`datasets.name`）的一条 SELECT；最多显示 1000 行。");
        Property<string> chart = format.Optional("chart", Kinds.Choice(("table", "table"), ("bar", "bar"), ("line", "line"), ("number", "number")), "table", "How it is drawn.", "图表类型。");
        Property<string> x = format.Optional("x", Kinds.Text, "The column that names bars or points; the first, if left out.", "柱或点的名称所在列；默认第一列。");
        Property<EquatableList<string>> y = format.Optional("y", Kinds.OneOrMore(Kinds.Text), "The columns that are drawn; all numbers, if left out.", "要绘制的列；默认所有数值列。");
        Property<double> from = format.Optional("from", Kinds.Number(), "Where bars begin, if not at 0.", "柱的起点，默认 0。");
        Property<EquatableList<Entry<PanelColumn>>> columns = format.Optional("columns", Kinds.MapByText(ColumnFormat.ToValueKind()), "{}", "How its columns are shown.", "各列的显示方式。");
        return values => new PanelDefinition
        {
            Title = values.Get(title),
            Text = values.Find(text),
            Sql = Sql(values.Get(sql)),
            Chart = values.Get(chart),
            X = values.Find(x),
            Y = values.Find(y) ?? [],
            From = values.Find(from),
            Columns = values.Get(columns),
        };
    });

    /// <summary>The form of the file.</summary>
    public static RecordFormat<ReportDefinition> Format { get; } = RecordFormat.Declare<ReportDefinition>(new("report", "报告"), "What a report shows beyond what every report shows.", "报告在固定内容之外的内容。", format =>
    {
        Property<string> name = format.Required("report", Kinds.Name, "Its name.", "名称。");
        Property<ReportText> title = format.Required("title", Text, "Its heading.", "标题。");
        Property<ReportText> introduction = format.Optional("introduction", Text, "A few sentences below the heading.", "标题下的简介。");
        Property<LineageTarget> lineage = format.Optional("lineage", LineageFormat.ToValueKind(), "The column whose way back to the sources is drawn.", "要绘制血缘的列。");
        Property<EquatableList<Entry<PanelDefinition>>> panels = format.Optional("panels", Kinds.MapByName(PanelFormat.ToValueKind()), "{}", "Its own panels, by name.", "自定义面板，按名称。");
        return values => new ReportDefinition
        {
            Name = values.Get(name),
            Title = values.Get(title),
            Introduction = values.Find(introduction),
            Lineage = values.Find(lineage),
            Panels = new EquatableList<PanelDefinition>(values.Get(panels).Select(entry => entry.Value with { Name = entry.Name })),
        };
    });

    // Folded or escaped text has one place only: every error then points to where it begins.
    private static SqlText Sql(TextWithPlace text) => new(text.Text, text.Start, text.Indent);
}

/// <summary>A column of a training set.</summary>
public sealed record LineageTarget(string TrainingSet, string Column, SourcePlace Place);

/// <summary>A query and how its answer is shown.</summary>
public sealed record PanelDefinition
{
    /// <summary>Its name, unique in the report.</summary>
    public string Name { get; init; } = "";

    /// <summary>Its heading.</summary>
    public required ReportText Title { get; init; }

    /// <summary>What it shows and why.</summary>
    public ReportText? Text { get; init; }

    /// <summary>One SELECT.</summary>
    public required SqlText Sql { get; init; }

    /// <summary><c>table</c>, <c>bar</c>, <c>line</c> or <c>number</c>.</summary>
    public required string Chart { get; init; }

    /// <summary>The column of names; null for the first.</summary>
    public string? X { get; init; }

    /// <summary>The columns that are drawn; empty for all numbers.</summary>
    public EquatableList<string> Y { get; init; } = [];

    /// <summary>Where bars begin; null for zero.</summary>
    public double? From { get; init; }

    /// <summary>How columns are shown, by name.</summary>
    public EquatableList<Entry<PanelColumn>> Columns { get; init; } = [];
}

/// <summary>How a column of a panel is shown.</summary>
/// <param name="Title">What it is called; null for its name.</param>
/// <param name="Format">How its numbers are written; null for as many digits as say something.</param>
/// <param name="Values">What its values are called.</param>
public sealed record PanelColumn(ReportText? Title, string? Format, EquatableList<Entry<ReportText>> Values);
