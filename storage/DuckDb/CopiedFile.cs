using System.Text;
using Lepton.Data.Storage.DuckDb.Native;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>A file that COPY wrote.</summary>
/// <param name="Path">As it was given to COPY.</param>
/// <param name="RowCount">How many rows.</param>
/// <param name="SizeBytes">Its length.</param>
/// <param name="Columns">By column: <c>min</c>, <c>max</c>, <c>null_count</c>, <c>has_nan</c> and others, as text.</param>
public sealed record CopiedFile(string Path, long RowCount, long SizeBytes, IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Columns)
{
    // The columns of RETURN_STATS: filename, count, file_size_bytes, footer_size_bytes, column_statistics, partition_keys.
    private const int StatisticsIndex = 4;

    internal static unsafe List<CopiedFile> ReadAll(ResultHandle result)
    {
        var files = new List<CopiedFile>();
        using var chunk = new ChunkHandle();
        while (chunk.MoveNext(result))
        {
            var paths = (StringStruct*)NativeMethods.VectorData(chunk.Vector(0));
            var rows = (ulong*)NativeMethods.VectorData(chunk.Vector(1));
            var sizes = (ulong*)NativeMethods.VectorData(chunk.Vector(2));
            nint statistics = chunk.Vector(StatisticsIndex);
            for (int i = 0; i < chunk.RowCount; i++)
                files.Add(new CopiedFile(TextOf(paths + i), checked((long)rows[i]), checked((long)sizes[i]), ColumnsOf(statistics, i)));
        }
        return string.IsNullOrEmpty(result.Error) ? files : throw DuckDbException.Of(result.Error);
    }

    // A map is a list of (key, value) structs.
    private static unsafe Dictionary<string, IReadOnlyDictionary<string, string>> ColumnsOf(nint map, int row)
    {
        var columns = new Dictionary<string, IReadOnlyDictionary<string, string>>(StringComparer.Ordinal);
        ListEntry entry = ((ListEntry*)NativeMethods.VectorData(map))[row];
        nint pairs = NativeMethods.ListChild(map);
        var keys = (StringStruct*)NativeMethods.VectorData(NativeMethods.StructChild(pairs, 0));
        nint values = NativeMethods.StructChild(pairs, 1);
        for (ulong i = entry.Offset; i < entry.Offset + entry.Length; i++) columns[TextOf(keys + i)] = TextsOf(values, i);
        return columns;
    }

    private static unsafe Dictionary<string, string> TextsOf(nint map, ulong row)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        ListEntry entry = ((ListEntry*)NativeMethods.VectorData(map))[row];
        nint pairs = NativeMethods.ListChild(map);
        var keys = (StringStruct*)NativeMethods.VectorData(NativeMethods.StructChild(pairs, 0));
        nint values = NativeMethods.StructChild(pairs, 1);
        var source = (StringStruct*)NativeMethods.VectorData(values);
        ulong* validity = NativeMethods.VectorValidity(values);
        for (ulong i = entry.Offset; i < entry.Offset + entry.Length; i++)
            if (validity is null || (validity[i >> 6] & (1UL << (int)(i & 63))) != 0) texts[TextOf(keys + i)] = TextOf(source + i);
        return texts;
    }

    private static unsafe string TextOf(StringStruct* text)
        => Encoding.UTF8.GetString(text->Length <= StringStruct.InlineLengthMax ? text->Inline : text->Pointer, checked((int)text->Length));
}
