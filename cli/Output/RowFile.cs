using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.Cli.Output;

/// <summary>Writes the rows of a query to one file: Parquet, CSV, or Arrow, by its ending. It is written aside and put in place in one step. And reads Arrow files.</summary>
internal static class RowFile
{
    /// <summary>In place of a file: standard input or output, as an Arrow stream.</summary>
    internal const string Standard = "-";

    /// <summary>Whether a file with that ending holds Arrow: a file (<c>.arrow</c>, <c>.feather</c>) or a stream (<c>.arrows</c>).</summary>
    internal static bool IsArrow(string ending) => ending is ".arrow" or ".arrows" or ".feather";

    /// <summary>Finds out early whether the target can be written at all, and lets the engine write there.</summary>
    /// <returns>Its full path; <see cref="Standard"/> for standard output.</returns>
    internal static string Prepare(CommandContext context, string target)
    {
        if (target == Standard) return context.Terminal.IsOutTerminal ? throw new LeptonDataException("cli.arrow_on_terminal", []) : target;
        string path = Path.GetFullPath(target);
        Check(path);
        context.Reach([Path.GetDirectoryName(path)!]);
        return path;
    }

    /// <summary>Opens Arrow, of a file or a stream, whatever the ending says. The caller disposes it.</summary>
    /// <param name="context">Its memory is charged.</param>
    /// <param name="source">A file, or <see cref="Standard"/> for standard input.</param>
    /// <exception cref="LeptonDataException">There is no such file, or it holds no Arrow.</exception>
    internal static async Task<IRecordBatchReader> ReadArrowAsync(CommandContext context, string source)
    {
        Stream stream;
        try
        {
            stream = source == Standard ? Console.OpenStandardInput() : new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            throw FileErrors.Of(failure, source);
        }
        return await ArrowStreamReader.OpenAsync(stream, new ArrowReadOptions { Source = source == Standard ? "stdin" : source, Memory = context.Memory }, cancellationToken: context.CancellationToken);
    }

    /// <returns>How many rows.</returns>
    /// <exception cref="LeptonDataException"><c>cli.unknown_ending</c>, <c>cli.too_many_files</c>, or what the engine threw; nothing is left then.</exception>
    internal static async Task<long> WriteAsync(CommandContext context, BoundQuery query, Inputs inputs, RunContext run, string path)
    {
        if (path == Standard)
        {
            context.Terminal.Out.Flush();
            return await WriteArrowAsync(context, query, inputs, run, context.Terminal.OutStream, isStream: true);
        }
        string ending = Check(path);
        string folder = Path.GetDirectoryName(path)!;
        string aside = Path.Combine(folder, $".{Path.GetFileName(path)}.{run.Id}");
        try
        {
            Directory.CreateDirectory(aside);
            string file = Path.Combine(aside, "rows");
            long rows = ending switch
            {
                ".csv" => await WriteCsvAsync(context, query, inputs, run, file),
                ".parquet" => await WriteParquetAsync(context, query, inputs, run, aside, file),
                _ => await WriteArrowAsync(context, query, inputs, run, file, isStream: ending == ".arrows"),
            };
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
    /// <returns>The ending: <c>.parquet</c>, <c>.csv</c>, or of Arrow.</returns>
    internal static string Check(string path)
    {
        string ending = Path.GetExtension(path).ToLowerInvariant();
        if (ending is not (".parquet" or ".csv") && !IsArrow(ending)) throw new LeptonDataException("cli.unknown_ending", [path]);
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

    private static async Task<long> WriteArrowAsync(CommandContext context, BoundQuery query, Inputs inputs, RunContext run, string path, bool isStream)
    {
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);
        long rows = await WriteArrowAsync(context, query, inputs, run, file, isStream);
        file.Flush(flushToDisk: true);
        return rows;
    }

    private static async Task<long> WriteArrowAsync(CommandContext context, BoundQuery query, Inputs inputs, RunContext run, Stream target, bool isStream)
    {
        await using IRecordBatchReader rows = await context.Engine.ReadAsync(query, inputs, run, context.CancellationToken);
        await using ArrowStreamWriter? stream = isStream ? new ArrowStreamWriter(target, rows.Schema) : null;
        await using ArrowFileWriter? file = isStream ? null : new ArrowFileWriter(target, rows.Schema);
        long count = 0;
        while (await rows.ReadAsync(context.CancellationToken) is { } batch)
        {
            using (batch) await (stream?.WriteAsync(batch, context.CancellationToken) ?? file!.WriteAsync(batch, context.CancellationToken));
            count += batch.RowCount;
        }
        await (stream?.CompleteAsync(context.CancellationToken) ?? file!.CompleteAsync(context.CancellationToken));
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
