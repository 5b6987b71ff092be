using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Connectors.Files;

/// <summary>How a source of files is written in YAML.</summary>
public static class FileSourceFormat
{
    // Declared before what uses them: static fields are filled in the order of the text.
    private static RecordFormat<ColumnDeclaration> Column { get; } = RecordFormat.Declare<ColumnDeclaration>(
        new("source column", "数据源列"),
        "What is known of a column and the file does not say.",
        "文件本身没有说明的列信息。",
        format =>
        {
            Property<DataType> type = format.Optional("type", Kinds.Type, "The type to read its values as; else the type that the file has.", "读取该列时使用的类型；省略时取文件中的类型。");
            Property<Located<string>> zone = format.Optional(
                "zone", Kinds.Text.WithPlace(), "The IANA time zone of the clock that its times without zone were read from, such as UTC or Asia/Shanghai.", "不带时区的时间所用时钟的 IANA 时区，如 UTC 或 Asia/Shanghai。");
            Property<string> description = format.Optional("description", Kinds.Text, "What the column is.", "列的含义。");
            Property<bool> isPersonal = format.Optional("personal", Kinds.Boolean, "false", "Whether it tells of persons (a name, an address, a number of a device); the mark goes with its values through all steps.", "是否涉及个人（姓名、地址、设备号等）；该标记会随其值传到所有步骤。");
            return values => new ColumnDeclaration("", values.Place) { Type = values.Find(type), Zone = values.Find(zone), Description = values.Find(description), IsPersonal = values.Get(isPersonal) };
        });

    // "\t" is how people write a tab where they cannot type one.
    private static ValueKind<char> Character { get; } = Kinds.Text.Select(text => text switch
    {
        "\\t" or "tab" => '\t',
        [var single] when single is not ('\n' or '\r' or '\0') && single < 0x80 => single,
        _ => throw new LeptonDataException("connectors.one_character", [text]),
    });

    /// <summary>Reads a source; it has no name yet, since the map that holds it knows that.</summary>
    public static RecordFormat<FileSourceDefinition> Format { get; } = RecordFormat.Declare<FileSourceDefinition>(
        new("source", "数据源"),
        "Files that steps read under one name.",
        "步骤以同一个名称读取的一组文件。",
        Declare);

    private static Func<RecordValues, FileSourceDefinition> Declare(RecordFormatBuilder format)
    {
        Property<FileFormat> layout = format.Required("format", Kinds.Choice(("parquet", FileFormat.Parquet), ("csv", FileFormat.Csv)), "How the files are written.", "文件的格式。");
        Property<Located<string>> path = format.Required(
            "path", Kinds.Text.WithPlace(), "A file, or a pattern with * and ? within names and ** for folders, relative to the project's folder.", "文件或模式，相对于项目文件夹；名称中可用 * 和 ?，** 表示任意层文件夹。");
        Property<EquatableList<Entry<ColumnDeclaration>>> columns = format.Optional("columns", Kinds.MapByText<ColumnDeclaration>(Column), "{}", "By column, what the file does not say.", "按列给出文件没有说明的信息。");
        Property<SchemaPolicy> onSchemaChange = format.Optional(
            "on_schema_change",
            Kinds.Choice(("add", SchemaPolicy.Add), ("widen", SchemaPolicy.Widen), ("fail", SchemaPolicy.Fail), ("quarantine", SchemaPolicy.Quarantine)),
            "add",
            "What becomes of columns that are not those of the last run: `add` takes new ones and refuses what is gone or of another type, `widen` also takes types that hold all values of the type before, `fail` refuses any change, `quarantine` leaves files of other columns aside and reads the rest. What changed is said by the run, its record and the report.",
            "列与上次运行不同时的处理：`add` 接受新列，缺列或类型改变则拒绝；`widen` 还接受能容纳原类型所有值的类型；`fail` 拒绝任何变化；`quarantine` 把列不同的文件放在一边，读取其余文件。变化会在运行输出、记录和报告中说明。");
        Property<char> delimiter = format.Optional("delimiter", Character, "CSV: the character between fields; found out where it is not said.", "CSV：字段之间的字符；省略时自动识别。");
        Property<char> quote = format.Optional("quote", Character, "CSV: the character around fields; found out where it is not said.", "CSV：包围字段的字符；省略时自动识别。");
        Property<char> escape = format.Optional("escape", Character, "CSV: the character before a quote inside a quoted field.", "CSV：带引号的字段内引号前的转义字符。");
        Property<bool> header = format.Optional("header", Kinds.Boolean, "CSV: whether the first line names the columns; found out where it is not said.", "CSV：首行是否为列名；省略时自动识别。");
        Property<EquatableList<string>> nulls = format.Optional("nulls", Kinds.OneOrMore(Kinds.TextOrEmpty), "CSV: texts that mean NULL where they stand unquoted, such as [\"\", NA]; the empty text where it is not said.", "CSV：未加引号时表示 NULL 的文本，如 [\"\", NA]；省略时为空文本。");
        Property<string> encoding = format.Optional("encoding", Kinds.Choice(("utf-8", "utf-8"), ("utf-16", "utf-16"), ("latin-1", "latin-1")), "CSV: how characters are written; utf-8 where it is not said.", "CSV：字符编码；省略时为 utf-8。");
        Property[] csvOnly = [delimiter, quote, escape, header, nulls, encoding];
        return values =>
        {
            FileFormat chosen = values.Get(layout);
            if (chosen != FileFormat.Csv && csvOnly.FirstOrDefault(values.Has) is { } foreign) throw values.Error(foreign, "connectors.csv_only", foreign.Key);
            return new FileSourceDefinition
            {
                Name = "",
                Place = values.Place,
                Format = chosen,
                Path = values.Get(path),
                OnSchemaChange = values.Get(onSchemaChange),
                Columns = [.. values.Get(columns).Select(entry => entry.Value with { Name = entry.Name, Place = entry.Place })],
                Csv = new CsvDeclaration
                {
                    Delimiter = values.Find(delimiter),
                    Quote = values.Find(quote),
                    Escape = values.Find(escape),
                    HasHeader = values.Find(header),
                    NullTexts = values.Find(nulls),
                    Encoding = values.Find(encoding),
                },
            };
        };
    }
}
