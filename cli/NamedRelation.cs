using System.Globalization;
using Lepton.Data.Cli.Output;
using Lepton.Data.Connectors.Files;
using Lepton.Data.Engines;
using Lepton.Data.FeatureStore;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Delta;

namespace Lepton.Data.Cli;

/// <summary>Rows that a command line names: <c>table</c> (as everybody reads it), <c>table@12</c> (one version), <c>datasets.name</c>, or a file that ends in <c>.csv</c> or <c>.parquet</c>.</summary>
/// <param name="Name">As it was typed.</param>
/// <param name="Input">For queries.</param>
/// <param name="Snapshot">Of a table; null for others.</param>
/// <param name="UtcColumns">Of files: columns whose times have no zone, and are read as UTC.</param>
internal sealed record NamedRelation(string Name, Input Input, Snapshot? Snapshot, IReadOnlyList<string> UtcColumns)
{
    /// <summary>Says what a look at the rows alone would not tell.</summary>
    internal void WriteNotes(Terminal terminal)
    {
        if (UtcColumns.Count > 0) terminal.Error.WriteLine(TextCells.Visible(Texts.Get("cli.read_as_utc", Name, string.Join(", ", UtcColumns))));
        if (PartialColumns is { Count: > 0 } && Input is FileInput { Scan.Files.Count: var count })
            terminal.Error.WriteLine(TextCells.Visible(Texts.Get("cli.partial_columns", Name, count, string.Join(", ", PartialColumns.Select(column => string.Create(CultureInfo.InvariantCulture, $"{column.Key} ({column.Value})"))))));
    }

    /// <summary>Of files: columns that not all have, with how many do.</summary>
    private IReadOnlyDictionary<string, int>? PartialColumns { get; init; }

    /// <summary>Equal for equal rows: a table's content hash, a file's digest; null where there is none.</summary>
    internal string? ContentHash => Snapshot is { } snapshot ? snapshot.ContentHash?.ToString()
        : Input is FileInput { Scan.Files: [var file] } ? $"sha256:{file.Sha256}" : null;

    /// <summary>Opens it; before the engine's first use, since that has to reach a file's folder.</summary>
    /// <exception cref="LeptonDataException">There is no such table, version or file, or it cannot be read.</exception>
    internal static async Task<NamedRelation> OpenAsync(CommandContext context, string text)
    {
        if (Path.GetExtension(text).ToLowerInvariant() is ".csv" or ".parquet") return await OpenFileAsync(context, text);
        int at = text.LastIndexOf('@');
        if (at < 0)
        {
            // Not by way of the feature store, which opens the engine.
            CatalogInputs found = await new LakeCatalog(context.Lake).InputsForAsync([(text, null)], context.CancellationToken);
            return new NamedRelation(text, found.Inputs.ByName[text], found.Snapshots.GetValueOrDefault(text), []);
        }
        if (!long.TryParse(text.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long version)) throw new LeptonDataException("cli.bad_version", [text, text[(at + 1)..]]);
        (_, ITable table) = Commands.TableCommands.Find(context, text[..at]);
        Snapshot snapshot = await table.ReadAsync(version, context.CancellationToken) ?? throw Commands.TableCommands.UnknownTable(context, text[..at]);
        return new NamedRelation(text, new SnapshotInput(snapshot), snapshot, []);
    }

    private static async Task<NamedRelation> OpenFileAsync(CommandContext context, string path)
    {
        var place = new SourcePlace(path);
        var source = new FileSourceDefinition
        {
            Name = "file",
            Place = place,
            Format = Path.GetExtension(path).Equals(".csv", StringComparison.OrdinalIgnoreCase) ? FileFormat.Csv : FileFormat.Parquet,
            Path = new Located<string>(path, place),
            TakesDeclarations = false,
        };
        string folder = Directory.GetCurrentDirectory();
        using var files = new FileSources([source], folder, new Dictionary<string, KnownFile>());
        // Nobody is there to declare the zone of a clock, and to look at the values any will do.
        while (true)
        {
            try
            {
                InspectedSource inspected = await files.InspectAsync(source, null, context.CancellationToken);
                context.Reach(FileSources.FoldersOf([source], folder));
                return new NamedRelation(path, new FileInput(inspected.Scan), null, [.. source.Columns.Select(column => column.Name)]) { PartialColumns = inspected.PartialColumns() };
            }
            catch (LeptonDataException failure) when (failure.Code == "connectors.zone_needed_in_file" && failure.Arguments[0] is string column)
            {
                source = source with { Columns = [.. source.Columns, new ColumnDeclaration(column, place) { Zone = new Located<string>("UTC", place) }] };
            }
        }
    }
}
