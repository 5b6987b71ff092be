using Lepton.Data.Schemas;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.DuckDb;

/// <summary>What a database lets no statement do, and how its failures are told apart.</summary>
public sealed class DuckDbDatabaseTests
{
    [Test]
    public void Open_Version_IsTheOneThatIsTested() => Assert.That(DuckDbDatabase.LibraryVersion, Does.StartWith("v1.5."));

    [TestCase("SELECT * FROM read_text('/etc/passwd')")]
    [TestCase("SELECT * FROM read_csv('/etc/passwd')")]
    [TestCase("SELECT * FROM read_parquet('{folder}/../outside.parquet')")]
    [TestCase("SELECT * FROM glob('/etc/*')")]
    [TestCase("SELECT * FROM '/etc/passwd'")]
    [TestCase("COPY (SELECT 1 AS a) TO '/tmp/lepton-elsewhere.parquet' (FORMAT parquet)")]
    [TestCase("COPY (SELECT 1 AS a) TO '{folder}-beside/a.parquet' (FORMAT parquet)")]
    [TestCase("ATTACH '/tmp/lepton-elsewhere.db'")]
    [TestCase("LOAD httpfs")]
    [TestCase("INSTALL httpfs")]
    [TestCase("SET memory_limit = '1TB'")]
    [TestCase("SET enable_external_access = true")]
    [TestCase("SET allowed_directories = ['/']")]
    [TestCase("SET lock_configuration = false")]
    [TestCase("SET TimeZone = 'America/New_York'")]
    [TestCase("SELECT * FROM read_text('https://example.org/')")]
    public void Execute_OutsideTheAllowedFolders_IsRefused(string sql)
    {
        using var folder = new TempFolder();
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [folder.Path] });
        using DuckDbConnection connection = database.Connect();
        Assert.That(() => connection.Execute(sql.Replace("{folder}", folder.Path, StringComparison.Ordinal)), Throws.InstanceOf<DuckDbException>());
    }

    [Test]
    public void Execute_InAnAllowedFolder_ReadsAndWrites()
    {
        using var folder = new TempFolder();
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [folder.Path] });
        using DuckDbConnection connection = database.Connect();
        string path = SqlLiteral.Text(folder["it's a name.parquet"]);
        IReadOnlyList<CopiedFile> files = connection.Copy($"COPY (SELECT i, i % 10 AS d FROM range(1000) t(i)) TO {path} (FORMAT parquet, RETURN_STATS)");
        Assert.That(files, Has.Count.EqualTo(1));
        Assert.That((files[0].RowCount, files[0].SizeBytes), Is.EqualTo((1000L, new FileInfo(folder["it's a name.parquet"]).Length)));
        Assert.That(files[0].Columns["\"d\""]["max"], Is.EqualTo("9"));
        Assert.That(connection.ReadValue<long>($"SELECT count(*) FROM read_parquet({path})"), Is.EqualTo(1000));
        Assert.That(() => connection.Execute("SELECT * FROM read_text('/etc/passwd')"), Throws.InstanceOf<DuckDbException>().With.Property("Error").EqualTo(DuckDbError.Refused));
    }

    [Test]
    public void Execute_ALinkOutOfAnAllowedFolder_IsRefused()
    {
        using var folder = new TempFolder();
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [folder.Path] });
        using DuckDbConnection connection = database.Connect();
        File.CreateSymbolicLink(folder["link"], "/etc/passwd");
        Assert.That(() => connection.Execute($"SELECT * FROM read_text('{folder["link"]}')"), Throws.InstanceOf<DuckDbException>());
    }

    [Test]
    public void Execute_InAnAllowedFolderThatIsALink_ReadsAndWrites()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["real"]);
        Directory.CreateSymbolicLink(folder["link"], folder["real"]);
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [folder["link"]] });
        using DuckDbConnection connection = database.Connect();
        connection.Execute($"COPY (SELECT 1 AS a) TO '{folder["link/a.parquet"]}' (FORMAT parquet)");
        Assert.That(connection.ReadValue<long>($"SELECT count(*) FROM read_parquet('{folder["link/a.parquet"]}')"), Is.EqualTo(1));
    }

    [Test]
    public void TimeZone_OfEveryConnection_IsUtc()
    {
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions());
        using DuckDbConnection first = database.Connect();
        using DuckDbConnection second = database.Connect();
        const string Sql = "SELECT concat(current_setting('TimeZone'), ' ', TIMESTAMPTZ '2001-07-01 00:00:00+02')";
        Assert.That(first.ReadValue<string>(Sql), Is.EqualTo("UTC 2001-06-30 22:00:00+00"));
        Assert.That(second.ReadValue<string>(Sql), Is.EqualTo("UTC 2001-06-30 22:00:00+00"));
    }

    [Test]
    public void Execute_MoreThanMemoryWithoutAFolder_IsOutOfMemory()
    {
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { MemoryLimitBytes = 40 << 20, ThreadCount = 2 });
        using DuckDbConnection connection = database.Connect();
        DuckDbException error = Assert.Throws<DuckDbException>(() => connection.Execute("SELECT count(*) FROM (SELECT DISTINCT i, md5(i::VARCHAR) FROM range(2000000) t(i))"))!;
        Assert.That((error.Error, error.Code), Is.EqualTo((DuckDbError.OutOfMemory, "storage.duckdb_out_of_memory")));
        Assert.That(error.Message, Does.Not.Contain("\n").And.Contain("memory"));
    }

    [Test]
    public void Execute_MoreThanMemoryWithAFolder_Spills()
    {
        using var folder = new TempFolder();
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { MemoryLimitBytes = 80 << 20, ThreadCount = 2, TempFolder = folder.Path });
        using DuckDbConnection connection = database.Connect();
        Assert.That(connection.ReadValue<long>("SELECT count(*) FROM (SELECT i, md5(i::VARCHAR) AS h FROM range(2000000) t(i) ORDER BY h)"), Is.EqualTo(2_000_000));
    }

    [Test]
    public void Open_EmptyNameForTheTempFolder_IsNone()
    {
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { TempFolder = "" });
        using DuckDbConnection connection = database.Connect();
        Assert.That(connection.ReadValue<string>("SELECT current_setting('temp_directory')"), Is.Empty);
    }

    [Test]
    public void Copy_ToAFullDisk_IsDiskFull()
    {
        if (!File.Exists("/dev/full")) Assert.Ignore("this system has no device that is always full");
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = ["/dev"] });
        using DuckDbConnection connection = database.Connect();
        Assert.That(
            () => connection.Copy("COPY (SELECT i FROM range(100000) t(i)) TO '/dev/full' (FORMAT parquet, USE_TMP_FILE false, RETURN_STATS)"),
            Throws.InstanceOf<DuckDbException>().With.Property("Error").EqualTo(DuckDbError.DiskFull));
    }

    [TestCase("SELECT 1; SELECT 2", "storage.duckdb_statements")]
    [TestCase("  -- nothing", "storage.duckdb_no_statement")]
    public void Execute_AnotherNumberOfStatementsThanOne_SaysSo(string sql, string code)
    {
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions());
        using DuckDbConnection connection = database.Connect();
        DuckDbException error = Assert.Throws<DuckDbException>(() => connection.Execute(sql))!;
        Assert.That(error.Code, Is.EqualTo(code));
        Assert.That(error.Message, Does.Not.Contain(code));
    }

    [Test]
    public void Open_OptionsOutsideTheirRange_AreTheCallersMistake()
    {
        Refused<ArgumentOutOfRangeException>(new DuckDbOptions { MemoryLimitBytes = -1 }, "MemoryLimitBytes");
        Refused<ArgumentOutOfRangeException>(new DuckDbOptions { MemoryLimitBytes = 0 }, "MemoryLimitBytes");
        Refused<ArgumentOutOfRangeException>(new DuckDbOptions { ThreadCount = 0 }, "ThreadCount");
        Refused<ArgumentOutOfRangeException>(new DuckDbOptions { TempSizeBytesMax = -1 }, "TempSizeBytesMax");
        Refused<ArgumentException>(new DuckDbOptions { TempFolder = "spill" }, "'spill' is not absolute");

        static void Refused<T>(DuckDbOptions options, string words)
            where T : Exception
            => Assert.That(() => DuckDbDatabase.Open(options).Dispose(), Throws.TypeOf<T>().With.Message.Contain(words));
    }

    [TestCase("SELECT 'x'::BIGINT", DuckDbError.Value, "Could not convert string 'x' to INT64")]
    [TestCase("SELECT 9223372036854775807::BIGINT + i FROM range(5) t(i)", DuckDbError.Value, "Overflow in addition of INT64 (9223372036854775807 + 1)!")]
    [TestCase("SELECT error('so it says')", DuckDbError.Value, "so it says")]
    [TestCase("SELECT no_such FROM range(3)", DuckDbError.Statement, null)]
    [TestCase("SELEC 1", DuckDbError.Statement, null)]
    public void Execute_Failure_HasItsKindAndOneLineOfWords(string sql, DuckDbError kind, string? words)
    {
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions());
        using DuckDbConnection connection = database.Connect();
        DuckDbException error = Assert.Throws<DuckDbException>(() => connection.Execute(sql))!;
        Assert.That(error.Error, Is.EqualTo(kind));
        if (words is not null) Assert.That(error.Words, Is.EqualTo(words));
        Assert.That(error.Message, Does.Not.Contain("\n").And.Not.Contain("LINE 1"));
    }
}
