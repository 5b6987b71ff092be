using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Unicode;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Arrow;

/// <summary>Mutated streams and files give an error that names what and where, or rows; never a crash, a hang, another error, or much memory.</summary>
/// <remarks>Each mutation follows from its number alone. <c>LEPTON_SEED</c> is the first, <c>LEPTON_FUZZ</c> how many.</remarks>
[TestFixture]
internal sealed class ArrowFuzzTests
{
    private const int BlockSize = 1000;

    // A mutation takes a tenth of a millisecond; nothing that ends takes this long.
    private static readonly TimeSpan s_hang = TimeSpan.FromMinutes(2);

    // A seed has a few thousand bytes.
    private const long NativeBytesMax = 16 << 20, ManagedBytesMax = 4 << 20;

    private static readonly string[] s_schemaCodes = ["schemas.duplicate_column", "schemas.batch_too_large"];

    private readonly ConcurrentDictionary<string, long> _outcomes = [];

    [Test]
    public async Task Mutator_OverItsSeeds_KnowsNumbersOfEveryMeaning()
        => Assert.That((await SeedsAsync()).SelectMany(seed => seed.Mutator.Meanings).Distinct(), Is.EquivalentTo(Enum.GetValues<NumberMeaning>()));

    [Test]
    [Category("Torture")]
    public async Task Read_MutatedData_IsRefusedByNameOrReadSafely()
    {
        int count = Number("LEPTON_FUZZ") ?? (Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 } ? 10_000_000 : 40_000);
        int first = Number("LEPTON_SEED") ?? 0;
        List<Seed> seeds = await SeedsAsync();
        var blocks = new ConcurrentQueue<int>(Enumerable.Range(0, count / BlockSize));
        var workers = Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Worker()).ToList();
        List<Task> running = [.. workers.Select(worker => Task.Run(() => worker.RunAsync(this, seeds, blocks, first)))];
        long[] before = new long[workers.Count];
        while (await Task.WhenAny(Task.WhenAll(running), Task.Delay(s_hang)) is var ended && !running.TrueForAll(task => task.IsCompleted) && !ended.IsFaulted)
        {
            for (int i = 0; i < workers.Count; i++)
            {
                if (!running[i].IsCompleted && workers[i].DoneCount == before[i]) Assert.Fail($"seed {workers[i].Number} hangs");
                before[i] = workers[i].DoneCount;
            }
        }
        await Task.WhenAll(running);
        foreach ((string code, long times) in _outcomes.OrderByDescending(pair => pair.Value)) TestContext.Out.WriteLine($"{times,10} {code}");
        TestContext.Out.WriteLine($"seeds {first} to {first + (count / BlockSize * BlockSize) - 1}");
        long read = _outcomes.GetValueOrDefault("read");
        Assert.That(read, Is.InRange(count / 20, count * 3 / 4), "mutations must mostly matter, and not all be refused at once, else the test shows little");
        // How deep they come: every check that broken bytes can run into is run into.
        if (count >= 40_000) Assert.That(_outcomes, Has.Count.AtLeast(30));
    }

    private static int? Number(string variable) => int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int number) ? number : null;

    /// <summary>Ours and pyarrow's, of every type, compressed and not, with dictionaries and deep nesting.</summary>
    private static async Task<List<Seed>> SeedsAsync()
    {
        DataType deep = DataType.Int32;
        for (int i = 0; i < 30; i++) deep = i % 10 == 0 ? new ListType(new Field("element", deep)) : i % 2 == 0 ? new FixedSizeListType(new Field("element", deep), 1) : new StructType([new Field("f", deep)]);
        List<Seed> seeds = [.. ArrowSamples.OfPyArrow().Select(sample => new Seed(sample.Key, sample.Value)), new Seed("deep", await ArrowSamples.OursAsync(RandomBatches.SchemaOf([deep]), isFile: false))];
        foreach (ArrowCompression compression in Enum.GetValues<ArrowCompression>())
        {
            seeds.Add(new Seed($"every type, {compression}", await ArrowSamples.OursAsync(ArrowSamples.EveryType, isFile: false, compression)));
            seeds.Add(new Seed($"file, {compression}.arrow", await ArrowSamples.OursAsync(RandomBatches.SchemaOf([DataType.String, DataType.Int64, DataType.Parse("VARCHAR[]")]), isFile: true, compression)));
        }
        return seeds;
    }

    private sealed record Seed(string Name, byte[] Bytes)
    {
        internal ArrowMutator Mutator { get; } = new(Bytes);

        internal bool IsFile { get; } = Name.EndsWith(".arrow", StringComparison.Ordinal);

        /// <summary>Where the others are of types that no batch holds.</summary>
        internal string[]? Columns { get; } = Name == "refused.arrows" ? ["number"] : null;
    }

    private sealed class Worker
    {
        private long _doneCount;

        internal long DoneCount => Volatile.Read(ref _doneCount);

        internal int Number { get; private set; }

        internal async Task RunAsync(ArrowFuzzTests test, List<Seed> seeds, ConcurrentQueue<int> blocks, int first)
        {
            using var folder = new TempFolder();
            while (blocks.TryDequeue(out int block))
            {
                for (int i = block * BlockSize; i < (block + 1) * BlockSize; i++)
                {
                    Number = first + i;
                    var random = new Random(Number);
                    Seed seed = seeds[random.Next(seeds.Count)];
                    string? path = seed.IsFile && random.Next(2) == 0 ? folder["mutated.arrow"] : null;
                    string outcome = await ReadAsync(seed.Mutator.Mutate(random), path, seed.Columns, $"seed {Number} of {seed.Name}");
                    test._outcomes.AddOrUpdate(outcome, 1, (_, times) => times + 1);
                    Volatile.Write(ref _doneCount, _doneCount + 1);
                }
            }
        }

        /// <returns>What it was refused for, or that it was read.</returns>
        private static async Task<string> ReadAsync(byte[] bytes, string? path, string[]? columns, string what)
        {
            // What the reader's own bounds allow for these few bytes is far below the budget: to run into it is a failure.
            var options = new ArrowReadOptions { Memory = new MemoryBudget(NativeBytesMax), ExpandedBytesMin = 1 << 20, ExpansionRatioMax = 64, Source = "mutated", Columns = columns };
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            int thread = Environment.CurrentManagedThreadId;
            try
            {
                if (path is null)
                {
                    await using ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(new MemoryStream(bytes), options);
                    while (await reader.ReadAsync() is { } batch)
                        using (batch) Touch(batch);
                }
                else
                {
                    File.WriteAllBytes(path, bytes);
                    using ArrowFile file = ArrowFile.Open(path, options);
                    for (int i = 0; i < file.BatchCount; i++)
                        using (RecordBatch batch = file.ReadBatch(i)) Touch(batch);
                }
                return "read";
            }
            catch (LeptonDataException error) when (error.Code.StartsWith("storage.arrow_", StringComparison.Ordinal) || s_schemaCodes.Contains(error.Code))
            {
                if (error.Message.Contains(error.Code, StringComparison.Ordinal)) Assert.Fail($"{what}: {error.Code} has no text for its arguments");
                if (error.Place?.Path.StartsWith("mutated", StringComparison.Ordinal) != true && !s_schemaCodes.Contains(error.Code)) Assert.Fail($"{what}: {error.Message} does not say where");
                return error.Code;
            }
            catch (Exception error) when (error is not AssertionException)
            {
                Assert.Fail($"{what}: {error}");
                return "";
            }
            finally
            {
                allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
                if (thread == Environment.CurrentManagedThreadId && allocated > ManagedBytesMax) Assert.Fail($"{what}: {allocated} managed bytes for {bytes.Length}");
                if (options.Memory.UsedBytes != 0) Assert.Fail($"{what}: {options.Memory.UsedBytes} bytes were not given back");
            }
        }
    }

    /// <summary>Looks at every value of the first and the last rows.</summary>
    private static long Touch(RecordBatch batch)
    {
        long sum = 0;
        for (int i = 0; i < batch.Schema.Count; i++)
        {
            sum += Touch(batch.Column(i), 0, Math.Min(batch.RowCount, 100));
            sum += Touch(batch.Column(i), Math.Max(batch.RowCount - 100, 0), batch.RowCount);
        }
        return sum;
    }

    private static long Touch(ColumnView column, int start, int end)
    {
        long sum = 0;
        if (column.Type.Id == TypeId.Null || start >= end) return sum;
        if (column.MayHaveNulls)
            for (int row = start; row < end; row += 64) sum += (long)column.PresentBits(row);
        switch (column.Type)
        {
            case BooleanType:
                for (int row = start; row < end; row++) sum += column.Boolean(row) ? 1 : 0;
                break;
            case StringType or BinaryType:
                for (int row = start; row < end; row++)
                {
                    ReadOnlySpan<byte> value = column.Bytes(row);
                    foreach (byte number in value) sum += number;
                    if (column.Type.Id == TypeId.String && !column.IsNull(row) && !Utf8.IsValid(value)) Assert.Fail("a text is no UTF-8");
                }
                break;
            case StructType:
                for (int i = 0; i < column.Type.Children.Count; i++) sum += Touch(column.Child(i), start, end);
                break;
            case FixedSizeListType { Length: var length }: return sum + Touch(column.Child(0), start * length, end * length);
            case ListType or MapType:
                for (int i = 0; i < column.Type.Children.Count; i++) sum += Touch(column.Child(i), column.Offsets[start], column.Offsets[end]);
                break;
            default:
                foreach (byte number in Fixed(column, start, end)) sum += number;
                break;
        }
        return sum;
    }

    private static unsafe ReadOnlySpan<byte> Fixed(ColumnView column, int start, int end)
    {
        int width = TypeWidths.Of(column.Type);
        return new ReadOnlySpan<byte>(column.Buffers.Values + (((long)column.Buffers.Offset + start) * width), checked((end - start) * width));
    }
}
