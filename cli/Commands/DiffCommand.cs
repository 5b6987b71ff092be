using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Lepton.Data.Cli.Output;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Profiles;
using Lepton.Data.Schemas;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton diff</c>: how two tables, two versions or two files differ.</summary>
internal static class DiffCommand
{
    internal static Command Create(VerbBuilder verbs)
    {
        var left = new Argument<string>("LEFT") { Description = Texts.Get("cli.help_relation") };
        var right = new Argument<string>("RIGHT") { Description = Texts.Get("cli.help_relation") };
        var key = new Option<string?>("--key") { Description = Texts.Get("cli.help_diff_key"), HelpName = "COLUMN,…" };
        var exitCode = new Option<bool>("--exit-code") { Description = Texts.Get("cli.help_diff_exit_code") };
        return verbs.Verb("diff", Texts.Get("cli.help_diff"), context => RunAsync(context, context.Get(left)!, context.Get(right)!, context.Get(key), context.Get(exitCode)), [left, right, key, exitCode]);
    }

    private static async Task<int> RunAsync(CommandContext context, string left, string right, string? key, bool hasExitCode)
    {
        NamedRelation before = await NamedRelation.OpenAsync(context, left);
        NamedRelation after = await NamedRelation.OpenAsync(context, right);
        before.WriteNotes(context.Terminal);
        after.WriteNotes(context.Terminal);
        IReadOnlyList<string> keys = key is not null ? key.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : KeyOf(context, before, after);
        TableDiff diff = await ProgressDisplay.ShowAsync(context, progress => new TableComparer(context.Engine, context.Binder).CompareAsync(Compared(before), Compared(after), keys, context.NewRun(progress), context.CancellationToken).AsTask());
        if (context.IsJson) JsonOutput.Write(context.Terminal, json => WriteJson(json, diff));
        else WriteText(context, diff);
        return hasExitCode && !diff.AreEqual ? ExitCode.Failed : ExitCode.Done;
    }

    private static ComparedRelation Compared(NamedRelation relation) => new(relation.Name, relation.Input, relation.ContentHash);

    // What the step that makes the table declares unique names its rows.
    private static string[] KeyOf(CommandContext context, NamedRelation left, NamedRelation right)
    {
        if (!context.HasProject) return [];
        foreach (string name in new[] { left, right }.Where(relation => relation.Snapshot is not null).Select(relation => relation.Name.Split('@')[0]))
        {
            StepDefinition? step = context.Project.LoadPipelines().SelectMany(pipeline => pipeline.Steps).FirstOrDefault(step => step.Name == name);
            string[] columns = [.. step?.Rules.OfType<UniqueRule>().FirstOrDefault()?.Columns.Select(column => column.Value) ?? []];
            if (columns.Length > 0 && Array.TrueForAll(columns, column => left.Input.Schema.Find(column) is not null && right.Input.Schema.Find(column) is not null)) return columns;
        }
        return [];
    }

    internal static void WriteText(CommandContext context, TableDiff diff)
    {
        TextWriter output = context.Terminal.Out;
        void Line(string code, params object?[] arguments) => output.WriteLine(TextCells.Visible(Texts.Get(code, arguments)));
        if (diff.ContentHash is not null)
        {
            Line("cli.diff_same_hash", diff.Left, diff.Right, diff.ContentHash);
            return;
        }
        Line("cli.diff_of", diff.Left, TextTable.Number(diff.LeftRowCount), diff.Right, TextTable.Number(diff.RightRowCount));
        foreach (Field field in diff.AddedColumns) Line("cli.diff_column_added", field.Name, field.Type);
        foreach (Field field in diff.RemovedColumns) Line("cli.diff_column_removed", field.Name, field.Type);
        foreach (ColumnDiff column in diff.Columns.Where(column => !column.Left.Field.Type.Equals(column.Right.Field.Type))) Line("cli.diff_column_type", column.Left.Field.Name, column.Left.Field.Type, column.Right.Field.Type);
        if (diff.Rows is { } rows) Line("cli.diff_rows", TextTable.Number(rows.AddedCount), TextTable.Number(rows.RemovedCount));
        if (diff.Keys is { } keys)
        {
            Line("cli.diff_keys", string.Join(", ", diff.Key), TextTable.Number(keys.AddedCount), TextTable.Number(keys.RemovedCount), TextTable.Number(keys.ChangedCount), TextTable.Number(keys.EqualCount));
            if (keys.LeftRepeatedCount + keys.RightRepeatedCount > 0) Line("cli.diff_repeated", TextTable.Number(keys.LeftRepeatedCount), TextTable.Number(keys.RightRepeatedCount));
            foreach (IReadOnlyList<string?> example in keys.AddedExamples) output.WriteLine($"  + {KeyText(example)}");
            foreach (IReadOnlyList<string?> example in keys.RemovedExamples) output.WriteLine($"  - {KeyText(example)}");
        }
        if (diff.AreEqual)
        {
            Line("cli.diff_equal");
            return;
        }
        output.WriteLine();
        TextTable table = new TextTable().Column(Texts.Get("cli.column_column"));
        if (diff.Keys is not null) table.Column(Texts.Get("cli.column_changed"), isRight: true);
        table.Column("NULL", isRight: true).Column(Texts.Get("cli.column_distinct"), isRight: true).Column(Texts.Get("cli.column_mean"), isRight: true).Column(Texts.Get("cli.column_median"), isRight: true).Column(Texts.Get("cli.column_range"), isRight: true).Column("PSI", isRight: true).Column(Texts.Get("cli.column_shifts"));
        foreach (ColumnDiff column in diff.Columns)
        {
            List<string?> cells = [column.Left.Field.Name];
            if (diff.Keys is not null) cells.Add(column.ChangedCount is { } changed ? Changed(changed, diff.Keys) : Texts.Get("cli.diff_is_key"));
            cells.AddRange(
                Both(ProfileText.Share(column.Left.NullCount, diff.LeftRowCount!.Value), ProfileText.Share(column.Right.NullCount, diff.RightRowCount!.Value)), Both(Distinct(column.Left), Distinct(column.Right)), Both(Mean(column.Left), Mean(column.Right)), Both(Median(column.Left), Median(column.Right)), Both(Range(column.Left), Range(column.Right)),
                column.Psi is { } psi ? psi.ToString(psi is > 0 and < 0.0005 ? "0.0e0" : "0.000", CultureInfo.InvariantCulture) : "–",
                column.IsPersonal ? Texts.Get("cli.profile_personal") : string.Join(", ", column.Shifts.Take(3).Select(shift => $"{TextCells.Cut(shift.Value, 20)} {ProfileText.Share(shift.LeftCount, diff.LeftRowCount.Value)} -> {ProfileText.Share(shift.RightCount, diff.RightRowCount.Value)}")));
            table.Row([.. cells]);
        }
        table.Write(context.Terminal);
        foreach (ColumnDiff column in diff.Columns.Where(column => column.Examples.Count > 0))
        {
            Line("cli.diff_examples", column.Left.Field.Name, TextTable.Number(column.ChangedCount));
            foreach (ValueChange change in column.Examples) output.WriteLine(TextCells.Visible($"  {KeyText(change.Key)}: {TextCells.Cut(change.Left ?? "NULL", 60)} -> {TextCells.Cut(change.Right ?? "NULL", 60)}"));
        }
        output.Flush();
    }

    private static string Changed(long count, KeyDiff keys) => count == 0 ? "0" : $"{TextTable.Number(count)} ({ProfileText.Share(count, keys.ChangedCount + keys.EqualCount)})";

    private static string KeyText(IReadOnlyList<string?> key) => TextCells.Visible(string.Join(", ", key.Select(value => TextCells.Cut(value ?? "NULL", 60))));

    private static string Both(string left, string right) => left == right ? left : $"{left} -> {right}";

    private static string Distinct(ColumnProfile profile) => profile.DistinctCount is { } count ? $"{(profile.IsDistinctExact ? "" : "≈ ")}{TextTable.Number(count)}" : "–";

    private static string Mean(ColumnProfile profile) => profile.Mean is { } mean ? ProfileText.Number(mean) : "–";

    private static string Median(ColumnProfile profile)
        => profile.Quantiles.Count > 2 ? ProfileText.Value(profile.Field.Type.Id is TypeId.Date or TypeId.Instant or TypeId.NaiveTime ? profile.Field.Type : DataType.Float64, profile.Quantiles[2]) : "–";

    // Of numbers: the ends of texts say little, those of times take much room.
    private static string Range(ColumnProfile profile)
        => profile.Field.Type.Id is TypeId.Integer or TypeId.Float or TypeId.Decimal && profile is { Min: { } min, Max: { } max } ? $"{ProfileText.Value(profile.Field.Type, min)} … {ProfileText.Value(profile.Field.Type, max)}" : "–";

    internal static void WriteJson(Utf8JsonWriter json, TableDiff diff)
    {
        json.WriteString("left", diff.Left);
        json.WriteString("right", diff.Right);
        json.WriteBoolean("are_equal", diff.AreEqual);
        json.WriteString("content_hash", diff.ContentHash);
        json.WriteOptional("left_rows", diff.LeftRowCount);
        json.WriteOptional("right_rows", diff.RightRowCount);
        json.WriteStrings("columns_added", diff.AddedColumns.Select(field => field.ToString()));
        json.WriteStrings("columns_removed", diff.RemovedColumns.Select(field => field.ToString()));
        json.WriteStrings("key", diff.Key);
        if (diff.Rows is { } rows)
        {
            json.WriteStartObject("rows");
            json.WriteNumber("added", rows.AddedCount);
            json.WriteNumber("removed", rows.RemovedCount);
            json.WriteEndObject();
        }
        if (diff.Keys is { } keys)
        {
            json.WriteStartObject("keys");
            json.WriteNumber("added", keys.AddedCount);
            json.WriteNumber("removed", keys.RemovedCount);
            json.WriteNumber("changed", keys.ChangedCount);
            json.WriteNumber("equal", keys.EqualCount);
            json.WriteNumber("left_repeated", keys.LeftRepeatedCount);
            json.WriteNumber("right_repeated", keys.RightRepeatedCount);
            WriteKeys(json, "added_examples", keys.AddedExamples);
            WriteKeys(json, "removed_examples", keys.RemovedExamples);
            json.WriteEndObject();
        }
        json.WriteList("columns", diff.Columns, column =>
        {
            json.WriteString("name", column.Left.Field.Name);
            json.WriteString("left_type", column.Left.Field.Type.ToString());
            json.WriteString("right_type", column.Right.Field.Type.ToString());
            if (column.IsPersonal) json.WriteBoolean("personal", true);
            json.WriteOptional("changed", column.ChangedCount);
            json.WritePropertyName("psi");
            if (column.Psi is { } psi) json.WriteNumberValue(Math.Round(psi, 9));
            else json.WriteNullValue();
            WriteSide(json, "left", column.Left);
            WriteSide(json, "right", column.Right);
            json.WriteList("shifts", column.Shifts, shift =>
            {
                json.WriteString("value", shift.Value);
                json.WriteNumber("left", shift.LeftCount);
                json.WriteNumber("right", shift.RightCount);
            });
            json.WriteList("examples", column.Examples, change =>
            {
                json.WriteStartArray("key");
                foreach (string? value in change.Key) json.WriteStringValue(value);
                json.WriteEndArray();
                json.WriteString("left", change.Left);
                json.WriteString("right", change.Right);
            });
        });
    }

    private static void WriteKeys(Utf8JsonWriter json, string name, IReadOnlyList<IReadOnlyList<string?>> keys)
    {
        json.WriteStartArray(name);
        foreach (IReadOnlyList<string?> key in keys)
        {
            json.WriteStartArray();
            foreach (string? value in key) json.WriteStringValue(value);
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    private static void WriteSide(Utf8JsonWriter json, string name, ColumnProfile profile)
    {
        json.WriteStartObject(name);
        json.WriteNumber("nulls", profile.NullCount);
        json.WriteOptional("distinct", profile.DistinctCount);
        if (profile.Mean is { } mean) json.WriteNumber("mean", mean);
        if (profile.Min is { } min && profile.Max is { } max)
        {
            ProfileCommand.WriteValue(json, "min", profile.Field.Type, min);
            ProfileCommand.WriteValue(json, "max", profile.Field.Type, max);
        }
        if (profile.Quantiles.Count > 0)
        {
            DataType type = profile.Field.Type.Id is TypeId.Date or TypeId.Instant or TypeId.NaiveTime ? profile.Field.Type : DataType.Float64;
            json.WriteStartObject("quantiles");
            for (int i = 0; i < profile.Quantiles.Count; i++)
            {
                json.WritePropertyName(Profiler.Quantiles[i].ToString(CultureInfo.InvariantCulture));
                ValueText.WriteJson(json, type, profile.Quantiles[i]);
            }
            json.WriteEndObject();
        }
        else if (profile.Top.Count > 0)
        {
            json.WriteList("top", profile.Top, top =>
            {
                ProfileCommand.WriteValue(json, "value", profile.Field.Type, top.Value);
                json.WriteNumber("count", top.Count);
            });
        }
        json.WriteEndObject();
    }
}
