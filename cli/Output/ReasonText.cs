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
        return growth.FullBecause is { } because
            ? Texts.Get("cli.reason_whole", growth.Mode, Word(because))
            : Texts.Get("cli.reason_grows", growth.Mode, Word(reason), TextTable.Number(growth.FilesRead));
    }

    private static string Word(string reason)
    {
        int colon = reason.IndexOf(':', StringComparison.Ordinal);
        (string word, string of) = colon < 0 ? (reason, "") : (reason[..colon], reason[(colon + 1)..]);
        return word switch
        {
            "new" or "plan" or "full_refresh" or "interrupted" or "input" or "file" or "after" or "removed" or "history" or "vacuumed" => Texts.Get($"cli.reason_{word}", of),
            _ => reason,
        };
    }
}
