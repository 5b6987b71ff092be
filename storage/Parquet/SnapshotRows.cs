using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.DeletionVectors;
using Lepton.Data.Storage.Delta.Log;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Storage.Parquet;

/// <summary>The rows of a table at one version, as something that DuckDB's SQL can read from: without those deleted, with partition columns, under the names that people know.</summary>
public sealed class SnapshotRows : IDisposable
{
    private const string IsDeleted = "lepton_is_deleted";

    // One function for each database, which knows the sets of all snapshots that are being read.
    private static readonly ConditionalWeakTable<DuckDbDatabase, Deletions> s_deletions = [];

    private readonly Deletions? _deletions;
    private readonly long _id;

    private SnapshotRows(string sql, Deletions? deletions, long id) => (Sql, _deletions, _id) = (sql, deletions, id);

    /// <summary>What stands after FROM.</summary>
    public string Sql { get; }

    /// <summary>The rows of <paramref name="snapshot"/>. Deletion vectors are read here.</summary>
    /// <param name="snapshot">What to read.</param>
    /// <param name="database">Runs the SQL; its allowed folders hold the files.</param>
    /// <param name="fileNumber">Null, or a column to have besides the snapshot's: the number of the file that a row is of, counted from 0.</param>
    /// <param name="rowNumber">Null, or a column to have besides: the row's number in its file, counted from 0, deleted rows too.</param>
    /// <param name="columns">Which of the snapshot's columns to have; null for all.</param>
    /// <returns>To be disposed when no query reads it any more.</returns>
    /// <exception cref="LeptonDataException"><c>storage.file_size</c>: a file is not the one that the log means; <c>storage.deletion_vector</c>, <c>storage.partition_value</c></exception>
    public static SnapshotRows Of(Snapshot snapshot, DuckDbDatabase database, string? fileNumber = null, string? rowNumber = null, IReadOnlySet<string>? columns = null)
    {
        CheckSizes(snapshot);
        int[] kept = [.. Enumerable.Range(0, snapshot.Schema.Count).Where(i => columns?.Contains(snapshot.Schema[i].Name) != false)];
        // Without a column there would be no rows.
        if (kept.Length == 0 && snapshot.Schema.Count > 0) kept = [0];
        var schema = new Schema(kept.Select(i => snapshot.Schema[i]));
        bool hasNumbers = fileNumber is not null || rowNumber is not null;
        if (snapshot.Files.Count == 0)
        {
            IEnumerable<Field> numbers = new[] { fileNumber, rowNumber }.OfType<string>().Select(name => new Field(name, DataType.Int64));
            return new SnapshotRows(ParquetSql.NoRows(new Schema([.. schema.Fields, .. numbers])), null, 0);
        }
        bool hasDeletions = snapshot.Files.Any(file => file.DeletionVector is not null);
        if (!hasDeletions && snapshot.PartitionColumns.Count == 0 && snapshot.Mapping is null && !hasNumbers)
        {
            string items = string.Join(", ", schema.Fields.Select(field => $"CAST({SqlLiteral.Name(field.Name)} AS {field.Type}) AS {SqlLiteral.Name(field.Name)}"));
            return new SnapshotRows($"(SELECT {items} FROM {ParquetSql.Rows(snapshot.FilePaths, schema)})", null, 0);
        }
        Deletions? deletions = hasDeletions ? Deletions.Of(database) : null;
        long id = deletions?.Offer([.. snapshot.Files.Select(file => file.DeletionVector is null ? null : DeletionVectorFiles.Read(snapshot, file))]) ?? 0;
        string where = hasDeletions ? $" WHERE NOT {IsDeleted}({SqlLiteral.BigInt(id)}, file_index::BIGINT, file_row_number::BIGINT)" : "";
        string number = fileNumber is null ? "" : $", file_index::BIGINT AS {SqlLiteral.Name(fileNumber)}";
        if (rowNumber is not null) number += $", file_row_number::BIGINT AS {SqlLiteral.Name(rowNumber)}";
        return new SnapshotRows($"(SELECT {Columns(snapshot, kept)}{number} FROM {Files(snapshot, kept)}{where})", deletions, id);
    }

    /// <summary>Checks that files have as many rows as the log says. Their footers are read for it.</summary>
    /// <exception cref="LeptonDataException"><c>storage.file_rows</c></exception>
    internal static void CheckRowCounts(Snapshot snapshot, DuckDbConnection connection, CancellationToken cancellationToken)
    {
        var known = new Dictionary<string, (DataFile File, long RowCount)>(StringComparer.Ordinal);
        foreach (DataFile file in snapshot.Files)
            if (file.RowCount is { } left) known[snapshot.LocationOf(file.Path)] = (file, left + (file.DeletionVector?.RowCount ?? 0));
        if (known.Count == 0) return;
        string sql = $"SELECT file_name, num_rows FROM parquet_file_metadata({SqlLiteral.TextList(known.Keys.Select(ParquetSql.Pattern))})";
        using DuckDbReader reader = connection.Read(sql, null, null, cancellationToken);
        while (reader.ReadBatch(cancellationToken) is { } batch)
        {
            using (batch)
                for (int row = 0; row < batch.RowCount; row++)
                    if (known.TryGetValue((string)batch.Column(0).Value(row)!, out (DataFile File, long RowCount) log) && (long)batch.Column(1).Value(row)! is var found && found != log.RowCount)
                        throw new LeptonDataException("storage.file_rows", [snapshot.CalledPath, NameOf(log.File, snapshot), found, log.RowCount]);
        }
    }

    /// <summary>Gives the sets of deleted rows up; no query may read the rows any more.</summary>
    public void Dispose() => _deletions?.Remove(_id);

    // Something else may have written over a file, or cut it off. One that is missing is for who opens it to say.
    private static void CheckSizes(Snapshot snapshot)
    {
        foreach (DataFile file in snapshot.Files)
        {
            var found = new FileInfo(snapshot.LocationOf(file.Path));
            if (!found.Exists || found.Length == file.SizeBytes) continue;
            // A link's length is its own.
            if (found.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target && (!target.Exists || target.Length == file.SizeBytes)) continue;
            throw new LeptonDataException("storage.file_size", [snapshot.CalledPath, NameOf(file, snapshot), found.Length, file.SizeBytes]);
        }
    }

    // Where a copy of another table's file is read, its path means nothing to anybody.
    private static string NameOf(DataFile file, Snapshot snapshot) => snapshot.CalledPath != snapshot.RootPath && PathEncoding.IsAbsolute(file.Path) ? Path.GetFileName(file.Path) : file.Path;

    // The columns of the files as c0, c1, …: a column of the table may have the name of a file's own number or row number.
    private static string Files(Snapshot snapshot, int[] kept)
    {
        Schema file = snapshot.Mapping?.FileSchema ?? snapshot.Schema;
        var columns = new List<string>();
        foreach (int i in kept)
        {
            if (snapshot.PartitionColumns.Contains(snapshot.Schema[i].Name)) continue;
            string key = snapshot.Mapping?.Ids is { } ids ? SqlLiteral.Number(ids[i]) : SqlLiteral.Text(file[i].Name);
            columns.Add($"{key}: {{name: 'c{i}', type: {SqlLiteral.Text(file[i].Type.ToString()!)}, default_value: NULL}}");
        }
        // Without a column there would be no rows.
        if (columns.Count == 0) columns.Add("'lepton_none': {name: 'lepton_none', type: 'BOOLEAN', default_value: NULL}");
        return $"read_parquet({SqlLiteral.TextList(snapshot.FilePaths.Select(ParquetSql.Pattern))}, schema = MAP {{{string.Join(", ", columns)}}}, hive_partitioning = false)";
    }

    private static string Columns(Snapshot snapshot, int[] kept) => string.Join(", ", kept.Select(i =>
    {
        Field field = snapshot.Schema[i];
        string value = snapshot.PartitionColumns.Contains(field.Name) ? PartitionValue(snapshot, field)
            : snapshot.Mapping is { } mapping ? Renamed($"c{i}", mapping.FileSchema[i].Type, field.Type, depth: 0)
            : $"c{i}";
        return $"CAST({value} AS {field.Type}) AS {SqlLiteral.Name(field.Name)}";
    }));

    private static string PartitionValue(Snapshot snapshot, Field field)
    {
        string[] values = [.. snapshot.Files.Select(file => Delta.PartitionValue.ToSqlText(file.PartitionValues[field.Name], field, new SourcePlace(snapshot.LocationOf(file.Path))))];
        // Each file's value in the list's place of its number.
        return values.All(value => value == values[0]) ? values[0] : $"CAST([{string.Join(", ", values)}] AS {field.Type}[])[file_index::BIGINT + 1]";
    }

    // A value with the names of the files' fields as one with those of the table's.
    private static string Renamed(string value, DataType from, DataType to, int depth)
    {
        string x = $"x{depth}";
        switch (from, to)
        {
            case (StructType { Fields: var files }, StructType { Fields: var fields }) when !from.Equals(to):
                IEnumerable<string> members = fields.Select((field, i) => $"{SqlLiteral.Text(field.Name)}: {Renamed($"({value}).{SqlLiteral.Name(files[i].Name)}", files[i].Type, field.Type, depth)}");
                return $"CASE WHEN {value} IS NULL THEN NULL ELSE {{{string.Join(", ", members)}}} END";
            case (ListType { Element: var file }, ListType { Element: var own }) when !from.Equals(to):
                return $"list_transform({value}, lambda {x}: {Renamed(x, file.Type, own.Type, depth + 1)})";
            case (FixedSizeListType { Element: var file }, FixedSizeListType { Element: var own }) when !from.Equals(to):
                return $"list_transform(CAST({value} AS {file.Type}[]), lambda {x}: {Renamed(x, file.Type, own.Type, depth + 1)})";
            case (MapType files, MapType own) when !from.Equals(to):
                return $"CASE WHEN {value} IS NULL THEN NULL ELSE map_from_entries(list_transform(map_entries({value}), lambda {x}: "
                    + $"{{'key': {Renamed($"{x}.key", files.Key.Type, own.Key.Type, depth + 1)}, 'value': {Renamed($"{x}.value", files.Value.Type, own.Value.Type, depth + 1)}}})) END";
            default:
                return value;
        }
    }

    /// <summary>The sets of deleted rows that one database may ask for.</summary>
    private sealed class Deletions
    {
        private readonly ConcurrentDictionary<long, DeletedRows?[]> _offers = new();
        private long _lastId;

        internal static Deletions Of(DuckDbDatabase database)
        {
            // Of two that register at once the table would keep one, and the database perhaps the other.
            lock (s_deletions) return s_deletions.GetValue(database, Register);
        }

        private static Deletions Register(DuckDbDatabase database)
        {
            var deletions = new Deletions();
            database.Register(new ScalarFunction(IsDeleted, [DataType.Int64, DataType.Int64, DataType.Int64], DataType.Boolean, deletions.Answer));
            return deletions;
        }

        internal long Offer(DeletedRows?[] files)
        {
            long id = Interlocked.Increment(ref _lastId);
            _offers[id] = files;
            return id;
        }

        internal void Remove(long id) => _offers.TryRemove(id, out _);

        private void Answer(RecordBatch arguments, ColumnBuilder answers)
        {
            ReadOnlySpan<long> ids = arguments.Column(0).Values<long>(), files = arguments.Column(1).Values<long>(), rows = arguments.Column(2).Values<long>();
            DeletedRows?[]? sets = null;
            for (int i = 0; i < rows.Length; i++)
            {
                if (i == 0 || ids[i] != ids[i - 1]) sets = _offers.TryGetValue(ids[i], out DeletedRows?[]? found) ? found : throw new InvalidOperationException($"no deleted rows are offered as {ids[i]}");
                answers.AppendBoolean(sets![files[i]] is { } set && set.Contains(rows[i]));
            }
        }
    }
}
