using Lepton.Data.Schemas;
using Lepton.Data.Storage.Arrow.Ipc;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow;

/// <summary>Our schemas as Arrow's, in the form that streams, files and Flight carry: one encapsulated message.</summary>
public static class ArrowSchema
{
    /// <summary>Key of <see cref="Field.Metadata"/>: the name of the Arrow extension type that the field is of, for example <c>arrow.json</c>.</summary>
    public const string ExtensionNameKey = "ARROW:extension:name";

    /// <summary>Key of <see cref="Field.Metadata"/>: the parameters of the extension type, often JSON.</summary>
    public const string ExtensionMetadataKey = "ARROW:extension:metadata";

    /// <summary>What <see cref="ExtensionNameKey"/> said in the source, where the type that stores the values here is another, so that it no longer holds.</summary>
    public const string SourceExtensionNameKey = "lepton.source_extension:name";

    /// <summary>See <see cref="SourceExtensionNameKey"/>.</summary>
    public const string SourceExtensionMetadataKey = "lepton.source_extension:metadata";

    /// <summary>
    /// Key of <see cref="Field.Metadata"/> of instants: the time zone that the source shows them in, where that is another than UTC, for example <c>Europe/Berlin</c>.
    /// The instants are the same; writing gives Arrow's type the zone again.
    /// </summary>
    public const string TimeZoneKey = "lepton.time_zone";

    /// <summary>The schema as an encapsulated message: <c>FF FF FF FF</c>, length in four bytes, FlatBuffers; a multiple of 8 bytes. Metadata is part of it.</summary>
    public static byte[] ToMessage(Schema schema) => MessageWriter.Schema(TypeMapping.FromOurs(schema), 8, 0).ToArray();

    /// <summary>Reads an encapsulated message.</summary>
    /// <param name="message">What <see cref="ToMessage"/> gives, of any writer.</param>
    /// <param name="source">What to call it in errors.</param>
    /// <exception cref="LeptonDataException">A code that begins with <c>storage.arrow_</c>: it is no schema, or has types that no batch of ours holds.</exception>
    public static Schema FromMessage(ReadOnlySpan<byte> message, string source = "schema")
    {
        var place = new ArrowPlace(source) { MessageNumber = 1 };
        int prefix = MessagePrefix.Read(message, out int size);
        if (prefix == 0 || size < 0 || size > message.Length - prefix) throw place.Error("storage.arrow_truncated");
        ArrowField root = MessageHead.Read(message.Slice(prefix, size), place).Schema(place);
        return TypeMapping.ToOurs(root.Children, root.Metadata, place);
    }
}
