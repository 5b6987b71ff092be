using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.Cli.Output;

/// <summary>Writes the rows of a query to one file, Parquet or CSV by its ending. It is written aside and put in place in one step.</summary>
internal static class RowFile
{
    /// <returns>How many rows.</returns>
    /// <exception cref="LeptonDataException"><c>cli.unknown_ending</c>, <c>cli.too_many_files</c>, or what the engine threw; nothing is left then.</exception>
    internal static async Task<long> WriteAsync(CommandContext context, BoundQuery query, Inputs inputs, RunContext run, string path)
    {
        string ending = Check(path);
        string folder = Path.GetDirectoryName(path)!;
        string aside = Path.Combine(folder, $".{Path.GetFileName(path)}.{run.Id}");
        try
        {
            Directory.CreateDirectory(aside);
            string file = Path.Combine(aside, "rows");
            long rows = ending == ".csv" ? await WriteCsvAsync(context, query, inputs, run, file) : await WriteParquetAsync(context, query, inputs, run, aside, file);
            File.Move(file, path, overwrite: true);
            return rows;
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            throw FileErrors.Of(failure, path);
        }
        finally
        {
            if (Directory.Exists(aside)) Directory.Delete(aside, recursive: true);
        }
    }

    /// <summary>Finds out early whether the file can be written at all.</summary>
    /// <returns>The ending, <c>.parquet</c> or <c>.csv</c>.</returns>
    internal static string Check(string path)
    {
        string ending = Path.GetExtension(path).ToLowerInvariant();
        if (ending is not (".parquet" or ".csv")) throw new LeptonDataException("cli.unknown_ending", [path]);
        string folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder)) throw new LeptonDataException("cli.no_folder", [folder]);
        if (Directory.Exists(path)) throw new LeptonDataException("cli.is_folder", [path]);
        return ending;
    }

    private static async Task<long> WriteCsvAsync(CommandContext context, BoundQuery query, Inputs inputs, RunContext run, string file)
    {
        await using IRecordBatchReader rows = await context.Engine.ReadAsync(query, inputs, run, context.CancellationToken);
        await using var writer = new StreamWriter(file);
        var csv = new CsvOutput(writer);
        csv.WriteHeader(rows.Schema);
        long count = 0;
        while (await rows.ReadAsync(context.CancellationToken) is { } batch)
        {
            using (batch) csv.WriteRows(batch);
            count += batch.RowCount;
        }
        return count;
    }

    private static async Task<long> WriteParquetAsync(CommandContext context, BoundQuery query, Inputs inputs, RunContext run, string aside, string file)
    {
        IReadOnlyList<DataFile> files = await context.Engine.WriteAsync(query, inputs, new FileTarget(aside, KeepsOrder: true), run, context.CancellationToken);
        if (files.Count == 0) throw new LeptonDataException("cli.no_rows", [Path.GetFileName(file)]);
        if (files.Count > 1) throw new LeptonDataException("cli.too_many_files", [files.Count]);
        string written = Path.IsPathRooted(files[0].Path) ? files[0].Path : Path.Combine(aside, files[0].Path);
        File.Move(written, file);
        return files[0].Statistics?.RowCount ?? 0;
    }
}
