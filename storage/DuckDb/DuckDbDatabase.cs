using System.Runtime.InteropServices;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.DuckDb.Native;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>One DuckDB in memory, with settings locked. Safe for use by several threads, each with its own <see cref="Connect"/>.</summary>
/// <remarks>Disposing it while connections are open is safe; it closes with the last of them.</remarks>
public sealed unsafe class DuckDbDatabase : IDisposable
{
    // Another minor version may change the C API's unstable parts, the parse tree and the results of functions: the product is tested with this one.
    private const string SupportedVersion = "v1.5.";

    private readonly DatabaseHandle _handle;
    private readonly BatchRegistry _batches = new();
    private readonly RunningScans _running = new();
    private readonly RowFeeds _feeds = new();
    private readonly ReaderRegistry _readers = new();

    private DuckDbDatabase(DatabaseHandle handle) => _handle = handle;

    /// <summary>The version of the library, for example <c>v1.5.6</c>.</summary>
    /// <exception cref="LeptonDataException"><c>storage.duckdb_library_missing</c></exception>
    public static string LibraryVersion
    {
        get
        {
            LibraryResolver.EnsureLoaded();
            return Marshal.PtrToStringUTF8((nint)NativeMethods.LibraryVersion())!;
        }
    }

    /// <summary>Opens a new, empty database in memory and locks its settings.</summary>
    /// <exception cref="ArgumentException">An option is outside its range, or <see cref="DuckDbOptions.TempFolder"/> is not absolute.</exception>
    /// <exception cref="LeptonDataException">The library is missing or of another version, or refuses a setting.</exception>
    public static DuckDbDatabase Open(DuckDbOptions options)
    {
        if (options.MemoryLimitBytes is <= 0) throw new ArgumentOutOfRangeException(nameof(options), options.MemoryLimitBytes, "MemoryLimitBytes is at least 1");
        if (options.ThreadCount is <= 0) throw new ArgumentOutOfRangeException(nameof(options), options.ThreadCount, "ThreadCount is at least 1");
        if (options.TempSizeBytesMax is < 0) throw new ArgumentOutOfRangeException(nameof(options), options.TempSizeBytesMax, "TempSizeBytesMax is not negative");
        if (!string.IsNullOrEmpty(options.TempFolder) && !Path.IsPathRooted(options.TempFolder)) throw new ArgumentException($"TempFolder '{options.TempFolder}' is not absolute", nameof(options));
        string version = LibraryVersion;
        if (!version.StartsWith(SupportedVersion, StringComparison.Ordinal)) throw new LeptonDataException("storage.duckdb_library_version", [version, SupportedVersion]);
        var database = new DuckDbDatabase(OpenHandle(options));
        try
        {
            using DuckDbConnection connection = database.Connect();
            TableCalls.Register(connection.Handle, database._batches);
            TableCalls.Register(connection.Handle, new ReaderSource(database._readers.Function, database._running));
            database._feeds.Register(connection.Handle);
            Harden(connection, options, database._handle.SpillFolder);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>A new connection. One caller at a time uses it.</summary>
    public DuckDbConnection Connect()
    {
        if (NativeMethods.Connect(_handle, out nint connection) != 0) throw DuckDbException.Of("the connection was refused");
        var opened = new DuckDbConnection(new ConnectionHandle(connection, _handle), _running);
        try
        {
            // Without its progress bar (not printed) DuckDB does not count how far a statement is; each connection says so for itself.
            opened.Execute("SET enable_progress_bar_print = false");
            opened.Execute("SET enable_progress_bar = true");
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Makes batches readable by SQL, on every connection.</summary>
    /// <param name="schema">Their columns, nested ones too.</param>
    /// <param name="batches">Shared until the offer is disposed; the caller keeps its own.</param>
    /// <returns>What stands for them in SQL; to be disposed when no query reads it any more.</returns>
    public OfferedBatches Offer(Schema schema, IReadOnlyList<RecordBatch> batches) => _batches.Offer(schema, batches);

    /// <summary>Makes the rows of readers readable by SQL, on every connection, in their order.</summary>
    /// <param name="open">Makes a reader; called for each statement that is prepared, so that opening should be cheap. See <see cref="TableFunction.Open"/>.</param>
    /// <returns>What stands for them in SQL; to be disposed when no query reads it any more.</returns>
    public OfferedReaders Offer(Func<IRecordBatchReader> open) => _readers.Offer(open);

    /// <summary>Feeds the rows of a query, in no order and a few thousand at a time, to one accumulator on each of DuckDB's threads, and merges them.</summary>
    /// <param name="connection">Of this database, and free.</param>
    /// <param name="sql">The query; at least one column.</param>
    /// <param name="schema">Its columns, of the very types that DuckDB gives them.</param>
    /// <param name="perThread">Makes an accumulator; called by the threads. Where DuckDB has to run the query once more (see <see cref="DuckDbConnection"/>), all begin anew.</param>
    /// <param name="memory">Charged for copies; null for none.</param>
    /// <param name="cancellationToken">Stops the query within milliseconds.</param>
    /// <returns>The merged accumulator, which the caller disposes.</returns>
    /// <exception cref="DuckDbException">DuckDB refused or failed. What an accumulator throws comes out as it is.</exception>
    public T Scan<T>(DuckDbConnection connection, string sql, Schema schema, Func<T> perThread, MemoryBudget? memory, CancellationToken cancellationToken)
        where T : class, IAccumulator
    {
        string columns = string.Join(", ", schema.Fields.Select((_, i) => $"c{SqlLiteral.Number(i)}"));
        for (int attempt = 1; ; attempt++)
        {
            using var feed = new RowFeed<T>(schema, perThread, memory);
            long id = _feeds.Open(feed);
            try
            {
                using DuckDbStatement statement = connection.Prepare($"SELECT count({RowFeeds.FunctionName}({SqlLiteral.BigInt(id)}, {columns})) FROM ({sql}) AS query({columns})");
                statement.ExecuteOnce(cancellationToken);
                return feed.Merge();
            }
            catch (Exception error)
            {
                feed.ThrowIfFailed();
                if (attempt >= DuckDbConnection.AttemptCountMax || !connection.IsUnexplained(error)) throw;
            }
            finally
            {
                _feeds.Close(id);
            }
        }
    }

    /// <summary>Adds a function to the SQL of every connection, for good. One of the same name and parameters is replaced, a built-in one too.</summary>
    /// <exception cref="DuckDbException">DuckDB refuses it.</exception>
    public void Register(ScalarFunction function) => Register(connection => ScalarCalls.Register(connection, function));

    /// <inheritdoc cref="Register(ScalarFunction)"/>
    public void Register(TableFunction function) => Register(connection => TableCalls.Register(connection, new ReaderSource(function, _running)));

    /// <summary>Closes it, once its last connection is closed.</summary>
    public void Dispose() => _handle.Dispose();

    private void Register(Action<ConnectionHandle> register)
    {
        using DuckDbConnection connection = Connect();
        register(connection.Handle);
    }

    private static DatabaseHandle OpenHandle(DuckDbOptions options)
    {
        if (NativeMethods.CreateConfig(out nint pointer) != 0) throw DuckDbException.Of("the configuration was refused");
        using var config = new ConfigHandle(pointer);
        SetConfig(config, "threads", options.ThreadCount is { } threads ? SqlLiteral.Number(threads) : null);
        SetConfig(config, "memory_limit", options.MemoryLimitBytes is { } bytes ? $"{SqlLiteral.Number(bytes)}B" : null);
        SetConfig(config, "autoinstall_known_extensions", "false");
        SetConfig(config, "autoload_known_extensions", "false");
        SetConfig(config, "allow_community_extensions", "false");
        SetConfig(config, "preserve_insertion_order", options.KeepsInsertionOrder ? "true" : "false");
        // Before the database, which nobody would close where this fails.
        HeldFolder? spill = string.IsNullOrEmpty(options.TempFolder) ? null : HeldFolder.TryMakePrivate(options.TempFolder, "spill-");
        if (NativeMethods.Open(":memory:", out nint database, config, out byte* error) == 0) return new DatabaseHandle(database, spill);
        spill?.Dispose();
        string message = Marshal.PtrToStringUTF8((nint)error) ?? "the database was refused";
        NativeMethods.Free(error);
        throw DuckDbException.Of(message);
    }

    private static void SetConfig(ConfigHandle config, string name, string? value)
    {
        if (value is not null && NativeMethods.SetConfig(config, name, value) != 0) throw DuckDbException.Of($"the setting {name} does not take {value}");
    }

    // The order matters: folders are allowed while files are still within reach, and nothing moves after the lock.
    private static void Harden(DuckDbConnection connection, DuckDbOptions options, string? spillFolder)
    {
        connection.Execute($"SET GLOBAL temp_directory = {SqlLiteral.Text(spillFolder ?? "")}");
        if (options.TempSizeBytesMax is { } bytes) connection.Execute($"SET GLOBAL max_temp_directory_size = '{SqlLiteral.Number(bytes)}B'");
        connection.Execute("SET GLOBAL TimeZone = 'UTC'");
        connection.Execute("SET GLOBAL allowed_configs = ['enable_progress_bar', 'enable_progress_bar_print']");
        if (options.AllowedFolders.Count > 0) connection.Execute($"SET GLOBAL allowed_directories = {SqlLiteral.TextList(AllowedFolders.Of(options.AllowedFolders))}");
        connection.Execute("SET GLOBAL enable_external_access = false");
        connection.Execute("SET GLOBAL lock_configuration = true");
    }
}
