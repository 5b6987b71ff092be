namespace Lepton.Data.Storage.Delta.Log;

/// <summary>A file's statistics as its writer wrote them, in a commit that was read or in a checkpoint that need not be.</summary>
internal readonly record struct StatisticsText
{
    private readonly ReadOnlyMemory<byte> _json;
    private readonly RestoredFiles? _files;
    private readonly int _row;

    private StatisticsText(ReadOnlyMemory<byte> json) => _json = json;

    /// <summary>Those of a checkpoint's row.</summary>
    internal StatisticsText(RestoredFiles files, int row) => (_files, _row) = (files, row);

    /// <summary>Whether asking for them reads nothing.</summary>
    internal bool IsAtHand => _files is null;

    /// <summary>In UTF-8; empty for none.</summary>
    internal ReadOnlyMemory<byte> Json => _files?.StatisticsOf(_row) ?? _json;

    public static implicit operator StatisticsText(byte[] json) => new(json.AsMemory());
}
