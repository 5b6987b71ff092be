using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Tests.System.Running;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Arrow;

/// <summary>What we write, the reference implementation and JavaScript's read equal; what they write, we read equal: every type, with nulls, empty, sliced, nested, compressed.</summary>
[TestFixture]
internal sealed class ArrowPeerTests
{
    private const string PythonPeer = "tests/System/Arrow/peer.py", NodePeer = "tests/System/Arrow/peer.mjs";

    [Test]
    public async Task Write_EveryTypeEmptySlicedAndNested_IsReadEqualByPyArrow()
    {
        using var folder = new TempFolder();
        Dictionary<string, List<object?[]>> files = await WriteAllAsync(folder, Enum.GetValues<ArrowCompression>());
        Peers.Python(PythonPeer, ["dump", .. files.Keys]);
        foreach ((string path, List<object?[]> rows) in files) Assert.That(CanonicalRows.FirstDifference($"{path}.json", rows), Is.Null, path);
    }

    [Test]
    public async Task Read_WhatPyArrowCutSlicedAndCompressed_IsEqual()
    {
        using var folder = new TempFolder();
        Dictionary<string, List<object?[]>> files = await WriteAllAsync(folder, [ArrowCompression.None]);
        Peers.Python(PythonPeer, ["echo", .. files.Keys.SelectMany((path, index) => new[] { path, Echo(path), $"{index}" })]);
        foreach ((string path, List<object?[]> rows) in files) Assert.That(BatchRows.FirstDifference(rows, await ReadAsync(Echo(path))), Is.Null, path);
    }

    [Test]
    public async Task Read_EveryTypeThatPyArrowWrites_IsEqual()
    {
        using var folder = new TempFolder();
        Peers.Python(PythonPeer, "make", folder.Path);
        string[] files = Directory.GetFiles(folder.Path, "*.arrow*").Where(path => !path.EndsWith(".json", StringComparison.Ordinal)).ToArray();
        Assert.That(files, Has.Length.GreaterThan(80));
        foreach (string path in files) Assert.That(CanonicalRows.FirstDifference($"{path}.json", await ReadAsync(path)), Is.Null, path);
    }

    [Test]
    public async Task Extensions_OfPyArrow_AreKeptAndReadBackByIt()
    {
        using var folder = new TempFolder();
        Peers.Python(PythonPeer, "make", folder.Path);
        using ArrowFile file = ArrowFile.Open(folder["extensions.arrow"]);
        Assert.That(file.Schema.Fields.Select(field => field.Metadata[ArrowSchema.ExtensionNameKey]), Is.EqualTo(new[] { "arrow.fixed_shape_tensor", "arrow.json", "arrow.uuid", "arrow.bool8" }));
        using RecordBatch batch = file.ReadBatch(0);
        string path = folder["again.arrow"];
        await WriteAsync(path, file.Schema, [batch], new ArrowWriteOptions());
        Peers.Python(PythonPeer, "dump", path);
        // Types and rows: pyarrow refuses an extension whose storage is not what it must be.
        Assert.That(File.ReadAllText($"{path}.json"), Is.EqualTo(File.ReadAllText(folder["extensions.arrow.json"])));
    }

    [TestCase("arrow")]
    [TestCase("arrows")]
    public async Task Facts_OfPyArrowsSchemaFieldsAndZones_AreKeptAndReadBackByIt(string suffix)
    {
        using var folder = new TempFolder();
        Peers.Python(PythonPeer, "make", folder.Path);
        await using ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(File.OpenRead(folder[$"facts.{suffix}"]));
        Assert.That(reader.Schema.Metadata["ключ"], Is.EqualTo("значение"));
        Assert.That(reader.Schema.Fields.Take(3).Select(field => field.Metadata[ArrowSchema.TimeZoneKey]), Is.EqualTo(new[] { "Europe/Berlin", "+05:30", null }));
        using RecordBatch batch = (await reader.ReadAsync())!;
        string path = folder[$"again.{suffix}"];
        await WriteAsync(path, reader.Schema, [batch], new ArrowWriteOptions());
        Peers.Python(PythonPeer, "dump", path);
        Assert.That(File.ReadAllText($"{path}.json"), Is.EqualTo(File.ReadAllText(folder[$"facts.{suffix}.json"])));
    }

    [Test]
    public async Task Write_EveryTypeEmptySlicedAndNested_IsReadEqualByJavaScript()
    {
        using var folder = new TempFolder();
        Dictionary<string, List<object?[]>> files = await WriteAllAsync(folder, [ArrowCompression.None]);
        Peers.Node(NodePeer, ["dump", .. files.Keys]);
        foreach ((string path, List<object?[]> rows) in files) Assert.That(CanonicalRows.FirstDifference($"{path}.js.json", rows), Is.Null, path);
    }

    [Test]
    public async Task Read_WhatJavaScriptMakesAndSlices_IsEqual()
    {
        using var folder = new TempFolder();
        Dictionary<string, List<object?[]>> files = await WriteAllAsync(folder, [ArrowCompression.None]);
        Peers.Node(NodePeer, ["echo", .. files.Keys.SelectMany(path => new[] { path, Echo(path) })]);
        Peers.Node(NodePeer, ["dump", .. files.Keys.Select(Echo)]);
        foreach (string path in files.Keys) Assert.That(CanonicalRows.FirstDifference($"{Echo(path)}.js.json", await ReadAsync(Echo(path))), Is.Null, path);
        Peers.Node(NodePeer, "make", folder.Path);
        foreach (string path in new[] { folder["javascript.arrow"], folder["javascript.arrows"] }) Assert.That(CanonicalRows.FirstDifference($"{path}.js.json", await ReadAsync(path)), Is.Null, path);
    }

    private static string Echo(string path) => Path.Combine(Path.GetDirectoryName(path)!, $"echo-{Path.GetFileName(path)}");

    /// <summary>A file and a stream of every type, flat and nested, and of random schemas.</summary>
    private static async Task<Dictionary<string, List<object?[]>>> WriteAllAsync(TempFolder folder, ArrowCompression[] compressions)
    {
        var files = new Dictionary<string, List<object?[]>>();
        var random = new Random(20160217);
        Schema[] schemas = [RandomBatches.SchemaOf([DataType.Null, DataType.Int64]), .. RandomBatches.SampleSchemas];
        for (int i = 0; i < schemas.Length; i++)
        {
            foreach (string suffix in new[] { "arrow", "arrows" })
            {
                var batches = new List<RecordBatch>();
                foreach (int rowCount in new[] { 0, 1, 100 })
                {
                    RecordBatch batch = RandomBatches.Create(random, schemas[i], rowCount, nullEvery: i % 3 == 2 ? 0 : 4);
                    batches.Add(batch);
                    batches.Add(batch.Slice(rowCount / 3, rowCount / 2));
                }
                string path = folder[$"{i}.{suffix}"];
                await WriteAsync(path, schemas[i], batches, new ArrowWriteOptions { Compression = compressions[i % compressions.Length] });
                files.Add(path, [.. batches.SelectMany(BatchRows.Of)]);
                batches.ForEach(batch => batch.Dispose());
            }
        }
        return files;
    }

    private static async Task WriteAsync(string path, Schema schema, IEnumerable<RecordBatch> batches, ArrowWriteOptions options)
    {
        if (path.EndsWith(".arrow", StringComparison.Ordinal))
        {
            await using ArrowFileWriter writer = ArrowFileWriter.Create(path, schema, options);
            foreach (RecordBatch batch in batches) await writer.WriteAsync(batch);
            await writer.CompleteAsync();
            return;
        }
        await using FileStream file = File.Create(path);
        await using var stream = new ArrowStreamWriter(file, schema, options);
        foreach (RecordBatch batch in batches) await stream.WriteAsync(batch);
        await stream.CompleteAsync();
    }

    private static async Task<List<object?[]>> ReadAsync(string path)
    {
        if (path.EndsWith(".arrow", StringComparison.Ordinal))
        {
            using ArrowFile file = ArrowFile.Open(path);
            await using IRecordBatchReader batches = file.Read();
            return await BatchRows.ReadAsync(batches);
        }
        await using ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(File.OpenRead(path));
        return await BatchRows.ReadAsync(reader);
    }
}
