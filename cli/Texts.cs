using System.Globalization;
using Lepton.Data.Schemas;

namespace Lepton.Data.Cli;

/// <summary>The command's own texts, in the person's language.</summary>
internal static class Texts
{
    /// <summary>The text of <paramref name="code"/>, with its places filled.</summary>
    internal static string Get(string code, params ReadOnlySpan<object?> arguments) => MessageCatalog.Format(code, CultureInfo.CurrentUICulture, arguments);

    /// <summary>The text of a code that another room chose, or the code's last word where that room has no text for it.</summary>
    internal static string OrWord(string code) => MessageCatalog.Find(code, CultureInfo.CurrentUICulture) ?? code[(code.LastIndexOf('.') + 1)..].Replace('_', ' ');
}
