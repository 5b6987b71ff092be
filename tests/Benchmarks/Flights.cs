using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.Tests.Benchmarks;

/// <summary>The example's data: 3,000,000 real flights, zstd Parquet of 14 MB (made from npm's vega-datasets), five columns.</summary>
internal sealed class Flights : IDisposable
{
    internal const int RowCount = 3_000_000;

    internal static readonly Schema Schema = new(
    [
        new Field("date", DataType.Instant), new Field("delay", DataType.Int64), new Field("distance", DataType.Int64), new Field("origin", DataType.String),
        new Field("destination", DataType.String),
    ]);

    internal Flights()
    {
        Folder = Directory.CreateTempSubdirectory("lepton-bench-").FullName;
        string source = Source();
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [Folder, Path.GetDirectoryName(source)!] });
        using DuckDbConnection connection = database.Connect();
        connection.Execute($"COPY (SELECT timezone('UTC', date) AS date, delay, distance, origin, destination FROM read_parquet({SqlLiteral.Text(source)})) TO {SqlLiteral.Text(File)} (FORMAT parquet, COMPRESSION zstd)");
    }

    internal string Folder { get; }

    internal string File => Path.Combine(Folder, "flights.parquet");

    /// <summary>The rows, after FROM.</summary>
    internal string Sql => ParquetSql.Rows([File], Schema);

    internal Inputs Inputs
    {
        get
        {
            var info = new FileInfo(File);
            var file = new SourceFile(File, info.Length, EventTime.FromDateTimeOffset(info.LastWriteTimeUtc), "");
            return new Inputs().Add("flights", new FileInput(new FileScan(FileFormat.Parquet, [file], Schema, Schema, null, new Dictionary<string, string>())));
        }
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    internal static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !System.IO.File.Exists(Path.Combine(folder.FullName, "Lepton.Data.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("Lepton.Data.sln");
    }

    /// <summary>The folder of npm's copies.</summary>
    internal static string SourceFolder()
    {
        string folder = Path.Combine(Root(), "node_modules", "vega-datasets", "data");
        return System.IO.File.Exists(Path.Combine(folder, "flights-3m.parquet")) ? folder : throw new FileNotFoundException("flights-3m.parquet: run `npm ci`");
    }

    private static string Source() => Path.Combine(SourceFolder(), "flights-3m.parquet");
}
