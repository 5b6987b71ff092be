using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>Writes a commit's lines.</summary>
internal static class ActionWriter
{
    /// <summary>The tag of <c>add</c> that carries a file's row count and content sum.</summary>
    internal const string ContentSumTag = "lepton.contentSum";

    /// <summary>The member of <c>commitInfo</c> that names our run.</summary>
    internal const string RunIdKey = "leptonRunId";

    private static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The bytes of the log file that makes <paramref name="change"/>.</summary>
    /// <param name="change">What to commit.</param>
    /// <param name="metadata">The table's metadata after the commit where it is new or changes; else null.</param>
    /// <param name="protocol">The protocol where the commit creates the table; else null.</param>
    /// <param name="commitId">Makes this attempt's bytes unlike any other's, so that a writer knows its own commit again.</param>
    internal static byte[] Write(TableChange change, MetadataAction? metadata, ProtocolAction? protocol, Guid commitId)
    {
        using var stream = new MemoryStream();
        using var json = new Utf8JsonWriter(stream, s_writing);
        Line("commitInfo", () => WriteInfo(json, change, commitId));
        if (protocol is not null)
            Line("protocol", () =>
            {
                json.WriteNumber("minReaderVersion", protocol.MinReaderVersion);
                json.WriteNumber("minWriterVersion", protocol.MinWriterVersion);
            });
        if (metadata is not null) Line("metaData", () => WriteMetadata(json, metadata));
        foreach (TransactionStep step in change.Transactions)
            Line("txn", () =>
            {
                json.WriteString("appId", step.Application);
                json.WriteNumber("version", step.Next);
                json.WriteNumber("lastUpdated", Milliseconds(change.CommittedAt));
            });
        foreach (DataFile file in change.Removed) Line("remove", () => WriteRemove(json, file, change));
        foreach (DataFile file in change.Added) Line("add", () => WriteAdd(json, file, change));
        return stream.ToArray();

        void Line(string name, Action body)
        {
            json.WriteStartObject();
            json.WriteStartObject(name);
            body();
            json.WriteEndObject();
            json.WriteEndObject();
            json.Flush();
            json.Reset();
            stream.WriteByte((byte)'\n');
        }
    }

    internal static long Milliseconds(EventTime time) => (long)Math.Floor(time.MicrosecondsSinceEpoch / 1000m);

    private static void WriteInfo(Utf8JsonWriter json, TableChange change, Guid commitId)
    {
        json.WriteNumber("timestamp", Milliseconds(change.CommittedAt));
        json.WriteString("operation", change.Operation);
        json.WriteStartObject("operationParameters");
        foreach ((string key, string value) in change.Parameters.OrderBy(pair => pair.Key, StringComparer.Ordinal)) json.WriteString(key, value);
        json.WriteEndObject();
        json.WriteStartObject("operationMetrics");
        // As texts: so other writers do, and so they are read.
        foreach ((string name, long value) in OperationMetrics.Of(change)) json.WriteString(name, value.ToString(CultureInfo.InvariantCulture));
        json.WriteEndObject();
        if (change.Base is not null) json.WriteNumber("readVersion", change.Base.Version);
        json.WriteBoolean("isBlindAppend", change is { HasReadTable: false, Removed.Count: 0 });
        json.WriteString("engineInfo", Lake.EngineInfo);
        if (change.RunId is not null) json.WriteString(RunIdKey, change.RunId);
        json.WriteString("txnId", commitId);
    }

    private static void WriteMetadata(Utf8JsonWriter json, MetadataAction metadata)
    {
        json.WriteString("id", metadata.TableId);
        if (metadata.Name is not null) json.WriteString("name", metadata.Name);
        if (metadata.Description is not null) json.WriteString("description", metadata.Description);
        json.WriteStartObject("format");
        json.WriteString("provider", metadata.Provider);
        json.WriteStartObject("options");
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteString("schemaString", metadata.SchemaJson);
        json.WriteStartArray("partitionColumns");
        foreach (string column in metadata.PartitionColumns) json.WriteStringValue(column);
        json.WriteEndArray();
        json.WriteStartObject("configuration");
        foreach ((string key, string value) in metadata.Properties.OrderBy(pair => pair.Key, StringComparer.Ordinal)) json.WriteString(key, value);
        json.WriteEndObject();
        if (metadata.CreatedMilliseconds is { } created) json.WriteNumber("createdTime", created);
    }

    private static void WriteAdd(Utf8JsonWriter json, DataFile file, TableChange change)
    {
        json.WriteString("path", PathOf(file));
        WritePartition(json, file);
        json.WriteNumber("size", file.SizeBytes);
        json.WriteNumber("modificationTime", Milliseconds(file.ModifiedAt));
        json.WriteBoolean("dataChange", !change.IsRewrite);
        if (file.Statistics is not null) json.WriteString("stats", StatisticsJson.Write(file.Statistics, change.Schema));
        if (file.ContentSum is not { } sum) return;
        json.WriteStartObject("tags");
        json.WriteString(ContentSumTag, sum.ToString());
        json.WriteEndObject();
    }

    private static void WriteRemove(Utf8JsonWriter json, DataFile file, TableChange change)
    {
        json.WriteString("path", PathOf(file));
        json.WriteNumber("deletionTimestamp", Milliseconds(change.CommittedAt));
        json.WriteBoolean("dataChange", !change.IsRewrite);
        json.WriteBoolean("extendedFileMetadata", true);
        WritePartition(json, file);
        json.WriteNumber("size", file.SizeBytes);
    }

    // By the letters of its first add: Spark compares them.
    private static string PathOf(DataFile file) => file.PathInLog ?? PathEncoding.Encode(file.Path);

    private static void WritePartition(Utf8JsonWriter json, DataFile file)
    {
        json.WriteStartObject("partitionValues");
        foreach ((string key, string? value) in file.PartitionValues.OrderBy(pair => pair.Key, StringComparer.Ordinal)) json.WriteString(key, value);
        json.WriteEndObject();
    }
}
