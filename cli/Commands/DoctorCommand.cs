using System.CommandLine;
using Lepton.Data.Cli.Output;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton doctor</c>: what is missing on this machine and how to get it.</summary>
internal static class DoctorCommand
{
    internal static Command Create(VerbBuilder verbs) => verbs.Verb("doctor", Texts.Get("cli.help_doctor"), RunAsync);

    private static Task<int> RunAsync(CommandContext context)
    {
        IReadOnlyList<HealthCheck> checks = HealthChecks.Run(context);
        bool isHealthy = checks.All(check => check.State != HealthState.Missing);
        if (context.IsJson)
        {
            JsonOutput.Write(context.Terminal, json =>
            {
                json.WriteBoolean("is_healthy", isHealthy);
                json.WriteList("checks", checks, check =>
                {
                    json.WriteString("name", check.Name);
                    json.WriteString("state", check.State.ToString().ToLowerInvariant());
                    json.WriteString("detail", check.Detail);
                    json.WriteString("remedy", check.Remedy);
                });
            });
        }
        else
        {
            WriteText(context, checks);
            context.Terminal.Out.WriteLine(Texts.Get(isHealthy ? "cli.doctor_healthy" : "cli.doctor_ill"));
        }
        return Task.FromResult(isHealthy ? ExitCode.Done : ExitCode.Failed);
    }

    private static void WriteText(CommandContext context, IReadOnlyList<HealthCheck> checks)
    {
        int width = checks.Max(check => TextCells.Width(check.Title));
        foreach (HealthCheck check in checks)
        {
            (string mark, string color) = check.State switch { HealthState.Good => ("ok", "\e[32m"), HealthState.Doubtful => ("?", "\e[33m"), _ => ("!", "\e[31m") };
            mark = mark.PadRight(2);
            string title = check.Title + new string(' ', width - TextCells.Width(check.Title));
            context.Terminal.Out.WriteLine($"{(context.Terminal.HasColor ? $"{color}{mark}\e[0m" : mark)}  {title}  {TextCells.Visible(check.Detail)}");
            if (check.Remedy is not null) context.Terminal.Out.WriteLine($"    -> {TextCells.Visible(check.Remedy)}");
        }
    }
}
