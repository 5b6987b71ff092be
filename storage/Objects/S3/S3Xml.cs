using System.Globalization;
using System.Xml;

namespace Lepton.Data.Storage.Objects.S3;

/// <summary>Reads the XML that S3 answers with: no DTD, no entities of its own, nothing outside the document, and no more of it than was read into memory before.</summary>
internal static class S3Xml
{
    // A key has 1,024 bytes at most; texts that come in ever more pieces are not put together for ever.
    private const int TextLengthMax = 1 << 16;

    private static readonly XmlReaderSettings s_settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        // Keys may hold characters that XML 1.0 has no place for; servers send them as &#1; all the same.
        CheckCharacters = false,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
    };

    /// <summary>The text of the elements that stand directly in the root, and of those in each of its groups.</summary>
    /// <param name="body">UTF-8.</param>
    /// <param name="rootName">What the root must be called.</param>
    /// <param name="groupNames">Elements of the root that hold elements (<c>Contents</c>).</param>
    /// <exception cref="XmlException">It is no such document.</exception>
    internal static S3Element Read(byte[] body, string rootName, params ReadOnlySpan<string> groupNames)
    {
        using XmlReader reader = XmlReader.Create(new MemoryStream(body, writable: false), s_settings);
        reader.MoveToContent();
        if (reader.LocalName != rootName) throw new XmlException($"<{rootName}> was expected, and not <{reader.LocalName}>");
        var root = new S3Element(rootName);
        S3Element? group = null;
        string? name = null;
        // Elements deeper than those (an owner's name) are passed over; nothing here calls itself, so that depth costs nothing.
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element when reader.Depth == 1 && groupNames.Contains(reader.LocalName):
                    root.Groups.Add(group = new S3Element(reader.LocalName));
                    if (reader.IsEmptyElement) group = null;
                    break;
                case XmlNodeType.Element when reader.Depth == (group is null ? 1 : 2):
                    name = reader.LocalName;
                    (group ?? root).Values[name] = "";
                    if (reader.IsEmptyElement) name = null;
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace when name is not null && reader.Depth == (group is null ? 2 : 3):
                    (group ?? root).Append(name, reader.Value, TextLengthMax);
                    break;
                case XmlNodeType.EndElement when reader.Depth == (group is null ? 1 : 2):
                    name = null;
                    break;
                case XmlNodeType.EndElement when reader.Depth == 1:
                    group = null;
                    break;
            }
        }
        return root;
    }
}

/// <summary>An element's parts.</summary>
internal sealed class S3Element(string name)
{
    internal string Name { get; } = name;

    internal Dictionary<string, string> Values { get; } = new(StringComparer.Ordinal);

    internal List<S3Element> Groups { get; } = [];

    internal void Append(string part, string text, int lengthMax)
    {
        string before = Values[part];
        if (before.Length + text.Length > lengthMax) throw new XmlException($"<{part}> is longer than {lengthMax} characters");
        Values[part] = before + text;
    }

    /// <exception cref="XmlException">There is no such element.</exception>
    internal string this[string part] => Values.TryGetValue(part, out string? value) ? value : throw new XmlException($"<{Name}> has no <{part}>");

    internal long Number(string part)
        => long.TryParse(this[part], NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : throw new XmlException($"<{part}> is no number");

    internal DateTimeOffset Time(string part)
        => DateTimeOffset.TryParse(this[part], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time : throw new XmlException($"<{part}> is no time");
}
