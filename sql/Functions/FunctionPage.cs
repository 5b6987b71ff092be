using System.Globalization;
using System.Text;
using Lepton.Data.Schemas;

namespace Lepton.Data.Sql.Functions;

/// <summary>Writes the tables of functions that the pages of the documentation on SQL end with.</summary>
internal static class FunctionPage
{
    private static readonly BilingualText s_columns = new("function | what it gives | types | pure | exact | Spark", "函数 | 给出什么（英文） | 类型 | 纯 | 精确 | Spark");
    private static readonly BilingualText s_yes = new("yes", "是");
    private static readonly BilingualText s_no = new("no", "否");
    private static readonly BilingualText s_notForFloats = new("not for floats", "浮点数除外");
    private static readonly BilingualText s_whenOrdered = new("with ORDER BY", "有 ORDER BY 时");
    private static readonly BilingualText s_notOnSpark = new("no: ", "无：");

    // In the order in which they stand on the page, which is that of use.
    private static readonly (string Name, BilingualText Title)[] s_groups =
    [
        .. new BilingualText[]
        {
            new("Aggregates", "聚合"), new("Windows", "窗口"), new("Numbers", "数值"), new("Text", "文本"), new("Dates and times", "日期和时间"), new("Lists, structs and maps", "列表、结构和映射"),
            new("Cleaning and checks", "清洗和检查"), new("Other", "其他"), new("Operators", "运算符"), new("In FROM", "FROM 中的函数"),
        }.Select(title => (title.English, title)),
    ];

    /// <param name="signatures">What the engine's catalog says of types; those of functions that are not in the table are left out.</param>
    /// <param name="culture">Of headings and of what stands in few words; names, types, Spark's forms and summaries are the same in every language.</param>
    internal static string Markdown(IReadOnlyList<FunctionSignature> signatures, CultureInfo culture)
    {
        var page = new StringBuilder();
        foreach ((string group, BilingualText title) in s_groups)
        {
            page.Append(CultureInfo.InvariantCulture, $"### {title.In(culture)}\n\n| {s_columns.In(culture)} |\n| --- | --- | --- | --- | --- | --- |\n");
            foreach (SqlFunction function in FunctionTable.All.Where(function => function.Group == group).OrderBy(function => function.Name, StringComparer.Ordinal))
            {
                string types = FunctionSignature.Text(signatures.Where(signature => signature.IsOf(function)));
                string spark = function.Spark is { } expression ? Code(expression) : s_notOnSpark.In(culture) + Cell(function.WhyNotOnSpark!);
                page.Append(CultureInfo.InvariantCulture, $"| {Code(function.Name)} | {Cell(function.Summary)} | {Cell(types)} | {(function.IsPure ? s_yes : s_no).In(culture)} | {Exact(function).In(culture)} | {spark} |\n");
            }
            page.Append('\n');
        }
        return page.ToString().TrimEnd('\n') + "\n";
    }

    private static BilingualText Exact(SqlFunction function) => function.Exactness switch
    {
        Exactness.Exact => s_yes,
        Exactness.InexactForFloats => s_notForFloats,
        Exactness.ExactWhenOrdered => s_whenOrdered,
        _ => s_no,
    };

    private static string Code(string text) => $"`{Cell(text)}`";

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
