using System.Globalization;

namespace Lepton.Data.Schemas;

/// <summary>
/// The world's failure: data, a file, a text or a system that is not as it must be. It knows a stable code, the place, what to do and whether a retry may help.
/// The caller's mistake is an <see cref="ArgumentException"/> or <see cref="InvalidOperationException"/> instead.
/// </summary>
/// <remarks>The text of a code stands in the resource files of the room that the code begins with, see <see cref="MessageCatalog"/>.</remarks>
public class LeptonDataException : Exception
{
    // A longer text, out of somebody's file, would bury what the message says.
    private const int ArgumentLengthMax = 1000;

    private readonly object?[] _arguments;

    /// <summary>An error with the text of <paramref name="code"/>.</summary>
    /// <param name="code"><c>room.what_is_wrong</c>, for example <c>sql.unknown_column</c>. Stable: scripts may test it.</param>
    /// <param name="arguments">What stands in the text's places {0}, {1}, …; numbers are printed without culture.</param>
    /// <param name="cause">The failure beneath, if any.</param>
    public LeptonDataException(string code, IReadOnlyList<object?> arguments, Exception? cause = null)
        : base(null, cause)
    {
        Code = code;
        _arguments = [.. arguments];
    }

    /// <summary>Stable name of the error, <c>room.what_is_wrong</c>.</summary>
    public string Code { get; }

    /// <summary>What the text's places hold.</summary>
    public IReadOnlyList<object?> Arguments => _arguments;

    /// <summary>Where in a person's text the cause stands, or null.</summary>
    public SourcePlace? Place { get; init; }

    /// <summary>Whether the same call may succeed later without anybody changing anything.</summary>
    public bool IsTransient { get; init; }

    /// <summary>What kind of failure the caller should report (the command line maps it to an exit code).</summary>
    public ErrorKind Kind { get; init; }

    /// <summary>The line of the person's text with a caret below the place, or null; shown beneath the message where there is room.</summary>
    public string? Excerpt
    {
        get;
        init => field = value is null ? null : string.Join('\n', value.Split('\n').Select(OnOneLine));
    }

    /// <summary>What else is wrong in the same text; empty where nothing was found, or nobody looked.</summary>
    public IReadOnlyList<LeptonDataException> Others { get; private set; } = [];

    /// <summary>Place and text, in English.</summary>
    public override string Message => MessageIn(CultureInfo.InvariantCulture);

    /// <summary>Place and text in the language of <paramref name="culture"/>, English where there is none: one line that ends with what to do.</summary>
    /// <remarks>Arguments longer than 1,000 characters are cut; control characters and marks of reading direction become spaces.</remarks>
    public string MessageIn(CultureInfo culture)
    {
        string text = MessageCatalog.Format(Code, culture, [.. _arguments.Select(Shorten)]);
        return OnOneLine(Place is null ? text : $"{Place}: {text}");
    }

    /// <summary>This failure, which knows of others.</summary>
    internal LeptonDataException With(IReadOnlyList<LeptonDataException> others)
    {
        // What the others know is among them already.
        foreach (LeptonDataException other in others) other.Others = [];
        Others = [.. others];
        return this;
    }

    private static object? Shorten(object? argument)
        => argument is string { Length: > ArgumentLengthMax } text ? string.Concat(text.AsSpan(0, ArgumentLengthMax - 1), "…") : argument;

    // Arguments come out of files: line ends would break the one line, escape sequences would speak to the terminal, and marks of direction would turn the text around.
    private static string OnOneLine(string text)
    {
        if (!text.Any(IsUnsafe)) return text;
        return string.Create(text.Length, text, static (line, text) =>
        {
            for (int i = 0; i < line.Length; i++) line[i] = IsUnsafe(text[i]) ? ' ' : text[i];
        });
    }

    private static bool IsUnsafe(char c)
        => char.IsControl(c) || c is '\u2028' or '\u2029' or '\u200E' or '\u200F' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}

/// <summary>What a failure means to who started the work.</summary>
public enum ErrorKind
{
    /// <summary>The work failed.</summary>
    Failed,

    /// <summary>A check that the person declared refused the data.</summary>
    DataRefused,
}
