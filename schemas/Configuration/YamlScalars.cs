using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Lepton.Data.Schemas.Configuration;

/// <summary>Finds where the characters of a scalar stand in its file.</summary>
internal static class YamlScalars
{
    internal static YamlScalar Of(Scalar scalar, YamlSource source)
    {
        SourcePlace place = source.PlaceAt(scalar.Start.Line, scalar.Start.Column);
        bool isOneLine = scalar.End.Line == scalar.Start.Line;
        TextWithPlace text = scalar.Style switch
        {
            ScalarStyle.Literal => Literal(scalar, source, place),
            ScalarStyle.Folded => new TextWithPlace(scalar.Value, FirstContent(scalar, source) ?? place, 0, IsExact: false),
            ScalarStyle.SingleQuoted or ScalarStyle.DoubleQuoted => new TextWithPlace(
                scalar.Value,
                place with { ColumnNumber = place.ColumnNumber + 1 },
                0,
                isOneLine && scalar.End.Column - scalar.Start.Column == scalar.Value.Length + 2),
            _ => new TextWithPlace(scalar.Value, place, 0, isOneLine),
        };
        return new YamlScalar(source, place, text, scalar.Style is ScalarStyle.Plain or ScalarStyle.Any);
    }

    // A literal's lines are the file's lines less one indentation, so the first line with text tells the indentation, whether the header gives it or not.
    private static TextWithPlace Literal(Scalar scalar, YamlSource source, SourcePlace place)
    {
        int lineNumber = (int)scalar.Start.Line + 1;
        foreach (ReadOnlySpan<char> line in scalar.Value.AsSpan().EnumerateLines())
        {
            if (!line.IsEmpty)
            {
                int indent = source.Line(lineNumber).Length - line.Length;
                if (indent < 0 || !source.Line(lineNumber).EndsWith(line)) break;
                return new TextWithPlace(scalar.Value, new SourcePlace(source.Path, (int)scalar.Start.Line + 1, indent + 1), indent, IsExact: true);
            }
            lineNumber++;
        }
        return new TextWithPlace(scalar.Value, place, 0, IsExact: false);
    }

    private static SourcePlace? FirstContent(Scalar scalar, YamlSource source)
    {
        for (int lineNumber = (int)scalar.Start.Line + 1; lineNumber <= Math.Min(scalar.End.Line, source.LineCount); lineNumber++)
        {
            ReadOnlySpan<char> line = source.Line(lineNumber);
            if (!line.IsWhiteSpace()) return new SourcePlace(source.Path, lineNumber, line.Length - line.TrimStart().Length + 1);
        }
        return null;
    }
}
