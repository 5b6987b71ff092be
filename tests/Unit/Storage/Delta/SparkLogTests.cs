using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

/// <summary>Logs as Spark 4.2 with Delta 4.4 wrote them, byte for byte.</summary>
public sealed class SparkLogTests
{
    private const string PlainCreated = """
        {"commitInfo":{"timestamp":1795259569319,"operation":"CREATE TABLE","operationParameters":{"partitionBy":"[]","clusterBy":"[]","description":null,"isManaged":"false","properties":"{}"},"isolationLevel":"Serializable","isBlindAppend":true,"operationMetrics":{},"engineInfo":"Apache-Spark/4.2.0 Delta-Lake/4.4.0","txnId":"5ce562da-380f-43b4-9338-4485aa13f64b"}}
        {"metaData":{"id":"1e3fa238-d572-407a-ab2e-b36712c5c900","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,\"metadata\":{\"comment\":\"key\"}},{\"name\":\"name\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},{\"name\":\"at\",\"type\":\"timestamp\",\"nullable\":true,\"metadata\":{}},{\"name\":\"price\",\"type\":\"decimal(10,2)\",\"nullable\":true,\"metadata\":{}},{\"name\":\"st\",\"type\":{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"integer\",\"nullable\":true,\"metadata\":{}},{\"name\":\"b\",\"type\":{\"type\":\"array\",\"elementType\":\"double\",\"containsNull\":true},\"nullable\":true,\"metadata\":{}}]},\"nullable\":true,\"metadata\":{}},{\"name\":\"m\",\"type\":{\"type\":\"map\",\"keyType\":\"string\",\"valueType\":\"integer\",\"valueContainsNull\":true},\"nullable\":true,\"metadata\":{}}]}","partitionColumns":[],"configuration":{},"createdTime":1795259569217}}
        {"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
        """;

    private const string PlainInserted = """
        {"commitInfo":{"timestamp":1795259570005,"operation":"WRITE","operationParameters":{"mode":"Append","partitionBy":"[]"},"readVersion":0,"isolationLevel":"Serializable","isBlindAppend":true,"operationMetrics":{"numFiles":"1","numOutputRows":"1","numOutputBytes":"2988"},"engineInfo":"Apache-Spark/4.2.0 Delta-Lake/4.4.0","txnId":"e3a81668-6309-4b5c-bb86-22175ba2163b"}}
        {"add":{"path":"part-00000-28c0a1a3-280b-47a6-b2ba-22c453b12ffd-c000.snappy.parquet","partitionValues":{},"size":2988,"modificationTime":1795259569988,"dataChange":true,"stats":"{\"numRecords\":1,\"minValues\":{\"id\":0,\"name\":\"name 0 a very long text indeed t\",\"at\":\"2001-01-01T00:00:00.123Z\",\"price\":0.25,\"st\":{\"a\":1}},\"maxValues\":{\"id\":0,\"name\":\"name 0 a very long text indeed t\",\"at\":\"2001-01-01T00:00:00.123Z\",\"price\":0.25,\"st\":{\"a\":1}},\"nullCount\":{\"id\":0,\"name\":0,\"at\":0,\"price\":0,\"st\":{\"a\":0,\"b\":0},\"m\":0}}"}}
        """;

    private const string PartitionedCreated = """
        {"commitInfo":{"timestamp":1795259592825,"operation":"CREATE TABLE","operationParameters":{"partitionBy":"[\"city\"]","clusterBy":"[]","description":null,"isManaged":"false","properties":"{}"},"isolationLevel":"Serializable","isBlindAppend":true,"operationMetrics":{},"engineInfo":"Apache-Spark/4.2.0 Delta-Lake/4.4.0","txnId":"72a42a71-fa64-49a1-a2df-60173c40e762"}}
        {"metaData":{"id":"2678ba2f-b9a2-450d-bdc9-eaf7dc769fad","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},{\"name\":\"city\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}]}","partitionColumns":["city"],"configuration":{},"createdTime":1795259592735}}
        {"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
        """;

    private const string PartitionedInserted = """
        {"commitInfo":{"timestamp":1795259593490,"operation":"WRITE","operationParameters":{"mode":"Append","partitionBy":"[]"},"readVersion":0,"isolationLevel":"Serializable","isBlindAppend":true,"operationMetrics":{"numFiles":"3","numOutputRows":"4","numOutputBytes":"2180"},"engineInfo":"Apache-Spark/4.2.0 Delta-Lake/4.4.0","txnId":"66535cf8-7fa1-4962-abaf-0ca7e836c0d9"}}
        {"add":{"path":"city=__HIVE_DEFAULT_PARTITION__/part-00000-64c74b4d-f34e-4493-a1e6-29d1eac13a2c.c000.snappy.parquet","partitionValues":{"city":null},"size":689,"modificationTime":1795259593408,"dataChange":true,"stats":"{\"numRecords\":2,\"minValues\":{\"id\":3},\"maxValues\":{\"id\":4},\"nullCount\":{\"id\":0}}"}}
        {"add":{"path":"city=a%20b%252Fc%2525%253D%253Ax/part-00000-a267c232-0024-4c2d-b0b6-2f62951698c4.c000.snappy.parquet","partitionValues":{"city":"a b/c%=:x"},"size":756,"modificationTime":1795259593452,"dataChange":true,"stats":"{\"numRecords\":1,\"minValues\":{\"id\":2},\"maxValues\":{\"id\":2},\"nullCount\":{\"id\":0}}"}}
        {"add":{"path":"city=北京/part-00000-520b5486-f0b9-4f41-99d5-df3720eabf4b.c000.snappy.parquet","partitionValues":{"city":"北京"},"size":735,"modificationTime":1795259593476,"dataChange":true,"stats":"{\"numRecords\":1,\"minValues\":{\"id\":1},\"maxValues\":{\"id\":1},\"nullCount\":{\"id\":0}}"}}
        """;

    private const string NaiveCreated = """
        {"commitInfo":{"timestamp":1795259593878,"operation":"CREATE TABLE","operationParameters":{"partitionBy":"[]","clusterBy":"[]","description":null,"isManaged":"false","properties":"{}"},"isolationLevel":"Serializable","isBlindAppend":true,"operationMetrics":{},"engineInfo":"Apache-Spark/4.2.0 Delta-Lake/4.4.0","txnId":"c6cf627f-de8e-4d00-8408-7c6fe531d952"}}
        {"metaData":{"id":"dd4a91b8-6a12-4cc0-a619-09843c7b1bfa","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},{\"name\":\"at\",\"type\":\"timestamp_ntz\",\"nullable\":true,\"metadata\":{}}]}","partitionColumns":[],"configuration":{},"createdTime":1795259593752}}
        {"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["timestampNtz"],"writerFeatures":["timestampNtz","invariants","appendOnly"]}}
        """;

    private const string DeletionVectorsCreated = """
        {"commitInfo":{"timestamp":1795259595096,"operation":"CREATE TABLE","operationParameters":{"partitionBy":"[]","clusterBy":"[]","description":null,"isManaged":"false","properties":"{\"delta.enableDeletionVectors\":\"true\"}"},"isolationLevel":"Serializable","isBlindAppend":true,"operationMetrics":{},"engineInfo":"Apache-Spark/4.2.0 Delta-Lake/4.4.0","txnId":"c9b809c2-0961-43d5-a892-a5185ffd9210"}}
        {"metaData":{"id":"ad4c3939-bee6-406a-86ab-fb1102fd88e4","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}}]}","partitionColumns":[],"configuration":{"delta.enableDeletionVectors":"true"},"createdTime":1795259595057}}
        {"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors","invariants","appendOnly"]}}
        """;

    private const string MappedCreated = """
        {"commitInfo":{"timestamp":1795259596722,"operation":"CREATE TABLE","operationParameters":{"partitionBy":"[]","clusterBy":"[]","description":null,"isManaged":"false","properties":"{\"delta.columnMapping.mode\":\"name\",\"delta.columnMapping.maxColumnId\":\"1\"}"},"isolationLevel":"Serializable","isBlindAppend":true,"operationMetrics":{},"engineInfo":"Apache-Spark/4.2.0 Delta-Lake/4.4.0","txnId":"69023a7e-f061-45c5-98e3-ce94ad169f02"}}
        {"metaData":{"id":"7bba1f10-71fa-4e53-a82c-5406827b4ed9","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,\"metadata\":{\"delta.columnMapping.id\":1,\"delta.columnMapping.physicalName\":\"col-e1ff086a-3771-4ef2-bacf-f7cfdd94b6ec\"}}]}","partitionColumns":[],"configuration":{"delta.columnMapping.mode":"name","delta.columnMapping.maxColumnId":"1"},"createdTime":1795259596689}}
        {"protocol":{"minReaderVersion":2,"minWriterVersion":7,"writerFeatures":["columnMapping","invariants","appendOnly"]}}
        """;

    [Test]
    public async Task Read_TableOfEveryShape_IsUnderstood()
    {
        using var t = new DeltaFixture();
        t.WriteLog(PlainCreated, PlainInserted);
        Snapshot snapshot = (await t.Table.ReadAsync())!;
        Assert.That(snapshot.Schema.ToString(), Is.EqualTo("id BIGINT, name VARCHAR, at TIMESTAMPTZ, price DECIMAL(10,2), st STRUCT(a INTEGER, b DOUBLE[]), m MAP(VARCHAR, INTEGER)"));
        Assert.That(snapshot.Schema[0].Metadata["comment"], Is.EqualTo("key"));
        Assert.That(snapshot.RowCount, Is.EqualTo(1));
        Assert.That(snapshot.ContentHash, Is.Null, "Spark gives no content sum");

        IReadOnlyDictionary<string, ColumnStatistics> columns = snapshot.Files[0].Statistics!.Columns;
        Assert.That(columns["price"], Is.EqualTo(new ColumnStatistics(0, (Int128)25, (Int128)25)));
        // The row holds 123,456 microseconds; Spark cuts to 123 milliseconds, also for the greatest.
        var cut = EventTime.FromDateTimeOffset(new DateTimeOffset(2001, 1, 1, 0, 0, 0, 123, TimeSpan.Zero));
        Assert.That(columns["at"], Is.EqualTo(new ColumnStatistics(0, cut, new EventTime(cut.MicrosecondsSinceEpoch + 999))));
        // The row's text goes on after these 32 characters; Spark adds a last character to bound it.
        const string begin = "name 0 a very long text indeed t";
        Assert.That(columns["name"].Min, Is.EqualTo(begin));
        Assert.That(string.CompareOrdinal((string)columns["name"].Max!, begin + "hat is longer than thirty-two characters"), Is.Positive);
    }

    [Test]
    public async Task Read_OddPartitions_ArePathsAndValues()
    {
        using var t = new DeltaFixture();
        t.WriteLog(PartitionedCreated, PartitionedInserted);
        Snapshot snapshot = (await t.Table.ReadAsync())!;
        Assert.That(snapshot.PartitionColumns, Is.EqualTo(new[] { "city" }));
        Assert.That(snapshot.Files.Select(file => (Path.GetDirectoryName(file.Path), file.PartitionValues["city"])), Is.EqualTo(new[]
        {
            ("city=__HIVE_DEFAULT_PARTITION__", null), ("city=a b%2Fc%25%3D%3Ax", "a b/c%=:x"), ("city=北京", (string?)"北京"),
        }));
    }

    [Test]
    public async Task Commit_AppendToSparksTable_KeepsItsColumns()
    {
        using var t = new DeltaFixture();
        t.WriteLog(PlainCreated, PlainInserted);
        Snapshot snapshot = (await t.Table.ReadAsync())!;
        Snapshot last = await t.Table.CommitAsync(DeltaFixture.Append(snapshot, t.File("ours")));
        Assert.That((last.Version, last.Files.Count, last.TableId), Is.EqualTo((2L, 2, snapshot.TableId)));
        Assert.That(await File.ReadAllTextAsync(t.LogFile(2)), Does.Not.Contain("metaData"));
    }

    [Test]
    public async Task Read_FeaturesOfSpark_AreRead()
    {
        using var naive = new DeltaFixture();
        naive.WriteLog(NaiveCreated);
        Assert.That((await naive.Table.ReadAsync())!.Schema[1].Type, Is.EqualTo(DataType.NaiveTime));
        using var deleted = new DeltaFixture();
        deleted.WriteLog(DeletionVectorsCreated);
        Assert.That((await deleted.Table.ReadAsync())!.Version, Is.Zero);
        using var mapped = new DeltaFixture();
        mapped.WriteLog(MappedCreated);
        Snapshot renamed = (await mapped.Table.ReadAsync())!;
        Assert.That(renamed.Schema.Fields.SelectMany(field => field.Metadata.Values.Select(pair => pair.Key)), Has.None.Contains("columnMapping"));
        Assert.That(renamed.Mapping!.FileSchema.Fields.Select(field => field.Name), Has.All.StartsWith("col-"));
    }
}
