using NUnit.Framework;
using System.Text;
using Lepton.Data.Connectors.Files;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Testing;

namespace Lepton.Data.Tests.Unit.Connectors;

/// <summary>A folder with files, and a source over them as a person writes it.</summary>
internal sealed class SourceFixture : IDisposable
{
    internal TempFolder Folder { get; } = new();

    internal static FileSourceDefinition Define(string yaml) => FileSourceFormat.Format.Read(Encoding.UTF8.GetBytes(yaml), "pipelines/p.yaml") with { Name = "src" };

    internal async Task<InspectedSource> InspectAsync(string yaml, IReadOnlyDictionary<string, KnownFile>? known = null)
    {
        FileSourceDefinition source = Define(yaml);
        using var sources = new FileSources([source], Folder.Path, known ?? new Dictionary<string, KnownFile>());
        return await sources.InspectAsync(source, null, CancellationToken.None);
    }

    internal LeptonDataException Refusal(string yaml)
    {
        LeptonDataException? refused = Assert.Catch<LeptonDataException>(() => InspectAsync(yaml).GetAwaiter().GetResult());
        Assert.That(refused!.Message, Does.Not.Contain($"{refused.Code}:"), "the error has no text");
        return refused;
    }

    /// <summary>Writes what a SELECT gives as a Parquet file.</summary>
    internal string WriteParquet(string name, string select)
    {
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [Folder.Path] });
        using DuckDbConnection connection = database.Connect();
        connection.Execute($"COPY ({select}) TO {SqlLiteral.Text(Folder[name])} (FORMAT parquet)");
        return Folder[name];
    }

    public void Dispose() => Folder.Dispose();
}
