using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Log;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Testing;
using Lepton.Data.Tests.Unit.Storage.Objects;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

/// <summary>A table in a folder of its own, and short words for changes to it. Its files hold bytes that nobody reads: the log does not look inside.</summary>
internal sealed class DeltaFixture : IDisposable
{
    internal static readonly EventTime Noon = EventTime.FromDateTimeOffset(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    internal static readonly Schema Columns = new([new Field("id", DataType.Int64), new Field("name", DataType.String)]);

    private readonly TempFolder _folder = new();

    internal DeltaFixture() => Table = Open();

    internal string RootPath => _folder.Path;

    internal string TablePath => _folder["t"];

    internal string LogPath => _folder["t/_delta_log"];

    internal DeltaTable Table { get; }

    /// <summary>Another opener of the same table, that knows nothing yet.</summary>
    internal DeltaTable Open(IFileCalls? calls = null) => new(new LocalObjectStore(_folder.Path, calls ?? new UnsyncedFileCalls()), "t");

    internal string LogFile(long version) => Path.Join(LogPath, $"{version:d20}.json");

    /// <summary>A file of so many rows, on disk.</summary>
    internal DataFile File(string name, long rows = 1)
    {
        string path = Path.Join(TablePath, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllText(path, name);
        var statistics = new FileStatistics(rows, new Dictionary<string, ColumnStatistics> { ["id"] = new(0, 1L, rows) });
        return new DataFile(name, new FileInfo(path).Length, Noon, statistics, new ContentSum(rows, name.Aggregate(UInt128.Zero, (sum, letter) => (sum * 1_000_003) + letter)));
    }

    internal static TableChange Append(Snapshot? current, params DataFile[] files) => new()
    {
        Base = current,
        Schema = current?.Schema ?? Columns,
        Added = files,
        HasReadTable = false,
        Operation = "WRITE",
        CommittedAt = Noon,
    };

    internal static TableChange Overwrite(Snapshot current, params DataFile[] files) => Append(current, files) with { HasReadTable = true, Removed = current.Files };

    /// <summary>Writes a log by hand, one text a version.</summary>
    internal void WriteLog(params string[] commits)
    {
        Directory.CreateDirectory(LogPath);
        for (int i = 0; i < commits.Length; i++) System.IO.File.WriteAllText(LogFile(i), commits[i]);
    }

    /// <summary>Protocol and metadata of a table with the columns id and name.</summary>
    internal static string FirstLines(string protocol = """{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}""", string configuration = "{}", string? schema = null)
    {
        string schemaText = System.Text.Json.JsonSerializer.Serialize(schema ?? SchemaJson.Write(Columns));
        return $$$"""{{{protocol}}}{{{"\n"}}}{"metaData":{"id":"i","format":{"provider":"parquet","options":{}},"schemaString":{{{schemaText}}},"partitionColumns":[],"configuration":{{{configuration}}},"createdTime":0}}{{{"\n"}}}""";
    }

    internal static string AddLine(string path, string more = "") => $$$"""{"add":{"path":"{{{path}}}","partitionValues":{},"size":1,"modificationTime":0,"dataChange":true{{{more}}}}}{{{"\n"}}}""";

    public void Dispose() => _folder.Dispose();
}
