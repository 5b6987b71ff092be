using System.Text;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>Makes one line of a text that may have many.</summary>
internal static class OneLine
{
    private const int LengthMax = 600;

    internal static string Of(string text)
    {
        var line = new StringBuilder(Math.Min(text.Length, LengthMax + 1));
        foreach (char c in text)
        {
            bool isSpace = char.IsWhiteSpace(c) || char.IsControl(c);
            if (isSpace && (line.Length == 0 || line[^1] == ' ')) continue;
            if (line.Length >= LengthMax) return line.Append('…').ToString();
            line.Append(isSpace ? ' ' : c);
        }
        return line.ToString().TrimEnd();
    }
}
