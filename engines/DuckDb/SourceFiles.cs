using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Engines.DuckDb;

/// <summary>Checks that files are what the connector saw.</summary>
internal static class SourceFiles
{
    /// <exception cref="LeptonDataException"><c>engines.file_missing</c>, <c>engines.file_changed</c></exception>
    internal static void EnsureUnchanged(IEnumerable<SourceFile> files)
    {
        foreach (SourceFile file in files)
        {
            var info = new FileInfo(file.Path);
            if (!info.Exists) throw new LeptonDataException("engines.file_missing", [file.Path]);
            if (info.Length != file.SizeBytes || EventTime.FromDateTimeOffset(info.LastWriteTimeUtc) != file.ModifiedAt) throw new LeptonDataException("engines.file_changed", [file.Path]);
        }
    }
}
