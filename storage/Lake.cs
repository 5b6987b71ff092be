using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Delta;

namespace Lepton.Data.Storage;

/// <summary>A folder of Delta tables, and what the product keeps beside them. See docs/formats/lake.md for the layout.</summary>
public sealed class Lake
{
    internal Lake(string rootPath) => RootPath = rootPath;

    /// <summary>The folder, absolute.</summary>
    public string RootPath { get; }
}
