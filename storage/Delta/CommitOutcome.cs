namespace Lepton.Data.Storage.Delta;

/// <summary>What a failed <see cref="ITable.CommitAsync"/> leaves open: the answer to a write may be lost though the write arrived, or is still to arrive.</summary>
public static class CommitOutcome
{
    private const string Key = "Lepton.Data.CommitOutcome.IsUnknown";

    /// <summary>Whether the commit may be part of the log, now or later: then its files must stay, and the same change is not to be sent again before the log was looked at.</summary>
    public static bool IsUnknown(Exception failure) => failure.Data.Contains(Key);

    /// <returns>False, for use as an exception's filter.</returns>
    internal static bool Mark(Exception failure)
    {
        failure.Data[Key] = true;
        return false;
    }
}
