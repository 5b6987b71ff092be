using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Delta.Log;

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

    private const int WriterVersionMax = 7;

    // Features that we keep, or that ask nothing of a writer until a property or a column uses them.
    private static readonly HashSet<string> s_writableFeatures = new(StringComparer.Ordinal)
    {
        "appendOnly", "invariants", "checkConstraints", "changeDataFeed", "generatedColumns", "identityColumns", ColumnMappingFeature, "timestampNtz", "vacuumProtocolCheck",
    };

    private static readonly (string Property, string Feature)[] s_featuresByProperty =
    [
        ("delta.enableRowTracking", "rowTracking"), ("delta.enableInCommitTimestamps", "inCommitTimestamp"), ("delta.enableIcebergCompatV1", "icebergCompatV1"), ("delta.enableIcebergCompatV2", "icebergCompatV2"),
    ];

    private static readonly (string Key, string Feature)[] s_featuresByField =
        [("delta.invariants", "invariants"), ("delta.generationExpression", "generatedColumns"), ("delta.identity.start", "identityColumns"), ("CURRENT_DEFAULT", "allowColumnDefaults")];

    private const string AppendOnlyProperty = "delta.appendOnly";
    private const string ConstraintPrefix = "delta.constraints.";
    private const string ColumnMappingProperty = "delta.columnMapping.mode";

    private static readonly HashSet<string> s_settableProperties = new(StringComparer.Ordinal)
    {
        AppendOnlyProperty, LogRetentionProperty, FileRetentionProperty, "delta.checkpointInterval", "delta.dataSkippingNumIndexedCols", "delta.dataSkippingStatsColumns",
    };

    private const string LogRetentionProperty = "delta.logRetentionDuration";
    private const string FileRetentionProperty = "delta.deletedFileRetentionDuration";

    /// <summary>Delta's own retention of removed files where a table says none, and the least that is kept to unless asked otherwise.</summary>
    internal static TimeSpan FileRetentionMin { get; } = TimeSpan.FromDays(7);

    /// <summary>What our tables are created with: versions stay readable for long, since manifests of training sets pin them.</summary>
    internal static IReadOnlyDictionary<string, string> DefaultProperties { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [LogRetentionProperty] = "interval 365 days",
        [FileRetentionProperty] = "interval 30 days",
    };

    /// <exception cref="LeptonDataException"><c>storage.delta_protocol</c>, <c>storage.delta_feature</c>, <c>storage.delta_feature_unlisted</c></exception>
    internal static void CheckReadable(ProtocolAction protocol, MetadataAction metadata, string table)
    {
        // Features by name say more than a number, so they come first.
        if (protocol.ReaderFeatures?.FirstOrDefault(feature => !s_readableFeatures.Contains(feature)) is { } unknown)
            throw new LeptonDataException("storage.delta_feature", [table, unknown, "reader"]);
        if (protocol.MinReaderVersion > ReaderVersionMax) throw new LeptonDataException("storage.delta_protocol", [table, "reader", protocol.MinReaderVersion, ReaderVersionMax]);
        if (MappingMode(metadata) is { } mode)
        {
            if (mode is not ("name" or "id")) throw new LeptonDataException("storage.delta_feature", [table, $"{ColumnMappingFeature} ({mode})", "reader"]);
            if (protocol.MinReaderVersion != 2 && !HasReaderFeature(protocol, ColumnMappingFeature)) throw new LeptonDataException("storage.delta_feature_unlisted", [table, ColumnMappingFeature]) { Place = metadata.Place };
        }
        if (metadata.Provider != "parquet") throw new LeptonDataException("storage.delta_feature", [table, metadata.Provider, "reader"]);
    }

    internal static bool HasReaderFeature(ProtocolAction protocol, string feature) => protocol.ReaderFeatures?.Contains(feature) == true;

    /// <summary>How columns are found in files: null by their names, else <c>name</c> or <c>id</c> of Delta's column mapping.</summary>
    internal static string? MappingMode(MetadataAction metadata) => metadata.Properties.TryGetValue(ColumnMappingProperty, out string? mode) && mode != "none" ? mode : null;

    /// <summary>Whether we may write to a table: every feature that its protocol names is one that we keep, and none of those that need work of ours is in use.</summary>
    /// <exception cref="LeptonDataException"><c>storage.delta_protocol</c>, <c>storage.delta_feature</c>, <c>storage.append_only</c></exception>
    internal static void CheckWritable(ProtocolAction protocol, MetadataAction metadata, Schema schema, bool removes, string table)
    {
        if (protocol.MinWriterVersion > WriterVersionMax) throw new LeptonDataException("storage.delta_protocol", [table, "writer", protocol.MinWriterVersion, WriterVersionMax]);
        // Versions below 7 name no features: each stands for some, which count only where they are in use.
        if (protocol.MinWriterVersion == WriterVersionMax && protocol.WriterFeatures?.Where(feature => !s_writableFeatures.Contains(feature)).ToList() is { Count: > 0 } unknown)
            throw new LeptonDataException("storage.delta_feature", [table, string.Join(", ", unknown), "writer"]);
        if (FeatureInUse(metadata, schema) is { } feature) throw new LeptonDataException("storage.delta_feature", [table, feature, "writer"]);
        if (removes && IsOn(metadata, AppendOnlyProperty)) throw new LeptonDataException("storage.append_only", [table]);
    }

    /// <summary>What the table asks of each writer and we do not do; null for nothing.</summary>
    private static string? FeatureInUse(MetadataAction metadata, Schema schema)
    {
        if (metadata.Properties.Keys.Where(key => key.StartsWith(ConstraintPrefix, StringComparison.Ordinal)).Select(key => key[ConstraintPrefix.Length..]).Order(StringComparer.Ordinal).ToList() is { Count: > 0 } constraints)
            return $"checkConstraints ({string.Join(", ", constraints)})";
        if (IsOn(metadata, "delta.enableChangeDataFeed")) return "changeDataFeed";
        if (MappingMode(metadata) is not null) return ColumnMappingFeature;
        foreach ((string property, string name) in s_featuresByProperty)
            if (IsOn(metadata, property)) return name;
        foreach ((string key, string name) in s_featuresByField)
            if (schema.Fields.FirstOrDefault(field => Has(field, key)) is { } field) return $"{name} ({field.Name})";
        return null;
    }

    private static bool IsOn(MetadataAction metadata, string property) => metadata.Properties.TryGetValue(property, out string? value) && string.Equals(value, "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a table of our protocol may be created with a property: what others must act upon is not ours to promise.</summary>
    internal static bool IsSettable(string property) => !property.StartsWith("delta.", StringComparison.Ordinal) || s_settableProperties.Contains(property);

    /// <summary>How long the table keeps files that it no longer has.</summary>
    /// <exception cref="LeptonDataException"><c>storage.delta_interval</c></exception>
    internal static TimeSpan FileRetention(IReadOnlyDictionary<string, string> properties, string table)
    {
        if (!properties.TryGetValue(FileRetentionProperty, out string? text)) return FileRetentionMin;
        return Retention.TryParse(text, out long microseconds) ? new TimeSpan(microseconds * TimeSpan.TicksPerMicrosecond) : throw new LeptonDataException("storage.delta_interval", [table, FileRetentionProperty, text]);
    }

    private static bool Has(Field field, string key) => field.Metadata[key] is not null || field.Metadata[$"json:{key}"] is not null || field.Type.Children.Any(inner => Has(inner, key));
}
