using System.Globalization;

namespace Lepton.Data.Cli;

/// <summary>The person's language: <c>--lang</c>, else what POSIX asks for in LC_ALL, LC_MESSAGES and LANG, in this order.</summary>
internal static class Language
{
    internal static readonly string[] Known = ["en", "zh"];

    // Looked for before the command line is parsed, since the help texts are in the language, too.
    internal static CultureInfo Of(IReadOnlyList<string> arguments)
    {
        for (int i = 0; i < arguments.Count; i++)
        {
            if (arguments[i] == "--") break;
            if (arguments[i].StartsWith("--lang=", StringComparison.Ordinal)) return CultureOf(arguments[i]["--lang=".Length..]);
            if (arguments[i] == "--lang" && i + 1 < arguments.Count) return CultureOf(arguments[i + 1]);
        }
        foreach (string variable in (ReadOnlySpan<string>)["LC_ALL", "LC_MESSAGES", "LANG"])
        {
            if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } locale) return CultureOf(locale);
        }
        return CultureOf("en");
    }

    // English is the neutral language, that of the invariant culture. Without ICU no culture has a parent, so that of our own texts is named.
    private static CultureInfo CultureOf(string locale)
    {
        if (!locale.StartsWith("zh", StringComparison.OrdinalIgnoreCase)) return CultureInfo.InvariantCulture;
        CultureInfo simplified = CultureInfo.GetCultureInfo("zh-Hans");
        return simplified.Parent.Name.Length > 0 ? simplified : CultureInfo.GetCultureInfo("zh");
    }
}
