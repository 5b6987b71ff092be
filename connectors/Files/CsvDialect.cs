using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Connectors.Files;

/// <summary>
/// What the beginning of a delimited text says of how it is written. DuckDB's own sniffer gives up, or takes the text for one column, where a single row in its sample has a field
/// too many; a person wants to hear of that row instead, so delimiter and names are found here and types there.
/// </summary>
/// <param name="Delimiter">Between fields.</param>
/// <param name="Quote">Around fields; null for none.</param>
/// <param name="Escape">Before a quote inside a quoted field; null for none.</param>
/// <param name="FirstRecord">The fields of the first record.</param>
internal sealed record CsvDialect(char Delimiter, char? Quote, char? Escape, IReadOnlyList<string> FirstRecord)
{
    private const int HeadBytes = 256 << 10;
    private const int RecordsMax = 100;
    private static readonly char[] s_delimiters = [',', ';', '\t', '|'];

    /// <summary>Whether a field of the first record is also a value of its column further down, and that record as a whole is not: then it names no columns.</summary>
    internal bool IsFirstRecordData { get; private init; }

    /// <summary>Looks into the beginning of a file.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="declared">What the person says of it.</param>
    /// <param name="place">Where.</param>
    /// <param name="triesSpaces">Whether spaces between fields are thought of, where no other character tells fields apart and each row has as many of three or more.</param>
    /// <exception cref="LeptonDataException">The file is empty or cannot be read.</exception>
    internal static CsvDialect Detect(string path, CsvDeclaration declared, SourcePlace place, bool triesSpaces = false)
    {
        string head = Head(path, declared.Encoding ?? "utf-8", out bool isWhole);
        if (string.IsNullOrWhiteSpace(head)) throw new LeptonDataException("connectors.empty_file", [path]) { Place = place };
        char? quote = declared.Quote ?? '"';
        char? escape = declared.Escape ?? quote;
        CsvDialect? best = null;
        double bestScore = -1;
        foreach (char delimiter in declared.Delimiter is { } said ? [said] : s_delimiters)
        {
            List<List<string>> records = Records(head, delimiter, quote, escape, isWhole);
            if (records.Count == 0) continue;
            int width = records[0].Count;
            // More fields are better, and rows that have as many as the first: of 100 rows, a few ragged ones are a mistake in the data, many one of the guess.
            double score = width == 1 ? 0 : width * Math.Pow(records.Count(record => record.Count == width) / (double)records.Count, 2);
            if (score <= bestScore) continue;
            (best, bestScore) = (Of(delimiter, records), score);
        }
        if (triesSpaces && bestScore == 0 && declared.Delimiter is null && Records(head, ' ', quote, escape, isWhole) is [{ Count: >= 3 } first, _, ..] spaced && spaced.TrueForAll(record => record.Count == first.Count)) best = Of(' ', spaced);
        return best ?? throw new LeptonDataException("connectors.empty_file", [path]) { Place = place };

        CsvDialect Of(char delimiter, List<List<string>> records) => new(delimiter, quote, escape, records[0])
        {
            IsFirstRecordData = !records.Skip(1).Any(record => record.SequenceEqual(records[0]))
                && records[0].Where((value, i) => value.Length > 0 && records.Skip(1).Any(record => record.Count > i && record[i] == value)).Any(),
        };
    }

    /// <summary>The first records of a text; the last is left out where the text was cut.</summary>
    internal static List<List<string>> Records(string text, char delimiter, char? quote, char? escape, bool isWhole)
    {
        var records = new List<List<string>>();
        var record = new List<string>();
        var field = new StringBuilder();
        bool isQuoted = false;
        for (int i = 0; i < text.Length && records.Count < RecordsMax; i++)
        {
            char c = text[i];
            if (isQuoted)
            {
                bool hasNext = i + 1 < text.Length;
                if (c == escape && hasNext && (text[i + 1] == quote || (escape != quote && text[i + 1] == escape))) field.Append(text[++i]);
                else if (c == quote) isQuoted = false;
                else field.Append(c);
            }
            else if (c == quote && field.Length == 0) isQuoted = true;
            else if (c == delimiter) EndField();
            else if (c is '\n' or '\r')
            {
                if (c == '\r' && i + 1 < text.Length && text[i + 1] == '\n') i++;
                EndRecord();
            }
            else field.Append(c);
        }
        if (isWhole && records.Count < RecordsMax) EndRecord();
        return records;

        void EndField()
        {
            record.Add(field.ToString());
            field.Clear();
        }

        void EndRecord()
        {
            EndField();
            // DuckDB passes empty lines over.
            if (record.Count > 1 || record[0].Length > 0) records.Add(record);
            record = [];
        }
    }

    private static string Head(string path, string encoding, out bool isWhole)
    {
        try
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            byte[] bytes = new byte[(int)Math.Min(HeadBytes, RandomAccess.GetLength(file))];
            int count = 0;
            for (int read; count < bytes.Length && (read = RandomAccess.Read(file, bytes.AsSpan(count), count)) > 0;) count += read;
            isWhole = RandomAccess.GetLength(file) <= count;
            ReadOnlySpan<byte> head = bytes.AsSpan(0, count);
            return encoding switch
            {
                "latin-1" => Encoding.Latin1.GetString(head),
                "utf-16" when head is [0xFE, 0xFF, ..] => Encoding.BigEndianUnicode.GetString(head[2..]),
                "utf-16" => Encoding.Unicode.GetString(head is [0xFF, 0xFE, ..] ? head[2..] : head),
                _ => Encoding.UTF8.GetString(head is [0xEF, 0xBB, 0xBF, ..] ? head[3..] : head),
            };
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            throw FileErrors.Of(failure, path);
        }
    }
}
