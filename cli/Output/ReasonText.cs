using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Cli.Output;

/// <summary>Why a step runs, for people.</summary>
internal static class ReasonText
{
    /// <summary>The reason in words.</summary>
    /// <param name="reason">As <see cref="StepRecord.Reason"/>; empty for null.</param>
    /// <param name="growth">Of a step that grows: how; null for another.</param>
    internal static string Of(string? reason, GrowthRecord? growth)
    {
        if (reason is null) return "";
        if (growth is null) return Word(reason);
        if (growth.FullBecause is { } because) return Texts.Get("cli.reason_whole", growth.Mode, Word(because));
        // What will be touched is known once the changed files were read.
        return (growth.Mode, growth.KeysTouched, growth.FilesReplaced) switch
        {
            ("by_window", { } windows, _) => Texts.Get("cli.reason_windows", growth.Mode, Word(reason), TextTable.Number(windows)),
            (_, { } keys, _) => Texts.Get("cli.reason_keys", growth.Mode, Word(reason), TextTable.Number(keys)),
            (_, null, not null) => Texts.Get("cli.reason_read", growth.Mode, Word(reason), TextTable.Number(growth.FilesRead)),
            _ => Texts.Get("cli.reason_grows", growth.Mode, Word(reason), TextTable.Number(growth.FilesRead)),
        };
    }

    private static string Word(string reason)
    {
        int colon = reason.IndexOf(':', StringComparison.Ordinal);
        (string word, string of) = colon < 0 ? (reason, "") : (reason[..colon], reason[(colon + 1)..]);
        return word switch
        {
            "new" or "plan" or "full_refresh" or "interrupted" or "input" or "file" or "after" or "removed" or "history" or "columns" or "vacuumed" => Texts.Get($"cli.reason_{word}", of),
            _ => reason,
        };
    }
}
