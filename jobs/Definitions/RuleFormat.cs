using System.Diagnostics;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Sql;

namespace Lepton.Data.Jobs.Definitions;

/// <summary>How a rule is written in YAML.</summary>
internal static class RuleFormat
{
    private sealed record RowHistory(double Within, int OfLast);

    // Declared before what uses them: static fields are filled in the order of the text.
    private static RecordFormat<RowHistory> RowHistoryFormat { get; } = RecordFormat.Declare<RowHistory>(
        new("row history", "行数历史"),
        "How far the number of rows may be from the median of the last runs that computed the step. Without such a run it holds.",
        "行数与最近几次计算该步骤的运行的中位数最多相差多少。没有这样的运行时视为满足。",
        format =>
        {
            Property<double> within = format.Required("within", Kinds.Percent, "The greatest distance, as a share of that median.", "与该中位数的最大差距（占比）。");
            Property<long> ofLast = format.Optional("of_last", Kinds.Integer(1, 1000), "5", "Of how many runs; of fewer where there are fewer.", "取最近几次运行；不足时取已有的。");
            return values => new RowHistory(values.Get(within), (int)values.Get(ofLast));
        });

    private sealed record ForeignKey(IReadOnlyList<Located<string>> Columns, Located<string> Table, IReadOnlyList<string> References);

    private static RecordFormat<ForeignKey> ForeignKeyFormat { get; } = RecordFormat.Declare<ForeignKey>(
        new("foreign key", "外键"),
        "Columns whose values together occur in another table. Where one of them is NULL, it holds.",
        "各列的取值组合必须出现在另一张表中。其中有 NULL 时视为满足。",
        format =>
        {
            Property<EquatableList<Located<string>>> columns = format.Required("columns", Kinds.OneOrMore(Kinds.Text.WithPlace()), "The columns of the step.", "步骤的列。");
            Property<Located<string>> table = format.Required("table", Kinds.Text.WithPlace(), "The other table: a source, a step or a table of the lake.", "另一张表：数据源、步骤或数据湖中的表。");
            Property<EquatableList<string>> references = format.Optional("references", Kinds.OneOrMore(Kinds.Text), "Its columns, one for each; those of the same names where it is not said.", "其对应的列，逐一对应；省略时为同名列。");
            return values =>
            {
                EquatableList<Located<string>> own = values.Get(columns);
                EquatableList<string> theirs = values.Find(references) ?? [.. own.Select(column => column.Value)];
                return theirs.Count == own.Count ? new ForeignKey(own, values.Get(table), theirs) : throw values.Error(references, "jobs.rule_key_lengths", own.Count, theirs.Count);
            };
        });

    internal static RecordFormat<RuleDefinition> Format { get; } = RecordFormat.Declare<RuleDefinition>(
        new("rule", "规则"),
        "What the rows of a step must fulfil. A rule is broken where it is false; where it is NULL it holds.",
        "步骤的行必须满足的条件。条件为假即违反；为 NULL 则视为满足。",
        Declare);

    // A set is a list, a column of another table is one word; both stand behind `in`.
    private sealed record Members(IReadOnlyList<Located<string>>? Values, Located<string>? TableColumn);

    private static Func<RecordValues, RuleDefinition> Declare(RecordFormatBuilder format)
    {
        ValueKind<Located<string>> word = Kinds.Text.WithPlace();
        Property<TextWithPlace> sql = format.Optional("sql", Kinds.Sql, "An SQL expression over the step's columns.", "针对步骤各列的 SQL 表达式。");
        Property<Located<string>> column = format.Optional("column", word, "The column that in, between, matches, type or freshness is about.", "in、between、matches、type 或 freshness 所针对的列。");
        Property<Members> members = format.Optional(
            "in",
            Kinds.List(Kinds.TextOrEmpty.WithPlace(), countMin: 1).Select(values => new Members(values, null)).Or(word.Select(value => new Members(null, value))),
            "A list of values, or table.column: every value occurs there.",
            "取值列表，或 table.column：每个值都必须出现在其中。");
        Property<EquatableList<Located<string>>> between = format.Optional("between", Kinds.List(word, countMin: 2), "The least and the greatest value allowed.", "允许的最小值和最大值。");
        Property<Located<string>> matches = format.Optional("matches", word, "A regular expression (RE2) that each value as a whole matches.", "每个值整体匹配的正则表达式（RE2）。");
        Property<EquatableList<Located<string>>> notNull = format.Optional("not_null", Kinds.OneOrMore(word), "Columns that are never NULL.", "不得为 NULL 的列。");
        Property<EquatableList<Located<string>>> unique = format.Optional("unique", Kinds.OneOrMore(word), "Columns that together occur once.", "组合起来不得重复的列。");
        Property<Located<DataType>> type = format.Optional("type", Kinds.Type.WithPlace(), "The type of the column; another stops the run before it begins.", "列的类型；类型不同则运行尚未开始即停止。");
        Property<TimeSpan> freshness = format.Optional("freshness", Kinds.Duration, "How old the column's newest time may be when the run looks; asked at every run, also where the table is up to date.", "运行时该列最新时间最多可以有多旧；每次运行都会检查，表未变化时也一样。");
        Property<ForeignKey> foreignKey = format.Optional<ForeignKey>("foreign_key", ForeignKeyFormat, "Columns whose values together occur in another table.", "各列的取值组合必须出现在另一张表中。");
        Property<TextWithPlace> noRows = format.Optional("no_rows", Kinds.Sql, "A SELECT over the table, by the step's name, and others, that gives no row; the rows that it gives are what is wrong.", "针对该表（以步骤名引用）及其他表的 SELECT，不得返回任何行；返回的行即为有误之处。");
        Property<RowHistory> rowCount = format.Optional<RowHistory>("row_count", RowHistoryFormat, "How far the number of rows may be from that of the last runs.", "行数与最近几次运行最多相差多少。");
        Property<long> minRows = format.Optional("min_rows", Kinds.Integer(0), "The fewest rows that the table may have.", "表的最少行数。");
        Property<long> maxRows = format.Optional("max_rows", Kinds.Integer(0), "The most rows that the table may have.", "表的最多行数。");
        Property<OnFailure> onFailure = format.Optional(
            "on_failure",
            Kinds.Choice(("quarantine", OnFailure.Quarantine), ("fail", OnFailure.Fail), ("warn", OnFailure.Warn)),
            "What becomes of rows that break it: quarantine (the default), fail (nothing is written), or warn (they stay, and are counted). Rules on the table as a whole (its type, rows, freshness, a query) fail, or warn.",
            "违反时的处理：quarantine（默认，隔离）、fail（失败，不写入任何内容）或 warn（保留这些行并计数）。针对整张表的规则（类型、行数、新鲜度、查询）为 fail（默认）或 warn。");
        Property[] kinds = [sql, members, between, matches, type, freshness, notNull, unique, foreignKey, noRows, rowCount, minRows, maxRows];
        format.Needs(members, column);
        format.Needs(between, column);
        format.Needs(matches, column);
        format.Needs(type, column);
        format.Needs(freshness, column);
        return values =>
        {
            Property[] present = [.. kinds.Where(values.Has)];
            if (present.Length == 0) throw values.Error("jobs.rule_empty", string.Join(", ", kinds.Select(kind => kind.Key)));
            bool isRowCount = Array.TrueForAll(present, kind => kind == minRows || kind == maxRows);
            if (present.Length > 1 && !isRowCount) throw values.Error(present[1], "jobs.rule_twice", present[0].Key, present[1].Key);
            bool needsColumn = present[0] == members || present[0] == between || present[0] == matches || present[0] == type || present[0] == freshness;
            if (values.Has(column) && !needsColumn) throw values.Error(column, "jobs.rule_column_unused", present[0].Key);
            bool isOnTable = isRowCount || present[0] == type || present[0] == freshness || present[0] == noRows || present[0] == rowCount;
            OnFailure failure = values.Find(onFailure) ?? (isOnTable ? OnFailure.Fail : OnFailure.Quarantine);
            SourcePlace place = values.Place;
            if (isOnTable && failure == OnFailure.Quarantine) throw values.Error(onFailure, "jobs.rule_on_table");
            if (isRowCount)
            {
                if (values.Find(minRows) > values.Find(maxRows)) throw values.Error(maxRows, "jobs.rule_bounds_swapped", values.Find(minRows), values.Find(maxRows));
                return new RowCountRule("", place, failure, values.Find(minRows), values.Find(maxRows));
            }
            if (values.Find(noRows) is { } query) return new QueryRule("", place, failure, TextOf(query));
            if (values.Find(rowCount) is { } history) return new RowHistoryRule("", place, failure, history.Within, history.OfLast);
            if (values.Find(foreignKey) is { } reference) return new RelationRule("", place, failure, reference.Columns, reference.Table, reference.References);
            if (values.Find(sql) is { } text) return new SqlRule("", place, failure, TextOf(text));
            if (values.Find(notNull) is { } filled) return new NotNullRule("", place, failure, filled);
            if (values.Find(unique) is { } key) return new UniqueRule("", place, failure, key);
            Located<string> subject = values.Only(column);
            if (values.Find(type) is { } declared)
            {
                if (failure != OnFailure.Fail) throw values.Error(onFailure, "jobs.rule_type_fails");
                return new TypeRule("", place, failure, subject, declared);
            }
            if (values.Find(freshness) is { } age) return new FreshnessRule("", place, failure, subject, age);
            if (values.Find(matches) is { } pattern) return new MatchRule("", place, failure, subject, pattern);
            if (values.Find(between) is { } bounds)
            {
                return bounds is [var min, var max]
                    ? new BetweenRule("", place, failure, subject, min, max)
                    : throw values.Error(between, "jobs.rule_two_bounds", bounds.Count);
            }
            Members allowed = values.Find(members) ?? throw new UnreachableException();
            if (allowed.Values is { } set) return new SetRule("", place, failure, subject, set);
            Located<string> target = allowed.TableColumn!.Value;
            int dot = target.Value.LastIndexOf('.');
            if (dot <= 0 || dot == target.Value.Length - 1) throw new LeptonDataException("jobs.rule_in_what", [target.Value]) { Place = target.Place };
            return new RelationRule("", place, failure, [subject], target with { Value = target.Value[..dot] }, [target.Value[(dot + 1)..]]);
        };
    }

    internal static SqlText TextOf(TextWithPlace text) => new(text.Text, text.Start, text.Indent);

    private static Located<string> Only(this RecordValues values, Property<Located<string>> property) => values.Find(property) ?? throw new UnreachableException();
}
