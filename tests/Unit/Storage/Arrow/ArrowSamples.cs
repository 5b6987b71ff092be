using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;

namespace Lepton.Data.Tests.Unit.Storage.Arrow;

/// <summary>Small streams and files: ours, and those that pyarrow made (<c>tests/System/Arrow/peer.py small</c>).</summary>
internal static class ArrowSamples
{
    internal static Schema EveryType { get; } = RandomBatches.SchemaOf([DataType.Null, .. RandomBatches.FlatTypes, .. RandomBatches.NestedTypes]);

    internal static IEnumerable<string> NamesOfPyArrow => OfPyArrow().Keys;

    internal static Dictionary<string, byte[]> OfPyArrow()
        => Directory.GetFiles(RepositoryFolder.At("tests/Unit/Storage/Arrow/Samples")).Order(StringComparer.Ordinal).ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);

    /// <summary>A stream or a file of two batches.</summary>
    internal static async Task<byte[]> OursAsync(Schema schema, bool isFile, ArrowCompression compression = ArrowCompression.None, int rowCount = 5, int seed = 1)
    {
        var options = new ArrowWriteOptions { Compression = compression, AlignmentBytes = 8 };
        var random = new Random(seed);
        using RecordBatch first = RandomBatches.Create(random, schema, rowCount);
        using RecordBatch second = RandomBatches.Create(random, schema, rowCount);
        if (!isFile) return await WriteAsync(schema, options, first, second);
        using var bytes = new MemoryStream();
        await using var writer = new ArrowFileWriter(bytes, schema, options);
        await writer.WriteAsync(first);
        await writer.WriteAsync(second);
        await writer.CompleteAsync();
        return bytes.ToArray();
    }

    /// <summary>A stream of these batches.</summary>
    internal static Task<byte[]> WriteAsync(Schema schema, params RecordBatch[] batches) => WriteAsync(schema, new ArrowWriteOptions(), batches);

    /// <inheritdoc cref="WriteAsync(Schema, RecordBatch[])"/>
    internal static async Task<byte[]> WriteAsync(Schema schema, ArrowWriteOptions options, params RecordBatch[] batches)
    {
        using var bytes = new MemoryStream();
        await using var writer = new ArrowStreamWriter(bytes, schema, options);
        foreach (RecordBatch batch in batches) await writer.WriteAsync(batch);
        await writer.CompleteAsync();
        return bytes.ToArray();
    }

    internal static async Task<List<object?[]>> ReadAsync(byte[] bytes, ArrowReadOptions? options = null)
    {
        await using ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(new MemoryStream(bytes), options);
        return await BatchRows.ReadAsync(reader);
    }
}
