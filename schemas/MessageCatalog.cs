using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Resources;
using System.Text;

namespace Lepton.Data.Schemas;

/// <summary>
/// The texts of all rooms by code. Each room embeds <c>Messages.resx</c> (English) and <c>Messages.zh.resx</c>; the code's first word names the room:
/// <c>sql.unknown_column</c> stands in <c>Lepton.Data.Sql.Messages</c>. Safe for use by several threads.
/// </summary>
public static class MessageCatalog
{
    // In the place of the full stop of a sentence that is part of another one, until it is known what follows. Neither is a character.
    private const char Stop = '\uFDD0', ChineseStop = '\uFDD1';

    private static readonly ConcurrentDictionary<string, ResourceManager> s_rooms = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The text of <paramref name="code"/> with its places filled. A place such as <c>{0:row|rows}</c> is the number and the word that fits it: <c>1 row</c>, <c>3 rows</c>.</summary>
    /// <returns>Where the code has no text: the code and the arguments, since an error must never hide behind another.</returns>
    public static string Format(string code, CultureInfo culture, params ReadOnlySpan<object?> arguments)
    {
        string? text = Find(code, culture);
        if (text is null) return $"{code}: {string.Join(", ", arguments.ToArray())}";
        try
        {
            object?[] said = arguments.ToArray();
            for (int i = 0; i < said.Length; i++)
            {
                if (said[i] is BilingualText bilingual) said[i] = bilingual.In(culture);
                if (said[i] is string sentence && EndsSentence(sentence)) said[i] = $"{sentence[..^1]}{MarkOf(sentence[^1])}";
            }
            return Joined(string.Format(Words.Instance, text, said));
        }
        catch (FormatException)
        {
            return $"{code}: {string.Join(", ", arguments.ToArray())}";
        }
    }

    private static bool EndsSentence(string text) => text is [.., not ('.' or '/' or ' ' or '。'), '.' or '。'];

    private static char MarkOf(char stop) => stop == '.' ? Stop : ChineseStop;

    // A mark of ours behind such a full stop is enough.
    private static string Joined(string text)
    {
        if (text.AsSpan().IndexOfAny(Stop, ChineseStop) < 0) return text;
        var joined = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is not (Stop or ChineseStop)) joined.Append(text[i]);
            else if (i + 1 == text.Length || !".,;)。，；）".Contains(text[i + 1], StringComparison.Ordinal)) joined.Append(text[i] == Stop ? '.' : '。');
        }
        return joined.ToString();
    }

    /// <summary>The text of <paramref name="code"/>, places unfilled, or null.</summary>
    public static string? Find(string code, CultureInfo culture)
    {
        int dot = code.IndexOf('.', StringComparison.Ordinal);
        if (dot <= 0) return null;
        string room = code[..dot];
        if (!s_rooms.TryGetValue(room, out ResourceManager? texts))
        {
            // A room that is not loaded yet may be loaded later, so only what was found is kept.
            texts = Open(room);
            if (texts is null) return null;
            s_rooms[room] = texts;
        }
        return texts.GetString(code, culture);
    }

    // The room that made an error is loaded by then, so nothing is loaded for a message.
    private static ResourceManager? Open(string room)
    {
        string name = $"Lepton.Data.{room}";
        Assembly? assembly = AppDomain.CurrentDomain.GetAssemblies()
            .FirstOrDefault(candidate => string.Equals(candidate.GetName().Name, name, StringComparison.OrdinalIgnoreCase)
                || (string.Equals(room, "cli", StringComparison.OrdinalIgnoreCase) && candidate.GetName().Name == "lepton"));
        string? resource = assembly?.GetManifestResourceNames().FirstOrDefault(resource => resource.EndsWith("Messages.resources", StringComparison.Ordinal));
        return resource is null ? null : new ResourceManager(resource[..^".resources".Length], assembly!);
    }

    // Invariant but for places that name words.
    private sealed class Words : IFormatProvider, ICustomFormatter
    {
        internal static readonly Words Instance = new();

        public object? GetFormat(Type? formatType) => formatType == typeof(ICustomFormatter) ? this : CultureInfo.InvariantCulture.GetFormat(formatType!);

        public string Format(string? format, object? argument, IFormatProvider? formatProvider)
        {
            if (format?.Split('|') is not [var one, var many]) return argument is IFormattable formattable ? formattable.ToString(format, CultureInfo.InvariantCulture) : argument?.ToString() ?? "";
            string number = Format(null, argument, formatProvider);
            return $"{number} {(number == "1" ? one : many)}";
        }
    }
}
