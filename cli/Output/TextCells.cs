using System.Buffers;
using System.Globalization;
using System.Text;

namespace Lepton.Data.Cli.Output;

/// <summary>Text as a terminal shows it: how many cells it takes, and what of it is safe to show.</summary>
internal static class TextCells
{
    // Control characters (C0 without none, DEL, C1) and the marks that turn the direction of text: data must not steer a person's terminal.
    private static readonly SearchValues<char> s_unsafe = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Concat(Enumerable.Range(0x7f, 0x21)).Concat(Enumerable.Range(0x202a, 5)).Concat(Enumerable.Range(0x2066, 4)).Concat([0x2028, 0x2029]).Select(c => (char)c)]);

    /// <summary>The text with everything escaped that would steer the terminal: <c>\n</c>, <c>\t</c>, <c>\u001b</c>, …</summary>
    internal static string Visible(string text)
    {
        if (text.AsSpan().IndexOfAny(s_unsafe) < 0) return text;
        var visible = new StringBuilder(text.Length + 8);
        foreach (char c in text)
        {
            if (!s_unsafe.Contains(c)) visible.Append(c);
            else visible.Append(c switch { '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", _ => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") });
        }
        return visible.ToString();
    }

    /// <summary>How many cells <paramref name="text"/> takes: two for a wide character (Chinese, Japanese, Korean, emoji), none for a combining mark.</summary>
    internal static int Width(string text)
    {
        if (Ascii.IsValid(text)) return text.Length;
        int width = 0;
        foreach (Rune rune in text.EnumerateRunes()) width += Width(rune);
        return width;
    }

    /// <summary>The text, cut to <paramref name="cells"/> with an ellipsis where it is longer.</summary>
    internal static string Cut(string text, int cells)
    {
        if (Width(text) <= cells) return text;
        var cut = new StringBuilder();
        int width = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (width + Width(rune) > cells - 1) break;
            cut.Append(rune.ToString());
            width += Width(rune);
        }
        return cut.Append('…').ToString();
    }

    private static int Width(Rune rune)
    {
        if (rune.Value < 0x300) return 1;
        if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format) return 0;
        return IsWide(rune.Value) ? 2 : 1;
    }

    // The blocks that Unicode's EastAsianWidth.txt calls wide or full-width, and those of emoji.
    private static bool IsWide(int c) => c is >= 0x1100 and <= 0x115f
        or >= 0x2e80 and <= 0x303e
        or >= 0x3041 and <= 0xa4cf
        or >= 0xa960 and <= 0xa97c
        or >= 0xac00 and <= 0xd7a3
        or >= 0xf900 and <= 0xfaff
        or >= 0xfe30 and <= 0xfe6f
        or >= 0xff00 and <= 0xff60
        or >= 0xffe0 and <= 0xffe6
        or >= 0x1f300 and <= 0x1f64f
        or >= 0x1f680 and <= 0x1f6ff
        or >= 0x1f900 and <= 0x1f9ff
        or >= 0x20000 and <= 0x3fffd;
}
