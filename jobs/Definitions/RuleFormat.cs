using System.Diagnostics;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Sql;

namespace Lepton.Data.Jobs.Definitions;

/// <summary>How a rule is written in YAML.</summary>
internal static class RuleFormat
{
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
        Property<Located<string>> column = format.Optional("column", word, "The column that in, between, matches or type is about.", "in、between、matches 或 type 所针对的列。");
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
        Property<long> minRows = format.Optional("min_rows", Kinds.Integer(0), "The fewest rows that the table may have.", "表的最少行数。");
        Property<long> maxRows = format.Optional("max_rows", Kinds.Integer(0), "The most rows that the table may have.", "表的最多行数。");
        Property<OnFailure> onFailure = format.Optional(
            "on_failure",
            Kinds.Choice(("quarantine", OnFailure.Quarantine), ("fail", OnFailure.Fail), ("warn", OnFailure.Warn)),
            "What becomes of rows that break it: quarantine (the default), fail (nothing is written), or warn (they stay, and are counted). Rules on the number of rows fail, or warn.",
            "违反时的处理：quarantine（默认，隔离）、fail（失败，不写入任何内容）或 warn（保留这些行并计数）。行数规则为 fail（默认）或 warn。");
        Property[] kinds = [sql, members, between, matches, type, notNull, unique, minRows, maxRows];
        format.Needs(members, column);
        format.Needs(between, column);
        format.Needs(matches, column);
        format.Needs(type, column);
        return values =>
        {
            Property[] present = [.. kinds.Where(values.Has)];
            if (present.Length == 0) throw values.Error("jobs.rule_empty", string.Join(", ", kinds.Select(kind => kind.Key)));
            bool isRowCount = Array.TrueForAll(present, kind => kind == minRows || kind == maxRows);
            if (present.Length > 1 && !isRowCount) throw values.Error(present[1], "jobs.rule_twice", present[0].Key, present[1].Key);
            bool needsColumn = present[0] == members || present[0] == between || present[0] == matches || present[0] == type;
            if (values.Has(column) && !needsColumn) throw values.Error(column, "jobs.rule_column_unused", present[0].Key);
            bool isOnTable = isRowCount || present[0] == type;
            OnFailure failure = values.Find(onFailure) ?? (isOnTable ? OnFailure.Fail : OnFailure.Quarantine);
            SourcePlace place = values.Place;
            if (isOnTable && failure == OnFailure.Quarantine) throw values.Error(onFailure, "jobs.rule_on_table");
            if (isRowCount)
            {
                if (values.Find(minRows) > values.Find(maxRows)) throw values.Error(maxRows, "jobs.rule_bounds_swapped", values.Find(minRows), values.Find(maxRows));
                return new RowCountRule("", place, failure, values.Find(minRows), values.Find(maxRows));
            }
            if (values.Find(sql) is { } text) return new SqlRule("", place, failure, TextOf(text));
            if (values.Find(notNull) is { } filled) return new NotNullRule("", place, failure, filled);
            if (values.Find(unique) is { } key) return new UniqueRule("", place, failure, key);
            Located<string> subject = values.Only(column);
            if (values.Find(type) is { } declared)
            {
                if (failure != OnFailure.Fail) throw values.Error(onFailure, "jobs.rule_type_fails");
                return new TypeRule("", place, failure, subject, declared);
            }
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
            return new RelationRule("", place, failure, subject, target with { Value = target.Value[..dot] }, target.Value[(dot + 1)..]);
        };
    }

    internal static SqlText TextOf(TextWithPlace text) => new(text.Text, text.Start, text.Indent);

    private static Located<string> Only(this RecordValues values, Property<Located<string>> property) => values.Find(property) ?? throw new UnreachableException();
}
