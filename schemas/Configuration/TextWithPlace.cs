namespace Lepton.Data.Schemas.Configuration;

/// <summary>A text out of a person's file, with what is needed to point from a character of it back into the file.</summary>
/// <param name="Text">As YAML understands it; lines end in <c>\n</c>.</param>
/// <param name="Start">Where its first character stands.</param>
/// <param name="Indent">Characters to the left of every following line.</param>
/// <param name="IsExact">
/// Whether every character stands where <paramref name="Start"/> and <paramref name="Indent"/> say. False where YAML folded lines or undid escapes: then only the start is sure.
/// </param>
public sealed record TextWithPlace(string Text, SourcePlace Start, int Indent, bool IsExact)
{
    /// <summary>The text.</summary>
    public override string ToString() => Text;
}

/// <summary>A value and where a person wrote it.</summary>
/// <param name="Value">What was read.</param>
/// <param name="Place">Where it begins.</param>
public readonly record struct Located<T>(T Value, SourcePlace Place);
