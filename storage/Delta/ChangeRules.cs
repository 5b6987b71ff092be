using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta.Log;

namespace Lepton.Data.Storage.Delta;

/// <summary>What a change must be, and what may have happened since it was planned.</summary>
internal static class ChangeRules
{
    /// <summary>The caller's promises that need no look at the table.</summary>
    internal static void Check(TableChange change)
    {
        var added = new HashSet<string>(StringComparer.Ordinal);
        foreach (DataFile file in change.Added)
        {
            // What a restore brings back stands in the log already, and may lie elsewhere in the store.
            if (!PathEncoding.IsBelowFolder(file.Path) && !(change.RestoredVersion is not null && file.PathInLog is not null)) throw new ArgumentException($"'{file.Path}' is no path below the table's folder", nameof(change));
            if (!added.Add(file.Path)) throw new ArgumentException($"'{file.Path}' is added twice", nameof(change));
            if (file.SizeBytes < 0) throw new ArgumentException($"'{file.Path}' has a negative length", nameof(change));
            if (file.ContentSum is { } sum && file.Statistics is { } statistics && sum.RowCount != statistics.RowCount)
                throw new ArgumentException($"'{file.Path}' has {statistics.RowCount} rows and a content sum of {sum.RowCount}", nameof(change));
        }
        foreach (DataFile file in change.Removed)
            if (added.Contains(file.Path)) throw new ArgumentException($"'{file.Path}' is added and removed", nameof(change));
        if (change.Removed.Count > 0 && change.Base is null) throw new ArgumentException("a table that is created has nothing to remove", nameof(change));
        if (change.Transactions.Select(step => step.Application).Distinct(StringComparer.Ordinal).Count() != change.Transactions.Count)
            throw new ArgumentException("an application occurs twice", nameof(change));
        foreach (TransactionStep step in change.Transactions)
            if (step.Expected == step.Next || step.Next < 0) throw new ArgumentException($"'{step.Application}' goes from {step.Expected} to {step.Next}", nameof(change));
        if (change.ReadRows is not null && !change.HasReadTable) throw new ArgumentException("rows were read, and the change says that it rests on none", nameof(change));
        if (change is { Base: { } planned, ReadRows: { } rows }) rows.CheckColumns(planned.Schema);
        if (change.IsRewrite) CheckIsRewrite(change);
        if (change.Base is null && change.Properties.Keys.FirstOrDefault(key => !ProtocolRules.IsSettable(key)) is { } property)
            throw new ArgumentException($"{property} is not among the properties that a table here is created with", nameof(change));
    }

    /// <summary>The columns that a new table is divided by.</summary>
    /// <exception cref="LeptonDataException"><c>storage.partition_column</c></exception>
    internal static void CheckPartitionColumns(TableChange change, string table)
    {
        IReadOnlyList<string> columns = change.PartitionColumns;
        if (columns.Distinct(StringComparer.OrdinalIgnoreCase).Count() != columns.Count) throw new ArgumentException("a partition column occurs twice", nameof(change));
        foreach (string column in columns)
        {
            if (change.Schema.Find(column) is not { } field || field.Name != column) throw new ArgumentException($"there is no column '{column}'", nameof(change));
            if (!PartitionValue.Takes(field.Type)) throw new LeptonDataException("storage.partition_column", [table, column, field.Type]);
        }
        if (columns.Count > 0 && columns.Count == change.Schema.Count) throw new LeptonDataException("storage.partition_all", [table]);
    }

    /// <summary>What an added file says of its partition: every column, each with a text that readers take for the value that was meant.</summary>
    /// <exception cref="LeptonDataException"><c>storage.partition_value_write</c>, <c>storage.not_null</c></exception>
    internal static void CheckPartitionValues(TableChange change, IReadOnlyList<string> columns, string table)
    {
        HashSet<(string Column, string Value)>? known = null;
        foreach (DataFile file in change.Added)
        {
            if (file.PartitionValues.Count != columns.Count || !columns.All(file.PartitionValues.ContainsKey))
                throw new ArgumentException($"'{file.Path}' does not say its values of the partition columns", nameof(change));
            // What a restore brings back was written by whom ever, and stands in the log already.
            if (change.RestoredVersion is not null) continue;
            foreach (string column in columns)
            {
                Field field = change.Schema.Find(column)!;
                string? value = file.PartitionValues[column];
                // Likewise what stays when files are written anew.
                if (value is not null && (known ??= KnownValues(change)).Contains((column, value))) continue;
                if (value is null && !field.IsNullable) throw new LeptonDataException("storage.not_null", [table, column, file.Statistics?.RowCount ?? 1]);
                PartitionValue.Check(value, field, table);
            }
        }
    }

    /// <summary>What a schema that we write must be: names that Delta takes, types that protocol 1/2 has.</summary>
    /// <exception cref="LeptonDataException"><c>storage.column_name</c>, <c>storage.naive_time</c>, <c>storage.void_column</c>, <c>storage.nested_fixed_size</c>, <c>schemas.duplicate_column</c></exception>
    internal static void CheckSchema(Schema schema)
    {
        foreach (Field field in schema.Fields) CheckField(field, field.Name, isField: true);
    }

    /// <summary>Whether files of <paramref name="before"/> can stay under <paramref name="after"/>: columns may be added if they may be NULL, moved, and become nullable.</summary>
    /// <exception cref="LeptonDataException"><c>storage.schema_change</c></exception>
    internal static void CheckFilesFit(Schema before, Schema after, string table)
    {
        foreach (Field old in before.Fields)
        {
            if (after.Find(old.Name) is not { } kept || kept.Name != old.Name || kept.Type != old.Type || (old.IsNullable && !kept.IsNullable))
                throw new LeptonDataException("storage.schema_change", [table, old.Name]);
        }
        foreach (Field added in after.Fields)
            if (before.Find(added.Name) is null && !added.IsNullable) throw new LeptonDataException("storage.schema_change", [table, added.Name]);
    }

    /// <summary>Whether added files keep the promise of columns that take no NULL, as far as their statistics tell.</summary>
    /// <exception cref="LeptonDataException"><c>storage.not_null</c></exception>
    internal static void CheckNoNulls(TableChange change, string table)
    {
        foreach (Field field in change.Schema.Fields)
        {
            if (field.IsNullable) continue;
            long nulls = change.Added.Sum(file => file.Statistics?.Columns.GetValueOrDefault(field.Name)?.NullCount ?? 0);
            if (nulls > 0) throw new LeptonDataException("storage.not_null", [table, field.Name, nulls]);
        }
    }

    /// <summary>Compare-and-set of the change's progress against the newest state.</summary>
    /// <returns>Null to go on; else the version that did it before.</returns>
    /// <exception cref="LeptonDataException"><c>storage.fenced</c></exception>
    internal static long? VersionThatDidIt(TableChange change, LogState? state, string table)
    {
        if (change.Transactions.Count == 0) return null;
        if (change.Transactions.All(step => state?.ProgressOf(step.Application)?.Version == step.Expected)) return null;
        if (state is not null && change.Transactions.All(step => state.ProgressOf(step.Application)?.Version == step.Next))
            return change.Transactions.Max(step => state.ProgressOf(step.Application)!.Value.TableVersion);
        TransactionStep other = change.Transactions.First(step => state?.ProgressOf(step.Application)?.Version != step.Expected);
        throw new LeptonDataException("storage.fenced", [table, other.Application, Shown(state?.ProgressOf(other.Application)?.Version), Shown(other.Expected)]);

        static object Shown(long? version) => version is { } value ? value : "none";
    }

    /// <summary>Whether the files are still what the change takes them for: what it removes is live, what it adds is not.</summary>
    internal static bool IsHinderedBy(TableChange change, LogState state)
        => change.Removed.Any(file => !state.IsLive(file.Path)) || change.Added.Any(file => state.IsLive(file.Path));

    private static HashSet<(string Column, string Value)> KnownValues(TableChange change)
        => [.. change.Removed.SelectMany(file => file.PartitionValues).Where(pair => pair.Value is { Length: > 0 }).Select(pair => (pair.Key, pair.Value!))];

    private static void CheckIsRewrite(TableChange change)
    {
        if (change.Base is null || !change.Schema.Equals(change.Base.Schema)) throw new ArgumentException("a rewrite creates no table and changes no columns", nameof(change));
        // Where another wrote a file there is no sum; then the counts must do.
        bool haveSums = change.Removed.Concat(change.Added).All(file => file.ContentSum is not null);
        bool isSame = haveSums
            ? ContentSum.Total(change.Removed.Select(file => file.ContentSum!.Value)) == ContentSum.Total(change.Added.Select(file => file.ContentSum!.Value))
            : change.Removed.Concat(change.Added).All(file => file.RowCount is not null) && change.Removed.Sum(file => file.RowCount) == change.Added.Sum(file => file.RowCount);
        if (!isSame) throw new LeptonDataException("storage.rewrite_differs", [change.Base.RootPath, change.Base.Version]);
    }

    private static void CheckField(Field field, string path, bool isField)
    {
        if (isField && !ColumnNames.IsName(field.Name)) throw new LeptonDataException("storage.column_name", [path]);
        switch (field.Type)
        {
            case NaiveTimeType:
                throw new LeptonDataException("storage.naive_time", [path]);
            case NullType:
                throw new LeptonDataException("storage.void_column", [path]);
            // Only a field has metadata to hold the length.
            case FixedSizeListType when !isField:
                throw new LeptonDataException("storage.nested_fixed_size", [path]);
            case FixedSizeListType { Element: var element }:
                CheckField(element, $"{path}.element", isField: false);
                break;
            case ListType { Element: var element }:
                CheckField(element, $"{path}.element", isField: false);
                break;
            case MapType { Key: var key, Value: var value }:
                CheckField(key, $"{path}.key", isField: false);
                CheckField(value, $"{path}.value", isField: false);
                break;
            case StructType { Fields: var fields }:
                var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
                foreach (Field inner in fields)
                {
                    if (!names.Add(inner.Name)) throw new LeptonDataException("schemas.duplicate_column", [$"{path}.{inner.Name}"]);
                    CheckField(inner, $"{path}.{inner.Name}", isField: true);
                }
                break;
            default:
                break;
        }
    }
}
