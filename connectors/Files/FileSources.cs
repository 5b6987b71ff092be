using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Connectors.Files;

/// <summary>Looks into sources of files: finds the files, checks that they are what they are said to be, takes their digests and columns. Used by one caller at a time.</summary>
public sealed class FileSources : IDisposable
{
    private readonly string _projectFolder;
    private readonly DuckDbDatabase _database;
    private readonly DuckDbConnection _connection;
    private readonly FileDigests _digests;

    /// <summary>Gets ready to look into the given sources.</summary>
    /// <param name="sources">All that will be asked for.</param>
    /// <param name="projectFolder">What their paths are relative to, absolute.</param>
    /// <param name="known">Files as earlier runs recorded them, by absolute path.</param>
    public FileSources(IEnumerable<FileSourceDefinition> sources, string projectFolder, IReadOnlyDictionary<string, KnownFile> known)
    {
        _projectFolder = projectFolder;
        _digests = new FileDigests(known);
        _database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = FoldersOf(sources, projectFolder), ThreadCount = 1 });
        _connection = _database.Connect();
    }

    /// <summary>The folders below which all files of the sources lie, without links: what an engine must be allowed to read.</summary>
    public static IReadOnlyList<string> FoldersOf(IEnumerable<FileSourceDefinition> sources, string projectFolder)
    {
        var folders = new SortedSet<string>(StringComparer.Ordinal);
        foreach (FileSourceDefinition source in sources)
        {
            folders.Add(RealPath.Of(SourcePaths.FolderOf(source.Path.Value, projectFolder)));
            try
            {
                foreach (string file in SourcePaths.Resolve(source.Path, projectFolder)) folders.Add(Path.GetDirectoryName(RealPath.Of(file))!);
            }
            catch (LeptonDataException)
            {
                // Said with its place when the source is looked into.
            }
        }
        return [.. folders];
    }

    /// <summary>Looks into one source.</summary>
    /// <param name="source">What the person wrote.</param>
    /// <param name="progress">Told how many bytes of how many were read.</param>
    /// <param name="cancellationToken">Observed between blocks and files.</param>
    /// <param name="seen">The columns that were offered before; null for none. A column of text whose type is only guessed keeps the type before where its values can be read as that.</param>
    /// <exception cref="LeptonDataException">A file is missing, empty, cut or of another kind; columns that do not fit; with the place in the person's YAML.</exception>
    public async ValueTask<InspectedSource> InspectAsync(FileSourceDefinition source, Action<long, long>? progress, CancellationToken cancellationToken, Schema? seen = null)
    {
        string[] paths = [.. SourcePaths.Resolve(source.Path, _projectFolder).Select(RealPath.Of).Distinct(StringComparer.Ordinal)];
        string? encoding = source.Format == FileFormat.Csv ? source.Csv.Encoding ?? "utf-8" : null;
        long sizeBytes = paths.Sum(path => new FileInfo(path) is { Exists: true } file ? file.Length : 0);
        long readBytes = 0;
        var files = new List<SourceFile>(paths.Length);
        foreach (string path in paths)
        {
            if (new FileInfo(path) is { Exists: true, Length: 0 }) throw new LeptonDataException("connectors.empty_file", [path]) { Place = source.Path.Place };
            if (source.Format == FileFormat.Parquet) ParquetFooter.Check(path, source.Path.Place);
            TextCheck? text = encoding is null ? null : new TextCheck(path, source.Path.Place, encoding);
            files.Add(await _digests.OfAsync(path, text, encoding, count => progress?.Invoke(readBytes += count, sizeBytes), cancellationToken).ConfigureAwait(false));
        }
        CheckZones(source);
        return source.Format == FileFormat.Parquet ? Parquet(source, files, seen, cancellationToken) : Csv(source, files, seen, cancellationToken);
    }

    /// <summary>The columns that a source offers, found without reading its files whole: no digests are taken, and text is not checked.</summary>
    /// <inheritdoc cref="InspectAsync" path="/param[@name='source']"/>
    /// <param name="cancellationToken">Observed between files.</param>
    /// <exception cref="LeptonDataException">As for <see cref="InspectAsync"/>.</exception>
    public Schema ColumnsOf(FileSourceDefinition source, CancellationToken cancellationToken)
    {
        List<SourceFile> files = [.. SourcePaths.Resolve(source.Path, _projectFolder).Select(RealPath.Of).Distinct(StringComparer.Ordinal).Select(path => new SourceFile(path, 0, default, ""))];
        if (source.Format == FileFormat.Parquet)
            foreach (SourceFile file in files) ParquetFooter.Check(file.Path, source.Path.Place);
        CheckZones(source);
        return (source.Format == FileFormat.Parquet ? Parquet(source, files, null, cancellationToken) : Csv(source, files, null, cancellationToken)).Scan.Schema;
    }

    /// <summary>Closes what reads the files.</summary>
    public void Dispose()
    {
        _connection.Dispose();
        _database.Dispose();
    }

    private InspectedSource Parquet(FileSourceDefinition source, List<SourceFile> all, Schema? seen, CancellationToken cancellationToken)
    {
        var reader = new ParquetLook(_connection, source);
        var aside = new FilesSetAside(source, seen);
        var united = new UnitedColumns(source, seen);
        long rows = 0;
        foreach (SourceFile file in all)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (Field[] fields, long count) = reader.LookInto(file.Path, cancellationToken);
            if (aside.Takes(file.Path, fields, IsOfProject(file.Path))) continue;
            united.Add(file, fields);
            rows += count;
        }
        aside.EnsureSomeLeft(united.FileCount);
        EquatableList<SourceFile> files = united.Files();
        (Schema schema, IReadOnlyDictionary<string, string> zones) = SourceColumns.Offer(united.Fields, source, files[0].Path, IsOfProject(files[0].Path));
        return new InspectedSource(source, new FileScan(FileFormat.Parquet, files, FileSchemaOf(united.Fields, source, files[0].Path), schema, null, zones), rows) { SetAside = aside.Files };
    }

    private InspectedSource Csv(FileSourceDefinition source, List<SourceFile> all, Schema? seen, CancellationToken cancellationToken)
    {
        var reader = new CsvLook(_connection, source);
        var aside = new FilesSetAside(source, seen);
        var united = new UnitedColumns(source, seen);
        var looks = new List<(SourceFile File, CsvFormat Format, Field[] Fields)>(all.Count);
        foreach (SourceFile file in all)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (CsvFormat format, Field[] fields) = reader.LookInto(file.Path, cancellationToken);
            looks.Add((file, format, fields));
        }
        ILookup<string, DataType> guesses = looks.SelectMany(look => look.Fields).Where(field => field.Type.Id != TypeId.String).ToLookup(field => field.Name, field => field.Type, StringComparer.Ordinal);
        (CsvFormat Format, string Path)? first = null;
        foreach ((SourceFile file, CsvFormat format, Field[] guessed) in looks)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // A column without values looks like text, and says nothing of its type.
            Dictionary<string, DataType> otherwise = guessed.Where(field => field.Type.Id == TypeId.String).Select(field => field with { Type = aside.TypeBefore(field.Name) ?? guesses[field.Name].FirstOrDefault() ?? field.Type })
                .Where(field => field.Type.Id != TypeId.String).ToDictionary(field => field.Name, field => field.Type, StringComparer.Ordinal);
            IReadOnlySet<string> empty = reader.ColumnsWithoutValues(file.Path, format, guessed, [.. otherwise.Keys], cancellationToken);
            Field[] fields = [.. guessed.Select(field => aside.AsSeen(empty.Contains(field.Name) ? field with { Type = otherwise[field.Name] } : field))];
            if (aside.Takes(file.Path, fields, IsOfProject(file.Path))) continue;
            first ??= (format, file.Path);
            if (!format.Equals(first.Value.Format)) throw new LeptonDataException("connectors.formats_differ", [first.Value.Path, file.Path]) { Place = source.Path.Place };
            united.Add(file, fields);
        }
        aside.EnsureSomeLeft(united.FileCount);
        EquatableList<SourceFile> files = united.Files();
        (Schema schema, IReadOnlyDictionary<string, string> zones) = SourceColumns.Offer(united.Fields, source, files[0].Path, IsOfProject(files[0].Path));
        // Text is read as what it is to be; a time with a declared zone first as the naive time that it is.
        var fileSchema = FileSchemaOf(united.Fields.Select((field, i) => field with { Type = zones.ContainsKey(schema[i].Name) ? DataType.NaiveTime : schema[i].Type }), source, files[0].Path);
        return new InspectedSource(source, new FileScan(FileFormat.Csv, files, fileSchema, schema, first!.Value.Format, zones), null) { SetAside = aside.Files };
    }

    private static Schema FileSchemaOf(IEnumerable<Field> fields, FileSourceDefinition source, string path)
    {
        try
        {
            return new Schema(fields);
        }
        catch (LeptonDataException failure) when (failure.Code == "schemas.duplicate_column")
        {
            throw new LeptonDataException("connectors.names_collide", [failure.Arguments[0], failure.Arguments[0], path, failure.Arguments[0]]) { Place = source.Place };
        }
    }

    private bool IsOfProject(string path) => path.StartsWith(RealPath.Of(_projectFolder).TrimEnd('/') + "/", StringComparison.Ordinal);

    private void CheckZones(FileSourceDefinition source)
    {
        foreach (Located<string> zone in source.Columns.Select(column => column.Zone).Append(source.Zone).OfType<Located<string>>())
        {
            if (_connection.ReadValue<long>("SELECT count(*) FROM pg_timezone_names() WHERE name = $1", [zone.Value]) == 0)
                throw NearestZone(zone.Value) is { } nearest
                    ? new LeptonDataException("connectors.unknown_zone_near", [zone.Value, nearest]) { Place = zone.Place }
                    : new LeptonDataException("connectors.unknown_zone", [zone.Value]) { Place = zone.Place };
        }
    }

    // People leave the continent out as often as they mistype: "Shanghai", "New York".
    private string? NearestZone(string written)
    {
        string word = written.Trim().Replace(' ', '_');
        string[] names = _connection.ReadValue<string>("SELECT string_agg(name, ' ' ORDER BY name) FROM pg_timezone_names()")!.Split(' ');
        return Array.Find(names, name => name.EndsWith($"/{word}", StringComparison.OrdinalIgnoreCase)) ?? Suggest.Nearest(word, names);
    }
}
