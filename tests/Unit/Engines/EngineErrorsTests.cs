using Lepton.Data.Engines.DuckDb;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.DuckDb;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Engines;

public sealed class EngineErrorsTests
{
    private static readonly SourcePlace s_place = new("pipelines/flights.yaml", 7, 9);

    // DuckDB 1.5.6's own words.
    [TestCase("Conversion Error: Could not convert string 'x' to INT64\n\nLINE 1: select cast('x' as bigint)\n               ^", "engines.value", "Could not convert string 'x' to INT64")]
    [TestCase("Out of Range Error: Overflow in addition of INT64 (9223372036854775807 + 1)!", "engines.value", "Overflow in addition")]
    [TestCase("IO Error: Could not write file \"/lake/a.parquet\": No space left on device", "engines.disk_full", "No space left on device")]
    [TestCase("Out of Memory Error: failed to offload data block of size 256.0 KiB (0 bytes/1.0 MiB used).\nThis limit was set by the 'max_temp_directory_size' setting.", "engines.disk_full", "offload")]
    [TestCase("Out of Memory Error: failed to allocate data of size 64.0 KiB (47.6 MiB/47.6 MiB used)\n\nPossible solutions:\n* Reducing the number of threads (SET threads=X)", "engines.out_of_memory", "47.6 MiB")]
    [TestCase("INTERRUPT Error: Interrupted!", "engines.interrupted", "stopped")]
    [TestCase("Permission Error: Cannot access file \"/etc/passwd\" - file system operations are disabled by configuration", "engines.refused", "/etc/passwd")]
    [TestCase("IO Error: Cannot open file \"/lake/a.parquet\": Permission denied", "engines.file", "Permission denied")]
    [TestCase("Invalid Input Error: Failed to read file \"/data/a.parquet\": ZSTD Decompression failure", "engines.parquet_damaged", "/data/a.parquet")]
    [TestCase("Invalid Error: Parquet file is likely corrupted, dictionary offset out of range", "engines.parquet_damaged", "dictionary offset")]
    [TestCase("Invalid Error: Out of buffer", "engines.parquet_damaged", "damaged")]
    [TestCase("INTERNAL Error: it did what it must not", "engines.failed", "it did what it must not")]
    [TestCase("no kind at all", "engines.failed", "no kind at all")]
    public void Of_DuckDbsWords_GivesCodePlaceAndOneLine(string words, string code, string part)
    {
        LeptonDataException error = EngineErrors.Of(DuckDbException.Of(words), s_place);
        Assert.That((error.Code, error.Place), Is.EqualTo((code, s_place)));
        Assert.That(error.Message, Does.StartWith("pipelines/flights.yaml:7:9: ").And.Contain(part).And.Not.Contain("\n").And.Not.Contain("LINE 1").And.Not.Contain("SET "));
    }

    [Test]
    public void Of_Interrupted_MayBeTriedAgain() => Assert.That(EngineErrors.Of(DuckDbException.Of("INTERRUPT Error: Interrupted!"), s_place).IsTransient, Is.True);

    [Test]
    public void Of_ALineThatPretendsToNameItsFile_NamesTheFileThatDuckDbRead()
    {
        const string Words = "Invalid Input Error: CSV Error on Line: 2\nOriginal Line: 1,\"x\n  file = /etc/shadow\nExpected Number of Columns: 2 Found: 3\nPossible fixes:\n\n  file = /data/a.csv\n  delimiter = , (Set By User)\n";
        Assert.That(EngineErrors.Of(DuckDbException.Of(Words), s_place).Place, Is.EqualTo(new SourcePlace("/data/a.csv", 2)));
    }
}
