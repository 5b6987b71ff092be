using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Lepton.Data.Cli.Output;
using Lepton.Data.Jobs;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Testing;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton test</c>: the unit tests of the project's steps.</summary>
internal static class TestCommand
{
    // More would be scrolled past; the JSON has all.
    private const int ShownRowsMax = 20;

    internal static Command Create(VerbBuilder verbs)
    {
        var names = new Argument<string[]>("STEP") { Description = Texts.Get("cli.help_test_steps"), Arity = ArgumentArity.ZeroOrMore };
        return verbs.Verb("test", Texts.Get("cli.help_test"), context => RunAsync(context, context.Get(names) ?? []), [names]);
    }

    private static async Task<int> RunAsync(CommandContext context, string[] names)
    {
        IReadOnlyList<PipelineDefinition> pipelines = context.Project.LoadPipelines();
        IReadOnlyList<UnitTestDefinition> tests = context.Project.LoadUnitTests();
        if (tests.Count == 0) throw new LeptonDataException("cli.no_tests", [Path.Combine(context.Project.Folder, "pipelines", "tests")]);
        if (names.Length > 0)
        {
            KnownNames.Check(names, [.. tests.Select(test => test.Step.Value).Concat(tests.Select(test => test.Name)).Distinct()], "cli.unknown_test");
            tests = [.. tests.Where(test => names.Contains(test.Step.Value) || names.Contains(test.Name))];
        }
        RunContext run = context.NewRun();
        string scratch = Path.Combine(Path.GetTempPath(), $"lepton-test-{run.Id}");
        context.Reach([scratch]);
        try
        {
            var tester = new StepTester(context.Engine, context.FrontEnd, scratch);
            long start = context.Time.GetTimestamp();
            IReadOnlyList<UnitTestResult> results = await tester.RunAsync(context.Project, pipelines, tests, () => context.LakeIfAny, run, context.CancellationToken);
            TimeSpan duration = context.Time.GetElapsedTime(start);
            if (context.IsJson) WriteJson(context, results, duration);
            else WriteText(context, results, duration);
            return results.All(result => result.IsPassed) ? ExitCode.Done : ExitCode.Failed;
        }
        finally
        {
            if (Directory.Exists(scratch)) Directory.Delete(scratch, recursive: true);
        }
    }

    private static void WriteText(CommandContext context, IReadOnlyList<UnitTestResult> results, TimeSpan duration)
    {
        TextWriter output = context.Terminal.Out;
        TextTable table = new TextTable()
            .Column(Texts.Get("cli.column_step")).Column(Texts.Get("cli.column_unit_test")).Column(Texts.Get("cli.column_result")).Column(Texts.Get("cli.column_milliseconds"), isRight: true);
        foreach (UnitTestResult result in results)
            table.Row(result.Test.Step.Value, result.Test.Name, Texts.Get(result.IsPassed ? "cli.test_passed" : "cli.test_failed"), result.Duration.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture));
        table.Write(context.Terminal);
        foreach (UnitTestResult result in results.Where(result => !result.IsPassed))
        {
            output.WriteLine();
            output.WriteLine(Texts.Get("cli.test_failed_at", result.Test.Name, result.Test.Place));
            LeptonDataException? error = result.Error;
            if (error is not null) output.WriteLine($"  {TextCells.Visible(error.MessageIn(CultureInfo.CurrentUICulture))}");
            foreach (string line in (error?.Excerpt ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries)) output.WriteLine($"    {TextCells.Visible(line)}");
            if (result.Rows is { IsEmpty: false } rows) WriteDiff(context, Texts.Get("cli.test_rows"), rows);
            if (result.Quarantine is { IsEmpty: false } quarantine) WriteDiff(context, Texts.Get("cli.test_quarantine"), quarantine);
            if (result.Late is { IsEmpty: false } late) WriteDiff(context, Texts.Get("cli.test_late"), late);
            if (result is { RowsQuarantined: > 0, Test.Quarantine: null }) output.WriteLine($"  {Texts.Get("cli.test_quarantined", TextTable.Number(result.RowsQuarantined))}");
        }
        int failed = results.Count(result => !result.IsPassed);
        output.WriteLine();
        output.WriteLine(Texts.Get("cli.tests_done", results.Count - failed, failed, duration.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)));
        output.Flush();
    }

    private static void WriteDiff(CommandContext context, string what, RowDiff diff)
    {
        context.Terminal.Out.WriteLine($"  {Texts.Get("cli.test_diff", what, diff.EqualRowCount, diff.Changed.Count, diff.Missing.Count, diff.Unexpected.Count)}");
        var table = new TextTable().Column("");
        foreach (Field column in diff.Columns) table.Column(column.Name, note: column.Type.ToString());
        string Shown(int column, object? value) => ValueText.ForPeople(diff.Columns[column].Type, value) ?? "NULL";
        foreach (ChangedRow row in diff.Changed.Take(ShownRowsMax))
            table.Row([" ~", .. Enumerable.Range(0, diff.Columns.Count).Select(i => row.Columns.Contains(i) ? $"{Shown(i, row.Expected[i])} -> {Shown(i, row.Actual[i])}" : Shown(i, row.Actual[i]))]);
        foreach (IReadOnlyList<object?> row in diff.Missing.Take(ShownRowsMax)) table.Row([" -", .. row.Select((value, i) => Shown(i, value))]);
        foreach (IReadOnlyList<object?> row in diff.Unexpected.Take(ShownRowsMax)) table.Row([" +", .. row.Select((value, i) => Shown(i, value))]);
        table.Write(context.Terminal);
    }

    private static void WriteJson(CommandContext context, IReadOnlyList<UnitTestResult> results, TimeSpan duration) => JsonOutput.Write(context.Terminal, json =>
    {
        json.WriteNumber("passed", results.Count(result => result.IsPassed));
        json.WriteNumber("failed", results.Count(result => !result.IsPassed));
        json.WriteNumber("seconds", Math.Round(duration.TotalSeconds, 3));
        json.WriteList("tests", results, result =>
        {
            json.WriteString("name", result.Test.Name);
            json.WriteString("step", result.Test.Step.Value);
            json.WriteString("file", result.Test.Place.Path);
            json.WriteNumber("line", result.Test.Place.LineNumber);
            json.WriteBoolean("is_passed", result.IsPassed);
            json.WriteNumber("seconds", Math.Round(result.Duration.TotalSeconds, 6));
            json.WriteOptional("rows_quarantined", result.RowsQuarantined);
            if (result.Error is { } error)
            {
                json.WriteStartObject("error");
                json.WriteString("code", error.Code);
                json.WriteString("message", error.MessageIn(CultureInfo.CurrentUICulture));
                json.WriteEndObject();
            }
            WriteDiff(json, "rows", result.Rows);
            WriteDiff(json, "quarantine", result.Quarantine);
            WriteDiff(json, "late", result.Late);
        });
    });

    private static void WriteDiff(Utf8JsonWriter json, string name, RowDiff? diff)
    {
        if (diff is null) return;
        json.WriteStartObject(name);
        json.WriteNumber("equal", diff.EqualRowCount);
        json.WriteList("changed", diff.Changed, row =>
        {
            WriteRow(json, "expected", diff.Columns, row.Expected);
            WriteRow(json, "actual", diff.Columns, row.Actual);
        });
        json.WriteList("missing", diff.Missing, row => WriteValues(json, diff.Columns, row));
        json.WriteList("unexpected", diff.Unexpected, row => WriteValues(json, diff.Columns, row));
        json.WriteEndObject();
    }

    private static void WriteRow(Utf8JsonWriter json, string name, IReadOnlyList<Field> columns, IReadOnlyList<object?> row)
    {
        json.WriteStartObject(name);
        WriteValues(json, columns, row);
        json.WriteEndObject();
    }

    private static void WriteValues(Utf8JsonWriter json, IReadOnlyList<Field> columns, IReadOnlyList<object?> row)
    {
        for (int i = 0; i < columns.Count; i++)
        {
            json.WritePropertyName(columns[i].Name);
            ValueText.WriteJson(json, columns[i].Type, row[i]);
        }
    }
}
