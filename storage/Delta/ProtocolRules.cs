using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Delta;

/// <summary>Which tables we read, and which we write.</summary>
internal static class ProtocolRules
{
    /// <summary>What our own tables ask of readers and writers: the least that Delta has.</summary>
    internal const int OwnReaderVersion = 1, OwnWriterVersion = 2;

    private const int ReaderVersionMax = 3;

    internal const string DeletionVectorsFeature = "deletionVectors";

    private const string ColumnMappingFeature = "columnMapping";

    private static readonly HashSet<string> s_readableFeatures = new(StringComparer.Ordinal)
    {
        DeletionVectorsFeature, ColumnMappingFeature, "timestampNtz", "v2Checkpoint",
        // It concerns who deletes files.
        "vacuumProtocolCheck",
    };

    // What a writer of version 2 must know; the first is kept, a table with the second is not written.
    private const string AppendOnlyProperty = "delta.appendOnly";
    private const string InvariantsKey = "delta.invariants";
    private const string ColumnMappingProperty = "delta.columnMapping.mode";

    private static readonly HashSet<string> s_settableProperties = new(StringComparer.Ordinal)
    {
        AppendOnlyProperty, LogRetentionProperty, FileRetentionProperty, "delta.checkpointInterval", "delta.dataSkippingNumIndexedCols", "delta.dataSkippingStatsColumns",
    };

    private const string LogRetentionProperty = "delta.logRetentionDuration";
    private const string FileRetentionProperty = "delta.deletedFileRetentionDuration";

    /// <summary>What our tables are created with: versions stay readable for long, since manifests of training sets pin them.</summary>
    internal static IReadOnlyDictionary<string, string> DefaultProperties { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [LogRetentionProperty] = "interval 365 days",
        [FileRetentionProperty] = "interval 30 days",
    };

    /// <exception cref="LeptonDataException"><c>storage.delta_protocol</c>, <c>storage.delta_feature</c></exception>
    internal static void CheckReadable(ProtocolAction protocol, MetadataAction metadata, string table)
    {
        // Features by name say more than a number, so they come first.
        if (protocol.ReaderFeatures?.FirstOrDefault(feature => !s_readableFeatures.Contains(feature)) is { } unknown)
            throw new LeptonDataException("storage.delta_feature", [table, unknown, "reader"]);
        if (protocol.MinReaderVersion > ReaderVersionMax) throw new LeptonDataException("storage.delta_protocol", [table, "reader", protocol.MinReaderVersion, ReaderVersionMax]);
        if (MappingMode(metadata) is { } mode && (mode is not ("name" or "id") || (protocol.MinReaderVersion != 2 && !HasReaderFeature(protocol, ColumnMappingFeature))))
            throw new LeptonDataException("storage.delta_feature", [table, ColumnMappingFeature, "reader"]);
        if (metadata.Provider != "parquet") throw new LeptonDataException("storage.delta_feature", [table, metadata.Provider, "reader"]);
    }

    internal static bool HasReaderFeature(ProtocolAction protocol, string feature) => protocol.ReaderFeatures?.Contains(feature) == true;

    /// <summary>How columns are found in files: null by their names, else <c>name</c> or <c>id</c> of Delta's column mapping.</summary>
    internal static string? MappingMode(MetadataAction metadata) => metadata.Properties.TryGetValue(ColumnMappingProperty, out string? mode) && mode != "none" ? mode : null;

    /// <exception cref="LeptonDataException"><c>storage.delta_protocol</c>, <c>storage.delta_feature</c>, <c>storage.append_only</c></exception>
    internal static void CheckWritable(ProtocolAction protocol, MetadataAction metadata, Schema schema, bool removes, string table)
    {
        if (protocol.MinWriterVersion > OwnWriterVersion)
        {
            if (protocol.WriterFeatures is { Count: > 0 } features) throw new LeptonDataException("storage.delta_feature", [table, string.Join(", ", features), "writer"]);
            throw new LeptonDataException("storage.delta_protocol", [table, "writer", protocol.MinWriterVersion, OwnWriterVersion]);
        }
        if (schema.Fields.Any(HasInvariant)) throw new LeptonDataException("storage.delta_feature", [table, "invariants", "writer"]);
        if (removes && metadata.Properties.TryGetValue(AppendOnlyProperty, out string? value) && string.Equals(value, "true", StringComparison.OrdinalIgnoreCase))
            throw new LeptonDataException("storage.append_only", [table]);
    }

    /// <summary>Whether a table of our protocol may be created with a property: what others must act upon is not ours to promise.</summary>
    internal static bool IsSettable(string property) => !property.StartsWith("delta.", StringComparison.Ordinal) || s_settableProperties.Contains(property);

    private static bool HasInvariant(Field field) => field.Metadata[InvariantsKey] is not null || field.Metadata[$"json:{InvariantsKey}"] is not null || field.Type switch
    {
        StructType type => type.Fields.Any(HasInvariant),
        ListType type => HasInvariant(type.Element),
        MapType type => HasInvariant(type.Value),
        _ => false,
    };
}
