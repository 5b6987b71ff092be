using Lepton.Data.Connectors.Files;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Jobs.Drafts;

/// <summary>Finds out how a file is to be read at all: its format, its encoding, and what it does not say of its columns.</summary>
internal static class SourceLook
{
    private const int HeadBytes = 64 << 10;

    // Each turn declares one more column that the file leaves open.
    private const int TurnsMax = 5_000;

    // Characters around fields that hardly any text holds, for files whose quotes are just quotes.
    private const string UnusedQuotes = "`~^|";

    private static readonly SourcePlace s_place = new("--from");

    /// <summary>A source of one path or pattern, of which nothing is known.</summary>
    internal static FileSourceDefinition Definition(string path, string name) => new()
    {
        Name = $"{name}_raw",
        Place = s_place,
        Format = path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase) || Head(path) is [0x50, 0x41, 0x52, 0x31, ..] ? FileFormat.Parquet : FileFormat.Csv,
        Path = new Located<string>(path, s_place),
        ReadsAsText = true,
    };

    /// <summary>Looks into it.</summary>
    /// <exception cref="LeptonDataException">It is of a kind that is not read, or not as it must be.</exception>
    internal static async ValueTask<InspectedSource> IntoAsync(string path, string name, RunContext run, CancellationToken cancellationToken)
    {
        RefuseOthers(path);
        FileSourceDefinition source = Definition(path, name);
        for (int turn = 0; ; turn++)
        {
            using var files = new FileSources([source], Environment.CurrentDirectory, new Dictionary<string, KnownFile>());
            try
            {
                return await files.InspectAsync(source, run.Progress is { } progress ? (read, of) => progress.Report(new StepProgress(name, "jobs.looking", of == 0 ? null : (double)read / of)) : null, cancellationToken).ConfigureAwait(false);
            }
            catch (LeptonDataException failure)
            {
                if (failure.Code == "connectors.names_collide" && source.Format == FileFormat.Csv) throw new LeptonDataException(failure.Code, [.. failure.Arguments]) { Place = new SourcePlace(path, 1) };
                if (turn == TurnsMax || Remedied(source, failure) is not { } better) throw;
                source = better;
            }
        }
    }

    private static FileSourceDefinition? Remedied(FileSourceDefinition source, LeptonDataException failure)
    {
        ColumnDeclaration Column() => new((string)failure.Arguments[0]!, source.Place);
        switch (failure.Code)
        {
            // For looking, one zone is as good as another; which it is the person says.
            case "connectors.zone_needed": return source with { Columns = [.. source.Columns, Column() with { Zone = new Located<string>("UTC", source.Place) }] };
            case "connectors.unknown_type": return source with { Columns = [.. source.Columns, Column() with { Type = DataType.String }] };
            case "connectors.csv_utf16" when source.Csv.Encoding is null: return source with { Csv = source.Csv with { Encoding = "utf-16" } };
            case "connectors.csv_not_utf8" when source.Csv.Encoding is null:
                if (IsChinese(Head((string)failure.Arguments[0]!))) throw new LeptonDataException("jobs.draft_gb18030", [source.Path.Value], failure) { Place = new SourcePlace(source.Path.Value, failure.Arguments[1] is long line ? (int)line : 0) };
                return source with { Csv = source.Csv with { Encoding = "latin-1" } };
            case "connectors.csv_unreadable" or "connectors.csv_quote" when source.Csv.Quote is null && source.Csv.Encoding is null && UnusedQuote(source.Path.Value) is { } quote:
                return source with { Csv = source.Csv with { Quote = quote } };
            default: return null;
        }
    }

    private static char? UnusedQuote(string path)
    {
        if (!File.Exists(path)) return null;
        var found = new HashSet<char>();
        foreach (string line in File.ReadLines(path))
            foreach (char c in line)
                if (UnusedQuotes.Contains(c, StringComparison.Ordinal)) found.Add(c);
        foreach (char quote in UnusedQuotes)
            if (!found.Contains(quote)) return quote;
        return null;
    }

    private static void RefuseOthers(string path)
    {
        ReadOnlySpan<byte> head = Head(path);
        string? kind = head switch
        {
            [0x1F, 0x8B, ..] => "gzip",
            [0x50, 0x4B, 0x03, 0x04, ..] => path.EndsWith(".xlsx", StringComparison.OrdinalIgnoreCase) ? "xlsx" : "zip",
            [0x42, 0x5A, 0x68, ..] => "bzip2",
            [0xFD, 0x37, 0x7A, 0x58, 0x5A, ..] => "xz",
            [0x28, 0xB5, 0x2F, 0xFD, ..] => "zstd",
            [0x4F, 0x62, 0x6A, 0x01, ..] => "Avro",
            [0x25, 0x50, 0x44, 0x46, ..] => "PDF",
            _ => null,
        };
        if (kind is null && head.TrimStart(" \t\r\n\uFEFF"u8) is [(byte)'{' or (byte)'[', ..] && path.Contains(".json", StringComparison.OrdinalIgnoreCase) | path.EndsWith(".ndjson", StringComparison.OrdinalIgnoreCase)) kind = "JSON";
        if (kind is null) return;
        string code = kind switch { "xlsx" => "jobs.draft_spreadsheet", "JSON" or "Avro" or "PDF" => "jobs.draft_format", _ => "jobs.draft_compressed" };
        throw new LeptonDataException(code, [path, kind]) { Place = s_place };
    }

    // In GB 2312 Chinese characters are pairs of bytes from 0xA1; in Latin-1 an accented letter mostly stands alone.
    private static bool IsChinese(ReadOnlySpan<byte> head)
    {
        (int pairs, int odd) = (0, 0);
        for (int at = 0; at < head.Length; at++)
        {
            int run = 0;
            while (at + run < head.Length && head[at + run] >= 0xA1) run++;
            if (run == 0) continue;
            // What the block's end cuts says nothing.
            if (at + run < head.Length && run % 2 != 0) odd++;
            else pairs += run / 2;
            at += run;
        }
        return pairs > 0 && odd * 20 < pairs;
    }

    private static byte[] Head(string path)
    {
        try
        {
            if (!File.Exists(path)) return [];
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            byte[] head = new byte[(int)Math.Min(HeadBytes, file.Length)];
            file.ReadExactly(head);
            return head;
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            // Said with its reason when the source is looked into.
            return [];
        }
    }
}
