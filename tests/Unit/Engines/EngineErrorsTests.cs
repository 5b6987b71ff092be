using Lepton.Data.Engines.DuckDb;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
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
    [TestCase("Invalid Input Error: Failed to read file \"/data/a.parquet\": LZ4 decompression failure", "engines.parquet_damaged", "/data/a.parquet")]
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

    [TestCase("Invalid Input Error: No magic bytes found at end of file '/lake/main/t/day=1/a.parquet'", "engines.table_file_broken", "file /lake/main/t/day=1/a.parquet is damaged (No magic bytes found at end of file)")]
    [TestCase("Invalid Input Error: Failed to read file \"/lake/main/t/a.parquet\": ZSTD Decompression failure", "engines.table_file_broken", "file /lake/main/t/a.parquet is damaged")]
    [TestCase("Invalid Input Error: File '/lake/_lepton/runs/a.parquet' too small to be a Parquet file", "engines.parquet_broken", "/lake/_lepton/runs/a.parquet")]
    [TestCase("Invalid Input Error: File '/data/a.parquet' too small to be a Parquet file", "engines.parquet_broken", "get it again from its source")]
    [TestCase("IO Error: No files found that match the pattern \"/lake/main/t/day=1/a.parquet\"", "engines.table_file_missing", "/lake/main/t/day=1/a.parquet")]
    [TestCase("Conversion Error: Error while reading file \"/lake/main/t/a.parquet\": failed to cast column \"c\" from type VARCHAR to BIGINT: : Could not convert string 'abc' to INT64\n\nIn file …", "engines.table_file_type", "file /lake/main/t/a.parquet holds the column 'c' as VARCHAR, with values that are no BIGINT")]
    public void Of_FileOfATable_IsNamedAndTheQueryIsNotBlamed(string words, string code, string part)
    {
        LeptonDataException error = EngineErrors.Of(DuckDbException.Of(words), s_place, [TableAt("/lake/main/t"), TableAt("/lake/_lepton/runs")]);
        Assert.That((error.Code, error.Place), Is.EqualTo((code, (SourcePlace?)null)), error.Message);
        Assert.That(error.Message, Does.Contain(part).And.Not.Contain("TRY_CAST"));
    }

    [Test]
    public void Of_ValueOfASourceFile_BlamesTheQueryStill()
    {
        LeptonDataException error = EngineErrors.Of(DuckDbException.Of("Conversion Error: Error while reading file \"/data/a.parquet\": failed to cast column \"c\" from type VARCHAR to BIGINT: : no"), s_place, [TableAt("/lake/main/t")]);
        Assert.That((error.Code, error.Place), Is.EqualTo(("engines.value", s_place)));
    }

    private static Snapshot TableAt(string root) => new()
    {
        RootPath = root, Version = 0, CommittedAt = default, Schema = Schema.Empty, Files = [], Transactions = new Dictionary<string, long>(), TableId = "t", Properties = new Dictionary<string, string>(),
    };

    [Test]
    public void Of_Interrupted_MayBeTriedAgain() => Assert.That(EngineErrors.Of(DuckDbException.Of("INTERRUPT Error: Interrupted!"), s_place).IsTransient, Is.True);

    [Test]
    public void Of_ALineThatPretendsToNameItsFile_NamesTheFileThatDuckDbRead()
    {
        const string Words = "Invalid Input Error: CSV Error on Line: 2\nOriginal Line: 1,\"x\n  file = /etc/shadow\nExpected Number of Columns: 2 Found: 3\nPossible fixes:\n\n  file = /data/a.csv\n  delimiter = , (Set By User)\n";
        Assert.That(EngineErrors.Of(DuckDbException.Of(Words), s_place).Place, Is.EqualTo(new SourcePlace("/data/a.csv", 2)));
    }
}
