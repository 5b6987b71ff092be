using System.Globalization;
using System.Text;

namespace Lepton.Data.Schemas.Configuration;

/// <summary>The text of one YAML file by lines: for places in characters rather than UTF-16 units, and for the excerpt below a message.</summary>
internal sealed class YamlSource
{
    /// <summary>The most bytes that a file of ours may have.</summary>
    internal const int SizeBytesMax = 4 << 20;

    private readonly int[] _lineStarts;
    private (int LineNumber, int Utf16Column, int Column) _cursor;

    private YamlSource(string text, string path)
    {
        (Text, Path) = (text, path);
        var starts = new List<int> { 0 };
        for (int i = 0; i < text.Length; i++)
            if (text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.Length || text[i + 1] != '\n'))) starts.Add(i + 1);
        _lineStarts = [.. starts];
    }

    internal string Text { get; }

    internal string Path { get; }

    internal int LineCount => _lineStarts.Length;

    /// <summary>Decodes a file; bytes that are no UTF-8, other encodings, and control characters are refused with their place; a byte order mark of UTF-8, as editors on Windows write it, is passed over.</summary>
    internal static YamlSource Decode(ReadOnlySpan<byte> utf8, string path)
    {
        if (utf8.Length > SizeBytesMax)
            throw new LeptonDataException("schemas.yaml_too_large", [utf8.Length, SizeBytesMax]) { Place = new SourcePlace(path) };
        if (utf8 is [0xFE, 0xFF, ..] or [0xFF, 0xFE, ..]) throw new LeptonDataException("schemas.yaml_utf16", []) { Place = new SourcePlace(path, 1, 1) };
        if (utf8 is [0xEF, 0xBB, 0xBF, ..]) utf8 = utf8[3..];
        int lineNumber = 1;
        int columnNumber = 1;
        for (ReadOnlySpan<byte> rest = utf8; !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf8(rest, out Rune rune, out int size) != System.Buffers.OperationStatus.Done)
                throw new LeptonDataException("schemas.yaml_encoding", []) { Place = new SourcePlace(path, lineNumber, columnNumber) };
            if (IsRefused(rune))
            {
                throw new LeptonDataException("schemas.yaml_control_character", [rune.Value.ToString("X4", CultureInfo.InvariantCulture)])
                {
                    Place = new SourcePlace(path, lineNumber, columnNumber),
                };
            }
            rest = rest[size..];
            bool endsLine = rune.Value == '\n' || (rune.Value == '\r' && rest is not [(byte)'\n', ..]);
            (lineNumber, columnNumber) = endsLine ? (lineNumber + 1, 1) : (lineNumber, columnNumber + 1);
        }
        return new YamlSource(Encoding.UTF8.GetString(utf8), path);
    }

    /// <summary>The line without its end; empty behind the last.</summary>
    internal ReadOnlySpan<char> Line(int lineNumber)
    {
        if (lineNumber < 1 || lineNumber > _lineStarts.Length) return default;
        int end = lineNumber < _lineStarts.Length ? _lineStarts[lineNumber] : Text.Length;
        return Text.AsSpan()[_lineStarts[lineNumber - 1]..end].TrimEnd("\r\n");
    }

    /// <summary>A place from a line and a column in UTF-16 units, both counted from 1. For the one who reads the text from its beginning to its end.</summary>
    internal SourcePlace PlaceAt(long lineNumber, long utf16Column)
    {
        // Counting goes on where it stopped, so that a long line full of values is not counted anew for each of them.
        if (lineNumber != _cursor.LineNumber || utf16Column < _cursor.Utf16Column) _cursor = ((int)lineNumber, 1, 1);
        ReadOnlySpan<char> line = Line((int)lineNumber);
        for (; _cursor.Utf16Column < utf16Column; _cursor.Utf16Column++)
        {
            int index = _cursor.Utf16Column - 1;
            if (index >= line.Length || !char.IsLowSurrogate(line[index])) _cursor.Column++;
        }
        return new SourcePlace(Path, (int)lineNumber, _cursor.Column);
    }

    internal LeptonDataException Error(SourcePlace place, string code, params ReadOnlySpan<object?> arguments)
        => new(code, arguments.ToArray()) { Place = place, Excerpt = Excerpt(place) };

    /// <summary>A failure without a place, at this place.</summary>
    internal LeptonDataException Error(SourcePlace place, LeptonDataException failure)
        => new(failure.Code, failure.Arguments, failure) { Place = place, Excerpt = Excerpt(place), Kind = failure.Kind, IsTransient = failure.IsTransient };

    private string? Excerpt(SourcePlace place)
    {
        ReadOnlySpan<char> line = Line(place.LineNumber);
        if (line.IsWhiteSpace() || line.Length > 200 || place.ColumnNumber < 1) return null;
        var caret = new StringBuilder();
        int column = place.ColumnNumber;
        foreach (Rune rune in line.EnumerateRunes())
        {
            if (--column == 0) break;
            // A wide space below a wide character keeps the caret below its character.
            caret.Append(IsWide(rune) ? '\u3000' : ' ');
        }
        return $"{line.ToString().Replace('\t', ' ')}\n{caret}^";
    }

    // The blocks that terminals show two cells wide (East Asian Width W and F, and emoji).
    private static bool IsWide(Rune rune)
        => rune.Value is (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF)
            or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60) or (>= 0xFFE0 and <= 0xFFE6) or (>= 0x1F300 and <= 0x1FAFF) or (>= 0x20000 and <= 0x3FFFD);

    // YAML lets no other control characters in. U+0085, U+2028 and U+2029 end lines in YAML 1.1 but in no editor, so lines would be counted in two ways.
    private static bool IsRefused(Rune rune)
        => rune.Value is (< 0x20 and not ('\t' or '\n' or '\r')) or (>= 0x7F and <= 0x9F) or 0x2028 or 0x2029 or 0xFEFF or 0xFFFE or 0xFFFF;
}
