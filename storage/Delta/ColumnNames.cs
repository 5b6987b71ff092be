using System.Buffers;

namespace Lepton.Data.Storage.Delta;

/// <summary>What a Delta table takes as a column's name.</summary>
public static class ColumnNames
{
    private static readonly SearchValues<char> s_refused = SearchValues.Create(" ,;{}()\n\t=");

    /// <summary>Whether no column's name may hold this character.</summary>
    public static bool Refuses(char character) => s_refused.Contains(character);

    /// <summary>Whether a column may have this name.</summary>
    public static bool IsName(string name) => name.Length > 0 && !name.AsSpan().ContainsAny(s_refused);
}
