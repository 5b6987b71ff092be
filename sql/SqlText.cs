using System.Collections.Frozen;
using System.Text;
using Lepton.Data.Schemas;

namespace Lepton.Data.Sql;

/// <summary>SQL as a person wrote it, and where it stands, so that an error can point into the person's own file.</summary>
public sealed record SqlText
{
    /// <summary>SQL that stands in no file.</summary>
    /// <param name="text">The SQL.</param>
    /// <param name="name">What to call the place, for example <c>query</c>.</param>
    public SqlText(string text, string name = "query") => (Text, Start, Indent) = (text, new SourcePlace(name, 1, 1), 0);

    /// <summary>SQL that stands in a file.</summary>
    /// <param name="text">The SQL.</param>
    /// <param name="start">Where its first character stands.</param>
    /// <param name="indent">Characters to the left of every following line (a YAML block's indentation).</param>
    public SqlText(string text, SourcePlace start, int indent) => (Text, Start, Indent) = (text, start, indent);

    /// <summary>What is parsed.</summary>
    public string Text { get; private init; }

    /// <summary>Where the person's first character stands.</summary>
    public SourcePlace Start { get; }

    /// <summary>Characters to the left of every following line in the file.</summary>
    public int Indent { get; }

    /// <summary>Values for <c>$name</c>, by name in any case; a <c>?</c> is called by its number, from 1.</summary>
    public IReadOnlyDictionary<string, SqlParameter> Parameters { get; init; } = FrozenDictionary<string, SqlParameter>.Empty;

    /// <summary>Characters of <see cref="Text"/> that we put before the person's.</summary>
    public int PrefixLength { get; private init; }

    /// <summary>Characters of <see cref="Text"/> that we put behind the person's.</summary>
    public int SuffixLength { get; private init; }

    /// <summary>Whether parentheses, quotes and comments that begin in the text end in it, and no parenthesis ends that did not begin: then it cannot reach beyond what is put around it.</summary>
    public bool IsClosed
    {
        get
        {
            int depth = 0;
            for (int i = 0; i < Text.Length; i++)
            {
                char c = Text[i];
                char next = i + 1 < Text.Length ? Text[i + 1] : '\0';
                if (c is '(') depth++;
                else if (c is ')' && --depth < 0) return false;
                else if (c is ';') return false;
                else if (c is '\'' or '"')
                {
                    // A doubled quote ends one run and begins the next, which comes to the same. E'…' knows \' too, so it is told apart.
                    bool hasEscapes = c == '\'' && i > 0 && Text[i - 1] is 'e' or 'E' && (i < 2 || !(char.IsLetterOrDigit(Text[i - 2]) || Text[i - 2] == '_'));
                    for (i++; i < Text.Length && Text[i] != c; i++)
                        if (hasEscapes && Text[i] == '\\') i++;
                    if (i >= Text.Length) return false;
                }
                else if (c is '$')
                {
                    // $tag$ … $tag$
                    int end = i + 1;
                    while (end < Text.Length && (char.IsLetterOrDigit(Text[end]) || Text[end] == '_')) end++;
                    if (end >= Text.Length || Text[end] != '$') continue;
                    string tag = Text[i..(end + 1)];
                    int close = Text.IndexOf(tag, end + 1, StringComparison.Ordinal);
                    if (close < 0) return false;
                    i = close + tag.Length - 1;
                }
                else if (c is '-' && next is '-')
                {
                    int end = Text.IndexOf('\n', i);
                    if (end < 0) break;
                    i = end;
                }
                else if (c is '/' && next is '*')
                {
                    int open = 1;
                    for (i += 2; open > 0; i++)
                    {
                        if (i + 1 >= Text.Length) return false;
                        if (Text[i] == '/' && Text[i + 1] == '*') (open, i) = (open + 1, i + 1);
                        else if (Text[i] == '*' && Text[i + 1] == '/') (open, i) = (open - 1, i + 1);
                    }
                    i--;
                }
            }
            return depth == 0;
        }
    }

    /// <summary>The person's text inside ours, for example an expression inside <c>SELECT … FROM step</c>; places still mean the person's text.</summary>
    public SqlText Wrap(string prefix, string suffix) => this with { Text = prefix + Text + suffix, PrefixLength = PrefixLength + prefix.Length, SuffixLength = SuffixLength + suffix.Length };

    /// <summary>The place of the character at <paramref name="utf8Offset"/> in <see cref="Text"/>.</summary>
    /// <param name="utf8Offset">In bytes of UTF-8, as DuckDB's parse tree counts; outside the person's text, the nearest place in it.</param>
    public SourcePlace PlaceAt(long utf8Offset) => PlaceOfCharacter(CharacterAt(utf8Offset));

    /// <summary>The place of the character at <paramref name="index"/> (UTF-16) in <see cref="Text"/>.</summary>
    public SourcePlace PlaceOfCharacter(int index)
    {
        int line = 0;
        int column = 0;
        for (int i = PrefixLength; i < Math.Min(index, Text.Length - SuffixLength); i++)
        {
            if (Text[i] == '\n') (line, column) = (line + 1, 0);
            else if (!char.IsLowSurrogate(Text[i])) column++;
        }
        return new SourcePlace(Start.Path, Start.LineNumber + line, line == 0 ? Start.ColumnNumber + column : Indent + column + 1);
    }

    /// <summary>The UTF-16 index of the character at <paramref name="utf8Offset"/>.</summary>
    public int CharacterAt(long utf8Offset)
    {
        long bytes = 0;
        for (int i = 0; i < Text.Length; i++)
        {
            if (bytes >= utf8Offset) return i;
            if (char.IsLowSurrogate(Text[i])) continue;
            bytes += Rune.TryGetRuneAt(Text, i, out Rune rune) ? rune.Utf8SequenceLength : 3;
        }
        return Text.Length;
    }
}
