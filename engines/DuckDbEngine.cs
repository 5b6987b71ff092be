using Lepton.Data.Engines.DuckDb;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Sql.Printing;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.Engines;

/// <summary>Runs bound queries in this process, on one DuckDB of its own. Safe for use by several threads.</summary>
/// <remarks>
/// What a person wrote reaches DuckDB only as a bound tree, printed. The database reaches the allowed folders alone, its settings are locked, no extension is loaded.
/// It is opened at first use.
/// </remarks>
public sealed partial class DuckDbEngine : IEngine
{
    private readonly DuckDbEngineOptions _options;
    private readonly Func<string, IObjectStore> _storeOf;
    private readonly Lazy<DuckDbDatabase> _database;
    private readonly CancellationTokenSource _stop = new();
    private int _lastStagedNumber;
    private volatile bool _isDisposed;

    /// <summary>An engine with these means.</summary>
    public DuckDbEngine(DuckDbEngineOptions options)
        : this(options, folder => options.Store is { } store && store.PathOf(folder) is { } path ? store.Below(path) : new LocalObjectStore(folder))
    {
    }

    /// <param name="options">Its means.</param>
    /// <param name="storeOf">Makes a target folder and its files durable, given the folder.</param>
    internal DuckDbEngine(DuckDbEngineOptions options, Func<string, IObjectStore> storeOf)
    {
        (_options, _storeOf) = (options, storeOf);
        _database = new Lazy<DuckDbDatabase>(Open);
    }

    /// <inheritdoc/>
    public string Name => "duckdb";

    private DuckDbDatabase Database
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _database.Value;
        }
    }

    private int ThreadCount => _options.ThreadCount ?? Environment.ProcessorCount;

    /// <inheritdoc/>
    public async ValueTask<IRecordBatchReader> ReadAsync(BoundQuery query, Inputs inputs, RunContext run, CancellationToken cancellationToken)
    {
        (DuckDbReader reader, Statement statement) = await StartAsync(query, inputs, run, cancellationToken).ConfigureAwait(false);
        return new EngineReader(reader, (error, token) => ErrorOf(error, query, statement.Inputs, token), statement.EnsureFilesUnchanged, () => new ProgressReport(run, "engines.reading", statement.Connection));
    }

    /// <inheritdoc/>
    public async ValueTask<T> ScanAsync<T>(BoundQuery query, Inputs inputs, Func<T> perThread, RunContext run, CancellationToken cancellationToken)
        where T : class, IAccumulator
    {
        using LocalInputs local = await LocalInputs.FetchAsync(_options.Store, inputs, cancellationToken).ConfigureAwait(false);
        return await Task.Run(() => Scan(query, local, perThread, run, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<StagedRelation> StageAsync(BoundQuery query, Inputs inputs, RunContext run, CancellationToken cancellationToken)
    {
        using LocalInputs local = await LocalInputs.FetchAsync(_options.Store, inputs, cancellationToken).ConfigureAwait(false);
        return await Task.Run(() => Stage(query, local, run, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Closes the database once its last stream is disposed; staged rows are freed, and writes that are under way end without a file.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_database.IsValueCreated) _database.Value.Dispose();
    }

    internal void Drop(string table)
    {
        if (_isDisposed) return;
        using DuckDbConnection connection = Database.Connect();
        connection.Execute($"DROP TABLE IF EXISTS {SqlLiteral.Name(table)}");
    }

    private LeptonDataException ErrorOf(DuckDbException error, BoundQuery query, LocalInputs inputs, CancellationToken cancellationToken)
    {
        LeptonDataException said = EngineErrors.Of(error.In(NameObjects), query.Source.Start, inputs.Given);
        if (_isDisposed || said.Code is not ("engines.value" or "engines.failed" or "engines.parquet_damaged")) return said;
        using DuckDbConnection connection = Database.Connect();
        return TableFiles.FindFaulty(inputs.Tables, connection, isDamaged: said.Code == "engines.parquet_damaged", cancellationToken) is var (path, fault)
            ? EngineErrors.OfFile(NameObjects(path), fault.In(NameObjects), inputs.Given)
            : said;
    }

    // The person knows the lake's objects, and not the copies of them that DuckDB reads and writes.
    private string NameObjects(string text) => _options.Store?.NameObjects(text) ?? text;

    private DuckDbDatabase Open() => Databases.Open(new DuckDbOptions
    {
        MemoryLimitBytes = _options.MemoryLimitBytes,
        ThreadCount = _options.ThreadCount,
        TempFolder = _options.TempFolder,
        TempSizeBytesMax = _options.TempSizeBytesMax,
        AllowedFolders = _options.AllowedFolders,
    });

    private T Scan<T>(BoundQuery query, LocalInputs inputs, Func<T> perThread, RunContext run, CancellationToken cancellationToken)
        where T : class, IAccumulator
    {
        using var statement = new Statement(this, query, inputs);
        try
        {
            using var progress = new ProgressReport(run, "engines.reading", statement.Connection);
            T merged = Database.Scan(statement.Connection, statement.SelectAs(query.Schema), query.Schema, perThread, run.Memory, cancellationToken);
            try
            {
                statement.EnsureFilesUnchanged();
                return merged;
            }
            catch
            {
                merged.Dispose();
                throw;
            }
        }
        catch (DuckDbException error)
        {
            throw ErrorOf(error, query, inputs, cancellationToken);
        }
    }

    private StagedTable Stage(BoundQuery query, LocalInputs inputs, RunContext run, CancellationToken cancellationToken)
    {
        using var statement = new Statement(this, query, inputs);
        string name = $"staged_{Interlocked.Increment(ref _lastStagedNumber)}";
        bool isDone = false;
        try
        {
            string select = statement.SelectAs(query.Schema);
            using (new ProgressReport(run, "engines.reading", statement.Connection)) statement.Connection.Execute($"CREATE TABLE {SqlLiteral.Name(name)} AS {select}", null, cancellationToken);
            statement.EnsureFilesUnchanged();
            long rows = statement.Connection.ReadValue<long>($"SELECT count(*) FROM {SqlLiteral.Name(name)}", null, cancellationToken);
            isDone = true;
            return new StagedTable(this, name) { Schema = query.Schema, RowCount = rows };
        }
        catch (DuckDbException error)
        {
            throw ErrorOf(error, query, inputs, cancellationToken);
        }
        finally
        {
            if (!isDone) Drop(name);
        }
    }

    private async ValueTask<(DuckDbReader Reader, Statement Statement)> StartAsync(BoundQuery query, Inputs inputs, RunContext run, CancellationToken cancellationToken)
    {
        LocalInputs local = await LocalInputs.FetchAsync(_options.Store, inputs, cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => Start(query, local, run, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            local.Dispose();
            throw;
        }
    }

    private (DuckDbReader Reader, Statement Statement) Start(BoundQuery query, LocalInputs inputs, RunContext run, CancellationToken cancellationToken)
    {
        var statement = new Statement(this, query, inputs);
        try
        {
            DuckDbReader reader;
            string sql = statement.SelectAs(query.Schema);
            using (new ProgressReport(run, "engines.reading", statement.Connection)) reader = statement.Connection.Read(sql, null, run.Memory, cancellationToken);
            reader.Rename(query.Schema);
            reader.Own(statement, inputs);
            return (reader, statement);
        }
        catch (DuckDbException error)
        {
            statement.Dispose();
            throw ErrorOf(error, query, inputs, cancellationToken);
        }
        catch
        {
            statement.Dispose();
            throw;
        }
    }

    /// <summary>A printed query on a connection of its own, with the batches that it reads.</summary>
    private sealed class Statement : IDisposable
    {
        private readonly List<IDisposable> _offers = [];
        private readonly List<SourceFile> _files = [];

        internal Statement(DuckDbEngine engine, BoundQuery query, LocalInputs inputs)
        {
            Connection = engine.Database.Connect();
            Inputs = inputs;
            try
            {
                Sql = DuckDbPrinter.Print(query, (name, columns) => RelationOf(engine, inputs[name], columns));
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        internal DuckDbConnection Connection { get; }

        internal LocalInputs Inputs { get; }

        internal string Sql { get; }

        /// <summary>The query with its columns cast where DuckDB's type is not the very one that <paramref name="schema"/> says (an unsigned number, an enumeration).</summary>
        internal string SelectAs(Schema schema)
        {
            IReadOnlyList<(string Name, string Type, DataType? BatchType)> columns = Connection.Describe(Sql);
            if (columns.Select((column, i) => DataType.TryParse(column.Type, out DataType? type) && type.Equals(schema[i].Type) && column.Name == schema[i].Name).All(isSame => isSame)) return Sql;
            string names = string.Join(", ", schema.Fields.Select((_, i) => $"c{i}"));
            string casts = string.Join(", ", schema.Fields.Select((field, i) => $"CAST(c{i} AS {field.Type}) AS {SqlLiteral.Name(field.Name)}"));
            return $"SELECT {casts} FROM ({Sql}) AS query({names})";
        }

        /// <summary>Checks once more, after the rows were read, that they came from the files that the connector saw.</summary>
        internal void EnsureFilesUnchanged() => SourceFiles.EnsureUnchanged(_files);

        public void Dispose()
        {
            Connection.Dispose();
            foreach (IDisposable offer in _offers) offer.Dispose();
        }

        private static string Numbered(string value, string? name) => name is null ? "" : $", {value} AS {SqlLiteral.Name(name)}";

        private static SnapshotRows RowsOf(SnapshotInput input, IReadOnlySet<string> columns, DuckDbEngine engine)
        {
            try
            {
                return SnapshotRows.Of(input.Snapshot, engine.Database, input.FileNumber, input.RowNumber, columns);
            }
            catch (LeptonDataException failure) when (failure.Place is { } place && engine.NameObjects(place.Path) is var name && name != place.Path)
            {
                throw new LeptonDataException(failure.Code, failure.Arguments, failure) { Place = place with { Path = name } };
            }
        }

        private string RelationOf(DuckDbEngine engine, Input input, IReadOnlySet<string> columns)
        {
            switch (input)
            {
                case SnapshotInput table:
                    SnapshotRows rows = RowsOf(table, columns, engine);
                    _offers.Add(rows);
                    return rows.Sql;
                case FileInput { Scan: var scan }:
                    if ((input.FileNumber ?? input.RowNumber) is { } column && scan.Format != FileFormat.Parquet) throw new ArgumentException($"rows of {scan.Format} have no {column}", nameof(input));
                    SourceFiles.EnsureUnchanged(scan.Files);
                    _files.AddRange(scan.Files);
                    return InputSql.OfFiles(scan, InputSql.NanosecondColumns(scan, Connection), input.FileNumber, input.RowNumber, columns);
                case StagedInput { Relation: StagedTable staged } when staged.Engine == engine:
                    return input.FileNumber is null && input.RowNumber is null ? staged.Sql : $"(SELECT *{Numbered("CAST(0 AS BIGINT)", input.FileNumber)}{Numbered("rowid", input.RowNumber)} FROM {staged.Sql})";
                case BatchInput batches:
                    var numbered = new NumberedBatches(batches);
                    _offers.Add(numbered);
                    OfferedBatches offer = engine.Database.Offer(batches.Schema, numbered.Batches);
                    _offers.Add(offer);
                    return offer.Sql;
                case ReaderInput { FileNumber: null, RowNumber: null } rowsToCome:
                    OfferedReaders readers = engine.Database.Offer(rowsToCome.Open);
                    _offers.Add(readers);
                    return readers.Sql;
                default: throw new ArgumentException($"{input} is not of this engine", nameof(input));
            }
        }
    }
}
