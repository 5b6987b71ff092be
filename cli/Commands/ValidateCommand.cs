using System.CommandLine;
using System.Globalization;
using Lepton.Data.Cli.Output;
using Lepton.Data.Jobs.Validation;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton validate</c>: all that is wrong with what a project says, without running anything.</summary>
internal static class ValidateCommand
{
    internal static Command Create(VerbBuilder verbs) => verbs.Verb("validate", Texts.Get("cli.help_validate"), RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        ValidationResult result = await new ProjectValidator(context.Binder, () => context.LakeIfAny).ValidateAsync(context.Project, AccessContext.Owner, context.CancellationToken);
        if (context.IsJson) WriteJson(context, result);
        else
        {
            var failures = new Failures(context.Terminal, isJson: false, context.IsVerbose);
            foreach (LeptonDataException problem in result.Problems) failures.Report(problem, isInterrupted: false);
            if (result.Skipped.Count > 0) context.Terminal.Out.WriteLine(TextCells.Visible(Texts.Get("cli.validate_skipped", string.Join(", ", result.Skipped))));
            context.Terminal.Out.WriteLine(result.Problems.Count == 0
                ? Texts.Get("cli.validate_good", TextTable.Number(result.StepCount), TextTable.Number(result.TestCount), TextTable.Number(result.FeatureCount), TextTable.Number(result.ReportCount))
                : Texts.Get("cli.validate_bad", result.Problems.Count));
        }
        return result.Problems.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static void WriteJson(CommandContext context, ValidationResult result) => JsonOutput.Write(context.Terminal, json =>
    {
        json.WriteBoolean("is_valid", result.Problems.Count == 0);
        json.WriteNumber("steps", result.StepCount);
        json.WriteNumber("unit_tests", result.TestCount);
        json.WriteNumber("features", result.FeatureCount);
        json.WriteNumber("reports", result.ReportCount);
        json.WriteStrings("steps_not_checked", result.Skipped);
        json.WriteList("problems", result.Problems, problem =>
        {
            json.WriteString("code", problem.Code);
            json.WriteString("message", problem.MessageIn(CultureInfo.CurrentUICulture));
            if (problem.Place is { } place)
            {
                json.WriteString("file", place.Path);
                json.WriteNumber("line", place.LineNumber);
                json.WriteNumber("column", place.ColumnNumber);
            }
            if (problem.Excerpt is { } excerpt) json.WriteString("excerpt", excerpt);
        });
    });
}
