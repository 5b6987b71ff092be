using System.Runtime.CompilerServices;
using System.Text;
using Lepton.Data.Schemas;

namespace Lepton.Data.Sql;

/// <summary>Makes errors that point into the person's text.</summary>
internal static class SqlErrors
{
    // Wider lines are cut to a window around the caret.
    private const int ExcerptWidth = 120;

    /// <summary>An error at <paramref name="offset"/> (bytes of UTF-8; negative where nothing better is known than the text's beginning).</summary>
    internal static LeptonDataException At(this SqlText text, long offset, string code, params object?[] arguments)
        => text.AtCharacter(offset < 0 ? 0 : text.CharacterAt(offset), code, arguments);

    /// <summary>An error at the UTF-16 index <paramref name="index"/>.</summary>
    internal static LeptonDataException AtCharacter(this SqlText text, int index, string code, params object?[] arguments)
        => new(code, arguments) { Place = text.PlaceOfCharacter(index), Excerpt = Excerpt(text, index) };

    /// <summary>Refuses what is nested deeper than the stack bears, instead of ending the process.</summary>
    internal static void EnsureStack(this SqlText text, long offset)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw text.At(offset, "sql.too_deep");
    }

    private static string Excerpt(SqlText text, int index)
    {
        int from = text.PrefixLength;
        int to = text.Text.Length - text.SuffixLength;
        index = Math.Clamp(index, from, to);
        int lineStart = index == from ? from : text.Text.LastIndexOf('\n', index - 1, index - from) + 1;
        if (lineStart == 0) lineStart = from;
        int lineEnd = text.Text.IndexOf('\n', index, to - index);
        if (lineEnd < 0) lineEnd = to;
        if (lineEnd - lineStart > ExcerptWidth)
        {
            lineStart = Math.Max(lineStart, index - ExcerptWidth / 2);
            lineEnd = Math.Min(lineEnd, lineStart + ExcerptWidth);
        }
        var pad = new StringBuilder();
        foreach (Rune rune in text.Text.AsSpan(lineStart, index - lineStart).EnumerateRunes())
            pad.Append(rune.Value == '\t' ? "\t" : IsWide(rune) ? "  " : " ");
        return $"{text.Text[lineStart..lineEnd].TrimEnd('\r')}\n{pad}^";
    }

    // The blocks that terminals draw two columns wide: Hangul Jamo, CJK, Hangul, full-width forms, emoji.
    private static bool IsWide(Rune rune) => rune.Value is (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60) or (>= 0xFFE0 and <= 0xFFE6) or (>= 0x1F300 and <= 0x1FAFF) or (>= 0x20000 and <= 0x3FFFD);
}
