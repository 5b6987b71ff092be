using System.Globalization;
using Lepton.Data.Engines.DuckDb;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Engines;

/// <content>Rows in several files: one or more for each value of the partition columns, none with more rows than asked for.</content>
public sealed partial class DuckDbEngine
{
    private async ValueTask<IReadOnlyList<DataFile>> WritePartsAsync(BoundQuery query, Inputs inputs, FileTarget target, RunContext run, CancellationToken cancellationToken)
    {
        if (target.KeepsOrder) throw new ArgumentException("rows that keep their order are written to one file", nameof(target));
        if (target.RowsPerFile is < 1) throw new ArgumentException("a file holds a row at least", nameof(target));
        Field[] keys = [.. target.PartitionColumns.Select(name => query.Schema.Find(name) ?? throw new ArgumentException($"the query has no column '{name}'", nameof(target)))];
        var fileSchema = new Schema(query.Schema.Fields.Where(field => !keys.Contains(field)));
        IObjectStore store = _storeOf(target.Folder);
        // Computed once, since a query may give other rows the second time.
        await using StagedRelation staged = await StageAsync(query, inputs, run, cancellationToken).ConfigureAwait(false);
        string rows = ((StagedTable)staged).Sql;
        var written = new List<DataFile>();
        var names = new List<string>();
        bool isDone = false;
        try
        {
            foreach (Part part in await Task.Run(() => PartsOf(rows, keys, target, run, cancellationToken), cancellationToken).ConfigureAwait(false))
            {
                string name = $"{part.Folder}{target.FileNamePrefix}{Guid.NewGuid():N}.parquet";
                names.Add(name);
                CopiedFile copied = await Task.Run(() => CopyPart(rows, fileSchema, part, store, name, query.IsOrdered, run, cancellationToken), cancellationToken).ConfigureAwait(false);
                var constants = keys.ToDictionary(key => key.Name, key => PartitionValue.ToSql(part.Values[key.Name], key), StringComparer.Ordinal);
                var sum = await SumAsync(query, store.PathToWrite(name), copied.RowCount, constants, run, cancellationToken).ConfigureAwait(false);
                written.Add(new DataFile(name, copied.SizeBytes, EventTime.FromDateTimeOffset(run.Time.GetUtcNow()), CopyStatistics.Of(copied, fileSchema), query.RowsAreInexact ? null : sum) { PartitionValues = part.Values });
            }
            if (written.Sum(file => file.Statistics!.RowCount) is var total && total != staged.RowCount) throw new LeptonDataException("engines.lost_rows", [target.Folder, staged.RowCount, total]);
            await store.SyncAsync([.. written.Select(file => file.Path)], cancellationToken).ConfigureAwait(false);
            isDone = true;
            return written;
        }
        catch (DuckDbException error)
        {
            throw EngineErrors.Of(error, query.Source.Start);
        }
        finally
        {
            if (!isDone)
                foreach (string name in names) await DeleteQuietlyAsync(store, name).ConfigureAwait(false);
        }
    }

    /// <summary>The files to write: for each combination of the keys' values one, or as many as its rows need.</summary>
    private List<Part> PartsOf(string rows, Field[] keys, FileTarget target, RunContext run, CancellationToken cancellationToken)
    {
        var parts = new List<Part>();
        using DuckDbConnection connection = Database.Connect();
        string columns = string.Concat(keys.Select(key => $", {SqlLiteral.Name(key.Name)}"));
        string grouping = keys.Length == 0 ? "" : $" GROUP BY {columns[2..]} ORDER BY {columns[2..]}";
        using DuckDbReader reader = connection.Read($"SELECT count(*){columns} FROM {rows}{grouping}", null, run.Memory, cancellationToken);
        while (reader.ReadBatch(cancellationToken) is { } batch)
        {
            using (batch)
            {
                for (int row = 0; row < batch.RowCount; row++)
                {
                    long count = (long)batch.Column(0).Value(row)!;
                    var values = new Dictionary<string, string?>(StringComparer.Ordinal);
                    for (int i = 0; i < keys.Length; i++)
                    {
                        string? text = PartitionValue.Write(batch.Column(i + 1).Value(row), keys[i].Type);
                        PartitionValue.Check(text, keys[i], target.Folder);
                        values.Add(keys[i].Name, text);
                    }
                    string where = string.Join(" AND ", keys.Select(key => $"{SqlLiteral.Name(key.Name)} IS NOT DISTINCT FROM {PartitionValue.ToSql(values[key.Name], key)}"));
                    string folder = keys.Length == 0 ? "" : $"{PartitionValue.FolderOf(target.PartitionColumns, values)}/";
                    long most = target.RowsPerFile ?? count;
                    for (long start = 0; start < count; start += most) parts.Add(new Part(folder, values, where.Length == 0 ? "" : $" WHERE {where}", start, target.RowsPerFile is null ? null : most));
                }
            }
        }
        return parts;
    }

    private CopiedFile CopyPart(string rows, Schema fileSchema, Part part, IObjectStore store, string name, bool isOrdered, RunContext run, CancellationToken cancellationToken)
    {
        using DuckDbConnection connection = Database.Connect();
        string columns = string.Join(", ", fileSchema.Fields.Select(field => SqlLiteral.Name(field.Name)));
        // A table's rows are numbered as they came, which is the query's order where it has one.
        string range = part.RowCountMax is { } most ? $" ORDER BY rowid LIMIT {most.ToString(CultureInfo.InvariantCulture)} OFFSET {part.Start.ToString(CultureInfo.InvariantCulture)}" : isOrdered ? " ORDER BY rowid" : "";
        store.MakeFolder(part.Folder.TrimEnd('/'));
        using (new ProgressReport(run, "engines.writing", connection))
            return connection.Copy(
                $"COPY (SELECT {columns} FROM {rows}{part.Where}{range}) TO {SqlLiteral.Text(store.PathToWrite(name))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {RowGroupRows.ToString(CultureInfo.InvariantCulture)}, PRESERVE_ORDER {(isOrdered ? "true" : "false")}, USE_TMP_FILE false, RETURN_STATS)",
                cancellationToken)[0];
    }

    /// <summary>What one file holds.</summary>
    /// <param name="Folder">Empty, or with a slash at its end.</param>
    /// <param name="Values">Of the partition columns.</param>
    /// <param name="Where">SQL; empty for all rows.</param>
    /// <param name="Start">The first of these rows.</param>
    /// <param name="RowCountMax">How many at most; null for all.</param>
    private sealed record Part(string Folder, IReadOnlyDictionary<string, string?> Values, string Where, long Start, long? RowCountMax);
}
