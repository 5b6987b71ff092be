using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta.Log;

namespace Lepton.Data.Storage.Delta.DeletionVectors;

/// <summary>Where the set of a file's deleted rows lies.</summary>
/// <param name="StorageType">How <paramref name="PathOrInline"/> is meant: <c>i</c> the set itself, <c>u</c> a file of the table, <c>p</c> a file by its absolute path.</param>
/// <param name="PathOrInline">The file or the set, as the log has it.</param>
/// <param name="Offset">Where in the file it begins; null for its start.</param>
/// <param name="SizeBytes">Its length.</param>
/// <param name="RowCount">How many rows are deleted.</param>
public sealed record DeletionVector(string StorageType, string PathOrInline, int? Offset, int SizeBytes, long RowCount)
{
    private const int IdLength = 20;

    /// <summary>What tells it from any other, as the protocol says.</summary>
    internal string UniqueId => Offset is { } offset ? string.Create(CultureInfo.InvariantCulture, $"{StorageType}{PathOrInline}@{offset}") : StorageType + PathOrInline;

    /// <summary>The set itself, where the log holds it.</summary>
    internal byte[]? Inline => StorageType == "i" ? Base85.Decode(PathOrInline, SizeBytes) : null;

    /// <summary>The file that holds the set: relative to the table's folder, or absolute.</summary>
    /// <param name="table">What the table's folder is called outside.</param>
    /// <param name="root">Likewise the store's root.</param>
    /// <param name="path">The file.</param>
    /// <returns>False for a set that the log holds, and for what leads out of the store.</returns>
    internal bool TryFindFile(string table, string root, [NotNullWhen(true)] out string? path)
    {
        path = null;
        if (StorageType == "p" && PathEncoding.TryRead(PathOrInline, table, root, out FilePath file)) path = file.Path;
        if (StorageType == "u" && PathOrInline.Length >= IdLength && Base85.Decode(PathOrInline[^IdLength..], 16) is { } id)
        {
            string name = $"deletion_vector_{new Guid(id, bigEndian: true)}.bin";
            if (PathOrInline.Length == IdLength) path = name;
            else if (PathEncoding.TryDecode(PathOrInline[..^IdLength], out string? folder)) path = $"{folder}/{name}";
        }
        return path is not null;
    }

    /// <summary>Checks what a log says of a set, without reading it.</summary>
    /// <exception cref="LeptonDataException"><c>storage.log_field</c></exception>
    internal DeletionVector Checked(string table, string root, SourcePlace place)
        => SizeBytes > 0 && RowCount >= 0 && (StorageType == "i" ? Inline is not null : TryFindFile(table, root, out _)) ? this : throw new LeptonDataException("storage.log_field", ["deletionVector"]) { Place = place };
}
