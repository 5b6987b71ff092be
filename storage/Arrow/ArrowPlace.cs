using System.Globalization;
using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Arrow;

/// <summary>Where a reader stands, for its errors: <c>flights.arrow#3@1472</c> is the third message (counted from 1), which begins at byte 1472.</summary>
/// <param name="source">The file, or a word for what has no file.</param>
internal sealed class ArrowPlace(string source)
{
    /// <summary>Counted from 1; 0 before the first message, and where there are no messages.</summary>
    internal long MessageNumber { get; set; }

    /// <summary>The first byte of the message, counted from 0.</summary>
    internal long Position { get; set; }

    internal string Source => source;

    internal LeptonDataException Error(string code, params object?[] arguments)
        => new(code, arguments) { Place = new SourcePlace(MessageNumber == 0 ? source : string.Create(CultureInfo.InvariantCulture, $"{source}#{MessageNumber}@{Position}")) };
}
