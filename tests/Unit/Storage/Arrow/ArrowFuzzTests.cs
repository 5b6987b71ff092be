using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Arrow;

/// <summary>Mutated streams and files give an error that names what and where, or rows; never a crash, a hang, another error, or much memory.</summary>
[TestFixture]
internal sealed class ArrowFuzzTests
{
    private static readonly string[] s_schemaCodes = ["schemas.duplicate_column", "schemas.batch_too_large"];

    [Test]
    [Category("Torture")]
    public async Task Read_MutatedData_IsRefusedByNameOrReadSafely()
    {
        int count = Number("LEPTON_FUZZ") ?? (Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 } ? 10_000_000 : 20_000);
        int first = Number("LEPTON_SEED") ?? 0;
        var seeds = new List<(string Name, byte[] Bytes)>(ArrowSamples.OfPyArrow().Select(sample => (sample.Key, sample.Value)));
        foreach (ArrowCompression compression in Enum.GetValues<ArrowCompression>())
        {
            seeds.Add(($"every type, {compression}", await ArrowSamples.OursAsync(ArrowSamples.EveryType, isFile: false, compression)));
            seeds.Add(($"file, {compression}.arrow", await ArrowSamples.OursAsync(RandomBatches.SchemaOf([DataType.String, DataType.Int64, DataType.Parse("VARCHAR[]")]), isFile: true, compression)));
        }
        ArrowMutator[] mutators = [.. seeds.Select(sample => new ArrowMutator(sample.Bytes))];
        int refused = 0;
        // Threads take blocks of seeds; each has a file of its own.
        await Parallel.ForEachAsync(Enumerable.Range(0, count / 1000), async (block, _) =>
        {
            using var folder = new TempFolder();
            for (int i = block * 1000; i < (block + 1) * 1000; i++)
            {
                var random = new Random(first + i);
                int sample = random.Next(mutators.Length);
                byte[] bytes = mutators[sample].Mutate(random);
                if (await IsRefusedAsync(bytes, seeds[sample].Name.EndsWith(".arrow", StringComparison.Ordinal) && random.Next(4) == 0 ? folder["mutated.arrow"] : null, $"seed {first + i} of {seeds[sample].Name}"))
                    Interlocked.Increment(ref refused);
            }
        });
        TestContext.Out.WriteLine($"seeds {first} to {first + count - 1}: {refused} of {count} refused");
        Assert.That(refused, Is.InRange(count / 4, count * 19 / 20), "mutations must mostly matter, and not all be refused at once, else the test shows little");
    }

    private static int? Number(string variable) => int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int number) ? number : null;

    private static async Task<bool> IsRefusedAsync(byte[] bytes, string? path, string what)
    {
        // What the reader's own bounds allow for these few bytes is far below the budget: to run into it is a failure.
        var options = new ArrowReadOptions { Memory = new MemoryBudget(64 << 20), ExpandedBytesMin = 1 << 20, ExpansionRatioMax = 64, Source = "mutated" };
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
                await File.WriteAllBytesAsync(path, bytes);
                using ArrowFile file = ArrowFile.Open(path, options);
                for (int i = 0; i < file.BatchCount; i++)
                    using (RecordBatch batch = file.ReadBatch(i)) Touch(batch);
            }
            return false;
        }
        catch (LeptonDataException error) when (error.Code.StartsWith("storage.arrow_", StringComparison.Ordinal) || s_schemaCodes.Contains(error.Code))
        {
            if (error.Message.Contains(error.Code, StringComparison.Ordinal)) Assert.Fail($"{what}: {error.Code} has no text for its arguments");
            return true;
        }
        catch (Exception error) when (error is not AssertionException)
        {
            Assert.Fail($"{what}: {error}");
            return true;
        }
        finally
        {
            if (options.Memory.UsedBytes != 0) Assert.Fail($"{what}: {options.Memory.UsedBytes} bytes were not given back");
        }
    }

    /// <summary>Looks at every value of the first and the last rows.</summary>
    private static void Touch(RecordBatch batch)
    {
        foreach (int start in new[] { 0, Math.Max(batch.RowCount - 100, 0) })
        {
            using RecordBatch part = batch.Slice(start, Math.Min(batch.RowCount - start, 100));
            BatchRows.Of(part);
        }
    }
}
