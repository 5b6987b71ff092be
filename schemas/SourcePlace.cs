namespace Lepton.Data.Schemas;

/// <summary>A place in a text that a person wrote.</summary>
/// <param name="Path">The file, as the person named it; or a word for what has no file, such as <c>query</c>.</param>
/// <param name="LineNumber">Counted from 1; 0 where only the file is known.</param>
/// <param name="ColumnNumber">Counted from 1 in characters (Unicode scalar values); 0 where only the line is known.</param>
public sealed record SourcePlace(string Path, int LineNumber = 0, int ColumnNumber = 0)
{
    /// <summary><c>path:line:column</c>, as editors and terminals take it.</summary>
    public override string ToString() => (LineNumber, ColumnNumber) switch
    {
        (0, _) => Path,
        (_, 0) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Path}:{LineNumber}"),
        _ => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Path}:{LineNumber}:{ColumnNumber}"),
    };
}
