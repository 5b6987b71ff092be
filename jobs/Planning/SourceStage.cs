using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lepton.Data.Connectors.Files;
using Lepton.Data.Engines;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Rules;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Planning;

/// <summary>Looks into the sources that steps read.</summary>
/// <param name="project">Whose sources.</param>
/// <param name="earlier">Earlier runs, newest first: files that are what they were are not read again.</param>
/// <param name="pipelines">Whose the sources are: each has seen its own.</param>
/// <param name="engine">Counts the rows of delimited text, which also proves that every row can be read.</param>
/// <param name="binder">Binds those counts.</param>
/// <param name="run">Told of progress.</param>
/// <param name="isFullRefresh">Whether every file is read again, and columns are taken as they are now: what changed is told all the same.</param>
/// <param name="sample">Which rows are read of sources that are not small; null for all.</param>
internal sealed class SourceStage(Project project, IReadOnlyList<RunRecord> earlier, IReadOnlyList<PipelineDefinition> pipelines, IEngine engine, Binder binder, RunContext run, bool isFullRefresh, RowSample? sample = null)
{
    // Of thousands of files and columns, some tell enough.
    private const int RefusedMax = 20;

    private readonly IReadOnlyList<RunRecord> _remembered = isFullRefresh ? [] : earlier;

    /// <summary>Looks into each of <paramref name="sources"/>.</summary>
    /// <exception cref="LeptonDataException">One of them is not as it must be.</exception>
    internal async ValueTask<IReadOnlyDictionary<FileSourceDefinition, ReadySource>> LookAsync(IReadOnlyList<FileSourceDefinition> sources, CancellationToken cancellationToken)
    {
        var ready = new Dictionary<FileSourceDefinition, ReadySource>(ReferenceEqualityComparer.Instance);
        if (sources.Count == 0) return ready;
        using var files = new FileSources(sources, project.Folder, KnownFiles());
        foreach (FileSourceDefinition source in sources)
        {
            IProgress<StepProgress>? progress = run.Progress;
            (RunRecord Run, Schema Columns)? seen = SeenBefore(source);
            InspectedSource inspected = await files.InspectAsync(
                source,
                progress is null ? null : (read, of) => progress.Report(new StepProgress(source.Name, "jobs.looking", of == 0 ? null : (double)read / of, Bytes: read)),
                cancellationToken,
                isFullRefresh ? null : seen?.Columns).ConfigureAwait(false);
            IReadOnlyList<ColumnChange> changes = seen is null ? [] : inspected.ChangesSince(seen.Value.Columns);
            if (seen is not null && !isFullRefresh && RefusedOf(inspected, changes, seen.Value).Distinct().Take(RefusedMax).ToArray() is { Length: > 0 } refused)
                throw new LeptonDataException("jobs.schema_changed", [source.Name, seen.Value.Run.RunId, string.Join(", ", refused)]) { Place = source.Place, Kind = ErrorKind.DataRefused };
            bool isSampled = sample is not null && inspected.Scan.Files.Sum(file => file.SizeBytes) > RunOptions.WholeSizeBytesMax;
            if (isSampled) inspected = inspected with { Scan = inspected.Scan with { Sample = sample } };
            string digest = DigestOf(inspected.Scan);
            // How many rows a sample has is not worth reading text once more.
            long? rows = isSampled ? null : inspected.RowCount ?? CountedBefore(digest) ?? await CountAsync(inspected, cancellationToken).ConfigureAwait(false);
            inspected.CheckUnchanged();
            progress?.Report(new StepProgress(source.Name, "jobs.looked", 1, rows, inspected.Scan.Files.Sum(file => file.SizeBytes)));
            ready.Add(source, new ReadySource(inspected, digest, rows, [.. ChangesOf(inspected, changes, isFullRefresh ? null : seen?.Columns), .. inspected.SetAside.Select(aside => $"{PathInRecord(aside.Key)} left aside: {string.Join(", ", aside.Value)}")]));
        }
        return ready;
    }

    /// <summary>The source as a run's record keeps it.</summary>
    internal SourceRecord RecordOf(ReadySource source) => new()
    {
        Name = source.Inspected.Definition.Name,
        Format = source.Inspected.Scan.Format == FileFormat.Csv ? "csv" : "parquet",
        Digest = source.Digest,
        Reading = Digest(new StringBuilder(ReadingOf(source.Inspected.Scan))),
        Encoding = source.Inspected.Scan.Csv?.Encoding,
        Files = [.. source.Inspected.Scan.Files.Select(file => file with { Path = PathInRecord(file.Path) })],
        RowCount = source.RowCount,
        Columns = [.. source.Inspected.Scan.Schema.Fields.Select(field => field.ToString())],
        Changes = source.Changes,
    };

    /// <summary>The files that came since a source had a digest.</summary>
    /// <param name="source">As it is now.</param>
    /// <param name="digest">What it was.</param>
    /// <returns>Why nobody can say, as a reason of <see cref="GrowthRecord.FullBecause"/>, or null; the files; whether files went since.</returns>
    internal (string? Unknown, IReadOnlyList<SourceFile> Added, bool HasRemoved) ChangesSince(ReadySource source, string digest)
    {
        SourceRecord? before = _remembered.SelectMany(record => record.Sources).FirstOrDefault(known => known.Name == source.Inspected.Definition.Name && known.Digest == digest);
        if (before?.Reading is null) return ("history", [], false);
        if (before.Reading != Digest(new StringBuilder(ReadingOf(source.Inspected.Scan)))) return ("columns", [], false);
        // Two files may hold the same bytes, and count twice.
        Dictionary<string, int> left = before.Files.GroupBy(file => file.Sha256, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
        var added = new List<SourceFile>();
        foreach (SourceFile file in source.Inspected.Scan.Files)
        {
            if (left.TryGetValue(file.Sha256, out int count) && count > 0) left[file.Sha256] = count - 1;
            else added.Add(file);
        }
        return (null, added, left.Values.Any(count => count > 0));
    }

    // A file that was there when the columns were seen may lack some; one that came since may not.
    private IEnumerable<string> RefusedOf(InspectedSource inspected, IReadOnlyList<ColumnChange> changes, (RunRecord Run, Schema Columns) seen)
    {
        foreach (ColumnChange change in changes)
            if (!IsTaken(change, inspected.Definition.OnSchemaChange)) yield return change.ToString();
        var known = seen.Run.Sources.Where(record => record.Name == inspected.Definition.Name).SelectMany(record => record.Files).Select(file => file.Sha256).ToHashSet(StringComparer.Ordinal);
        foreach (SourceFile file in inspected.Scan.Files.Where(file => !known.Contains(file.Sha256)))
            foreach (Field lacking in inspected.ColumnsLacking(file, seen.Columns))
                if (inspected.Scan.Schema.Find(lacking.Name) is not null) yield return $"- {lacking.Name} {lacking.Type} in {PathInRecord(file.Path)}";
    }

    // What each run need not say again is said once: by the run that first takes such files.
    private static IEnumerable<string> ChangesOf(InspectedSource inspected, IReadOnlyList<ColumnChange> changes, Schema? seen)
    {
        var partial = inspected.PartialColumns().Where(column => seen?.Find(column.Key) is null).ToDictionary(column => column.Key, column => $"in {column.Value} of {inspected.Scan.Files.Count} files, NULL in the others", StringComparer.OrdinalIgnoreCase);
        foreach (ColumnChange change in changes) yield return partial.Remove(change.Name, out string? where) ? $"{change} ({where})" : change.ToString();
        foreach (Field field in inspected.Scan.Schema.Fields)
            if (partial.TryGetValue(field.Name, out string? where)) yield return $"{field.Name} {field.Type} {where}";
    }

    private static bool IsTaken(ColumnChange change, SchemaPolicy policy) => policy switch
    {
        SchemaPolicy.Add => change.Before is null,
        SchemaPolicy.Widen => change.Before is null || change.IsWidening,
        _ => false,
    };

    // The columns as the pipeline last took them; null where it never did, or where a record is of an older form.
    private (RunRecord Run, Schema Columns)? SeenBefore(FileSourceDefinition source)
    {
        string? pipeline = pipelines.FirstOrDefault(pipeline => pipeline.Sources.Contains(source, ReferenceEqualityComparer.Instance))?.Name;
        foreach (RunRecord run in earlier.Where(run => run.Pipeline == pipeline).OrderByDescending(run => run.Number))
        {
            if (run.Sources.FirstOrDefault(known => known.Name == source.Name) is not { Columns.Count: > 0 } record) continue;
            var fields = new List<Field>();
            foreach (string column in record.Columns)
            {
                // Names of columns hold no spaces.
                string[] parts = column.Split(' ', 2);
                if (parts.Length != 2 || !DataType.TryParse(parts[1].EndsWith(" NOT NULL", StringComparison.Ordinal) ? parts[1][..^9] : parts[1], out DataType? type)) return null;
                fields.Add(new Field(parts[0], type));
            }
            return (run, new Schema(fields));
        }
        return null;
    }

    private Dictionary<string, KnownFile> KnownFiles()
    {
        var known = new Dictionary<string, KnownFile>(StringComparer.Ordinal);
        foreach (RunRecord record in _remembered)
            foreach (SourceRecord source in record.Sources)
                foreach (SourceFile file in source.Files)
                    known.TryAdd(Path.GetFullPath(file.Path, RealPath.Of(project.Folder)), new KnownFile(file, record.StartedAt, source.Encoding));
        return known;
    }

    private long? CountedBefore(string digest) => _remembered.SelectMany(record => record.Sources).FirstOrDefault(source => source.Digest == digest && source.RowCount is not null)?.RowCount;

    private async ValueTask<long?> CountAsync(InspectedSource source, CancellationToken cancellationToken)
    {
        string name = source.Definition.Name;
        // Counting each column makes the reader convert every value, so a bad one is found before any step runs.
        string counts = string.Concat(source.Scan.Schema.Fields.Select((field, i) => string.Create(CultureInfo.InvariantCulture, $", count({SqlLiteral.Name(field.Name)}) AS c{i}")));
        BoundQuery query = binder.Bind(new SqlText($"SELECT count(*) AS n{counts} FROM {SqlLiteral.Name(name)}", name), new Dictionary<string, Schema>(StringComparer.OrdinalIgnoreCase) { [name] = source.Scan.Schema }, run.Access);
        await using IRecordBatchReader reader = await engine.ReadAsync(query, new Inputs().Add(name, new FileInput(source.Scan)), run, cancellationToken).ConfigureAwait(false);
        using RecordBatch batch = await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ?? throw new InvalidOperationException("a count gave no row");
        return batch.Column(0).Values<long>()[0];
    }

    // Two files that swap their names are the same rows, so names do not count.
    private static string DigestOf(FileScan scan)
    {
        var text = new StringBuilder(ReadingOf(scan));
        foreach (string digest in scan.Files.Select(file => file.Sha256).Order(StringComparer.Ordinal)) text.Append(digest).Append('\n');
        return Digest(text);
    }

    private static string ReadingOf(FileScan scan)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{scan.Format}\n{scan.FileSchema}\n{scan.Schema}\n");
        if (scan.Csv is { } csv) text.Append(CultureInfo.InvariantCulture, $"{(int)csv.Delimiter} {(int?)csv.Quote} {(int?)csv.Escape} {csv.HasHeader} {csv.Encoding} {string.Join('\u001f', csv.NullText)}\n");
        foreach ((string column, string zone) in scan.TimeZones.OrderBy(pair => pair.Key, StringComparer.Ordinal)) text.Append(CultureInfo.InvariantCulture, $"{column}={zone}\n");
        if (scan.Sample is { } rows) text.Append(CultureInfo.InvariantCulture, $"{rows.Share} {rows.Seed}\n");
        return text.ToString();
    }

    private static string Digest(StringBuilder text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));

    private string PathInRecord(string path)
    {
        string relative = Path.GetRelativePath(RealPath.Of(project.Folder), path);
        return relative.StartsWith("..", StringComparison.Ordinal) ? path : relative;
    }
}

/// <summary>A source that steps can read.</summary>
/// <param name="Inspected">What was found.</param>
/// <param name="Digest">Of all files and of how they are read.</param>
/// <param name="RowCount">How many rows.</param>
/// <param name="Changes">As <see cref="SourceRecord.Changes"/>.</param>
internal sealed record ReadySource(InspectedSource Inspected, string Digest, long? RowCount, IReadOnlyList<string> Changes);
