using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Arrow;

[TestFixture]
internal sealed class ArrowTruncationTests
{
    [Test]
    public async Task Stream_CutAtAnyByte_GivesTheWholeBatchesBeforeAndNothingWrong()
    {
        byte[] bytes = await ArrowSamples.OursAsync(ArrowSamples.EveryType, isFile: false);
        List<object?[]> expected = await ArrowSamples.ReadAsync(bytes);
        int refused = await CutAsync(bytes, expected, new ArrowReadOptions(), [0, 5, 10]);
        // A stream may end between messages: after the schema, and after each of the two batches (one of them before the end mark's size, too).
        Assert.That(refused, Is.EqualTo(bytes.Length - 3));
    }

    [TestCaseSource(typeof(ArrowSamples), nameof(ArrowSamples.NamesOfPyArrow))]
    public async Task Stream_OfPyArrowCutAtAnyByte_GivesTheRowsBeforeAndNothingWrong(string name)
    {
        byte[] bytes = ArrowSamples.OfPyArrow()[name];
        // Of the one with types that no batch holds, the column that one does.
        var options = new ArrowReadOptions { Columns = name == "refused.arrows" ? ["number"] : null };
        List<object?[]> expected = await ArrowSamples.ReadAsync(bytes, options);
        var counts = new HashSet<int> { 0 };
        await using (ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(new MemoryStream(bytes), options))
        {
            while (await reader.ReadAsync() is { } batch)
                using (batch) counts.Add(counts.Max() + batch.RowCount);
        }
        Assert.That(await CutAsync(bytes, expected, options, counts), Is.GreaterThan(bytes.Length / 2));
    }

    [Test]
    public async Task Stream_ThatDoesNotKnowItsLength_IsCutJustTheSame()
    {
        byte[] bytes = await ArrowSamples.OursAsync(RandomBatches.SchemaOf([DataType.String]), isFile: false);
        for (int length = 0; length < bytes.Length; length++)
        {
            Func<Task> read = async () =>
            {
                await using ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(new ForwardStream(bytes[..length]));
                await BatchRows.ReadAsync(reader);
            };
            try
            {
                await read();
            }
            catch (LeptonDataException error)
            {
                Assert.That(error.Code, Is.EqualTo("storage.arrow_truncated"), $"cut at {length}");
            }
        }
    }

    [TestCase("ours")]
    [TestCase("plain.arrow")]
    public async Task File_CutAtAnyByte_IsRefused(string name)
    {
        using var folder = new TempFolder();
        byte[] bytes = name == "ours" ? await ArrowSamples.OursAsync(ArrowSamples.EveryType, isFile: true) : ArrowSamples.OfPyArrow()[name];
        string path = folder["cut.arrow"];
        File.WriteAllBytes(path, bytes);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        for (int length = bytes.Length - 1; length >= 0; length--)
        {
            file.SetLength(length);
            LeptonDataException error = Assert.Throws<LeptonDataException>(() => ArrowFile.Open(path).Dispose(), $"cut at {length}")!;
            Assert.That(error.Code, Is.EqualTo("storage.arrow_not_arrow").Or.EqualTo("storage.arrow_no_footer"), $"cut at {length}");
        }
    }

    /// <summary>Reads the stream cut at every byte.</summary>
    /// <param name="bytes">The whole stream.</param>
    /// <param name="expected">Its rows.</param>
    /// <param name="options">How to read it.</param>
    /// <param name="counts">How many rows there may be: those of whole batches.</param>
    /// <returns>How often the reader saw that it is cut.</returns>
    private static async Task<int> CutAsync(byte[] bytes, List<object?[]> expected, ArrowReadOptions options, IReadOnlyCollection<int> counts)
    {
        int refused = 0;
        for (int length = 0; length < bytes.Length; length++)
        {
            var rows = new List<object?[]>();
            try
            {
                await using ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(new MemoryStream(bytes, 0, length), options);
                while (await reader.ReadAsync() is { } batch)
                    using (batch) rows.AddRange(BatchRows.Of(batch));
            }
            catch (LeptonDataException error) when (error.Code == "storage.arrow_truncated")
            {
                refused++;
            }
            Assert.That(counts, Does.Contain(rows.Count), $"cut at {length}");
            Assert.That(BatchRows.FirstDifference(expected[..rows.Count], rows), Is.Null, $"cut at {length}");
        }
        return refused;
    }

    /// <summary>Bytes that come in small pieces, as off a network.</summary>
    internal sealed class ForwardStream(byte[] bytes) : Stream
    {
        private int _at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            int count = Math.Min(Math.Min(buffer.Length, 7), bytes.Length - _at);
            bytes.AsSpan(_at, count).CopyTo(buffer);
            _at += count;
            return count;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
