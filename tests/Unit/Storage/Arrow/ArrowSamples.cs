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

    internal static Dictionary<string, byte[]> OfPyArrow()
        => Directory.GetFiles(RepositoryFolder.At("tests/Unit/Storage/Arrow/Samples")).ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);

    /// <summary>A stream or a file of two batches.</summary>
    internal static async Task<byte[]> OursAsync(Schema schema, bool isFile, ArrowCompression compression = ArrowCompression.None, int rowCount = 5, int seed = 1)
    {
        using var bytes = new MemoryStream();
        var options = new ArrowWriteOptions { Compression = compression, AlignmentBytes = 8 };
        var random = new Random(seed);
        using RecordBatch first = RandomBatches.Create(random, schema, rowCount);
        using RecordBatch second = RandomBatches.Create(random, schema, rowCount);
        if (isFile)
        {
            await using var writer = new ArrowFileWriter(bytes, schema, options);
            await writer.WriteAsync(first);
            await writer.WriteAsync(second);
            await writer.CompleteAsync();
        }
        else
        {
            await using var writer = new ArrowStreamWriter(bytes, schema, options);
            await writer.WriteAsync(first);
            await writer.WriteAsync(second);
            await writer.CompleteAsync();
        }
        return bytes.ToArray();
    }

    internal static async Task<List<object?[]>> ReadAsync(byte[] bytes, ArrowReadOptions? options = null)
    {
        await using ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(new MemoryStream(bytes), options);
        return await BatchRows.ReadAsync(reader);
    }
}
