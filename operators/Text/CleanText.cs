using System.Buffers;
using System.Globalization;
using System.Text;

namespace Lepton.Data.Operators.Text;

/// <summary>Texts that look alike made equal: compatible characters are one (NFKC), what cannot be seen is gone, white space is single spaces between words.</summary>
/// <remarks>
/// NFKC is that of Unicode Standard Annex 15: full-width letters and digits become the common ones, ligatures their letters, marks join their letters. It is stable: text of characters that a version
/// of Unicode knows stays as it is made in all later ones. Gone are control characters (but those that are white space) and format characters (Unicode category Cf: zero-width spaces and joiners,
/// byte order marks, soft hyphens, marks of direction).
/// </remarks>
internal static class CleanText
{
    // Of these the result is the text itself, unless spaces stand at an end or side by side.
    private static readonly SearchValues<byte> s_plain = SearchValues.Create([.. Enumerable.Range(0x20, 0x7F - 0x20).Select(value => (byte)value)]);

    /// <summary>Whether the text is certainly as <see cref="Of"/> would make it: most are, and need no work.</summary>
    internal static bool IsClean(ReadOnlySpan<byte> text)
        => text.IsEmpty || (text[0] != ' ' && text[^1] != ' ' && !text.ContainsAnyExcept(s_plain) && text.IndexOf("  "u8) < 0);

    /// <summary>The text made clean; to make it clean once more changes nothing.</summary>
    internal static string Of(string text)
    {
        string visible = Visible(text);
        // What was put together may hold white space of its own kind (U+00A8 is made a space and a mark), so words are parted last.
        string normal = visible.Normalize(NormalizationForm.FormKC);
        return Words(normal);
    }

    private static string Visible(string text)
    {
        var kept = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            if (Rune.IsWhiteSpace(rune) || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format)) kept.Append(rune);
        return kept.ToString();
    }

    private static string Words(string text)
    {
        var kept = new StringBuilder(text.Length);
        bool isBetween = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (Rune.IsWhiteSpace(rune))
            {
                isBetween = kept.Length > 0;
                continue;
            }
            if (isBetween) kept.Append(' ');
            isBetween = false;
            kept.Append(rune);
        }
        return kept.ToString();
    }
}
