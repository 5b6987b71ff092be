using System.Text.Encodings.Web;
using System.Text.Json;

namespace Lepton.Data.Cli.Output;

/// <summary>Results as JSON on standard output: one document, indented, other scripts than Latin left readable.</summary>
internal static class JsonOutput
{
    internal static readonly JsonWriterOptions LineOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static readonly JsonWriterOptions DocumentOptions = LineOptions with { Indented = true };

    /// <summary>Writes one document.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="write">Writes the members of the document's object.</param>
    internal static void Write(Terminal terminal, Action<Utf8JsonWriter> write)
    {
        terminal.Out.Flush();
        using (var json = new Utf8JsonWriter(terminal.OutStream, DocumentOptions))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        terminal.OutStream.Write("\n"u8);
    }

    internal static void WriteOptional(this Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number) json.WriteNumber(name, number);
        else json.WriteNull(name);
    }

    /// <summary>An array of objects.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="name">The member that holds the array.</param>
    /// <param name="items">One object each.</param>
    /// <param name="write">Writes the members of an item's object.</param>
    internal static void WriteList<T>(this Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (T item in items)
        {
            json.WriteStartObject();
            write(item);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    internal static void WriteStrings(this Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }
}
