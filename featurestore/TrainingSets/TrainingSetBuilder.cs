using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.FeatureStore.TrainingSets;

/// <summary>Writes the rows of a training set into a folder, and says what they are.</summary>
internal static class TrainingSetBuilder
{
    // As ParquetWriter writes them.
    private const long RowGroupRows = 122_880;

    // About a hundred megabytes of numbers.
    private const long CellsPerFile = 1 << 24;

    /// <param name="context">What runs queries.</param>
    /// <param name="definition">What to build.</param>
    /// <param name="features">What to join and to compute.</param>
    /// <param name="tables">Every table that labels and views read, by name.</param>
    /// <param name="folder">Where; what it holds of a killed build is gone on behind.</param>
    /// <param name="sizes">How much is written and joined at a time.</param>
    /// <param name="run">On whose behalf.</param>
    /// <param name="cancellationToken">Observed throughout; files written by then stay.</param>
    internal static async ValueTask<BuiltTrainingSet> BuildAsync(
        FeatureStoreContext context, TrainingSetDefinition definition, BoundFeatures features, IReadOnlyDictionary<string, Snapshot> tables, BuildFolder folder, BuildSizes sizes, RunContext run, CancellationToken cancellationToken)
    {
        run = run with { Progress = NamedProgress.Of(run.Progress, definition.Name) };
        var runner = new QueryRunner(context, run);
        await using (runner.ConfigureAwait(false))
        {
            run.Progress?.Report(new StepProgress(definition.Name, "featurestore.labels"));
            IReadOnlyList<ViewJoin> views = features.Views;
            Inputs labelTables = InputsOf(LabelQuery.ReferencesOf(definition, context).Select(reference => reference.Name), tables);
            BoundQuery labels = LabelQuery.Bind(definition, labelTables, context, run.Access);
            var viewTables = views.Select(view => view.View.Table.ToString()).Distinct().ToDictionary(table => table, table => (Input)new SnapshotInput(tables[table]));
            LabelChecks.Check(labels.Schema, definition.EventTime, views, viewTables, definition.Labels.Start);
            features.CheckLabels(labels.Schema, definition.Labels.Start);
            LabelSelection.Check(definition, labels.Schema);
            LabelRows rows = await LabelQuery.StageAsync(definition, labels, labelTables, runner, cancellationToken).ConfigureAwait(false);
            LeftOut? leftOut = null;
            if (LabelSelection.IsNeeded(definition)) (rows, leftOut) = await new LabelSelection(definition, rows).SelectAsync(runner, cancellationToken).ConfigureAwait(false);
            var join = new PointInTimeJoin(runner, rows, definition.EventTime, views, viewTables, definition.Labels.Start) { Computed = features.Computed, RowsPerRangeMax = sizes.RowsPerRangeMax };
            await using ConfiguredAsyncDisposable owned = join.ConfigureAwait(false);
            BoundQuery query = join.Query;
            long rowsPerFile = sizes.RowsPerFile ?? RowsPerFile(query.Schema);
            IReadOnlyList<BuildNote> taken = await folder.TakeAsync(join.Plan, rowsPerFile, cancellationToken).ConfigureAwait(false);
            List<TrainingSetFile> files = [.. taken.Select(note => note.File)];
            if (taken.Count > 0) join.GoOnFrom(files.Sum(file => file.RowCount), taken[^1].Statistics(join.Plan));
            await join.PrepareAsync(cancellationToken).ConfigureAwait(false);
            run.Progress?.Report(new StepProgress(definition.Name, "featurestore.writing", Rows: join.RowCount));
            await WriteAsync(join, query, files, rowsPerFile, folder, runner, cancellationToken).ConfigureAwait(false);
            run.Progress?.Report(new StepProgress(definition.Name, "featurestore.hashing", Rows: join.RowCount));
            Contents contents = await ContentsAsync(runner, folder.RowsPath, files, query.Schema, cancellationToken).ConfigureAwait(false);
            return new BuiltTrainingSet(query.Schema, contents.RowCount, SplitsOf(definition, contents), leftOut, FeaturesOf(join, contents), join.Statistics, contents.Hash.ToString(), files, taken.Count);
        }
    }

    /// <summary>How many rows a file has where nobody says: whole row groups of the writer, eight of them or fewer where rows are wide.</summary>
    internal static long RowsPerFile(Schema schema) => RowGroupRows * Math.Clamp(CellsPerFile / (RowGroupRows * schema.Count), 1, 8);

    // File after file behind those that stand, each noted once it is durable.
    private static async ValueTask WriteAsync(PointInTimeJoin join, BoundQuery query, List<TrainingSetFile> files, long rowsPerFile, BuildFolder folder, QueryRunner runner, CancellationToken cancellationToken)
    {
        IRecordBatchReader rows = join.Read();
        await using ConfiguredAsyncDisposable owned = rows.ConfigureAwait(false);
        using var parts = new RowParts(rows);
        for (long row = join.FirstRow; row < join.RowCount;)
        {
            long count = Math.Min(rowsPerFile, join.RowCount - row);
            Inputs inputs = new Inputs().Add(PointInTimeJoin.JoinedInput, new ReaderInput(join.Schema, () => parts.Next(count)));
            var target = new FileTarget(folder.RowsPath, KeepsOrder: true) { FileNumber = files.Count };
            DataFile written = (await runner.Engine.WriteAsync(query, inputs, target, runner.Run, cancellationToken).ConfigureAwait(false)).Single();
            files.Add(await DescribeAsync(folder.RowsPath, written, cancellationToken).ConfigureAwait(false));
            await folder.NoteAsync(files.Count - 1, files[^1], join.Counted, cancellationToken).ConfigureAwait(false);
            row += count;
        }
    }

    /// <summary>Reads files in order: their hash, row count and NULLs.</summary>
    internal static async ValueTask<Contents> ContentsAsync(QueryRunner runner, string folder, IReadOnlyList<TrainingSetFile> files, Schema schema, CancellationToken cancellationToken)
    {
        using var hash = new OrderedContentHashAccumulator(schema);
        var contents = new Contents(schema);
        foreach (TrainingSetFile file in files)
        {
            // One file after the other: a scan of several says nothing of their order.
            Inputs inputs = new Inputs().Add("__data", TrainingSetFolder.ScanOf(folder, [file], schema));
            string columns = string.Join(", ", schema.Fields.Select(field => SqlLiteral.Name(field.Name)));
            IRecordBatchReader reader = await runner.Engine.ReadAsync(runner.Bind($"SELECT {columns} FROM __data", inputs), inputs, runner.Run, cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false) is { } batch)
                {
                    using (batch)
                    {
                        hash.Process(batch);
                        contents.Add(batch);
                    }
                }
            }
        }
        contents.Hash = hash.Hash;
        return contents;
    }

    internal static async ValueTask<string> Sha256Async(string path, CancellationToken cancellationToken)
    {
        FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.Asynchronous | FileOptions.SequentialScan);
        await using (file.ConfigureAwait(false)) return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken).ConfigureAwait(false));
    }

    private static Inputs InputsOf(IEnumerable<string> names, IReadOnlyDictionary<string, Snapshot> tables)
    {
        var inputs = new Inputs();
        foreach (string name in names) inputs.Add(name, new SnapshotInput(tables[name]));
        return inputs;
    }

    private static async ValueTask<TrainingSetFile> DescribeAsync(string folder, DataFile file, CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, file.Path);
        return new TrainingSetFile(Path.GetFileName(path), file.Statistics!.RowCount, file.SizeBytes, await Sha256Async(path, cancellationToken).ConfigureAwait(false));
    }

    private static SplitCount[] SplitsOf(TrainingSetDefinition definition, Contents contents)
        => [.. (definition.Split?.Parts ?? []).Select(split => new SplitCount(split.Name, contents.SplitRows.GetValueOrDefault(split.Name)))];

    private static FeatureCount[] FeaturesOf(PointInTimeJoin join, Contents contents) =>
    [
        .. join.Misses.Where(miss => contents.Has(miss.Column)).Select(miss =>
        {
            long present = contents.RowCount - contents.NullCount(miss.Column);
            return new FeatureCount(miss.Column, miss.View, miss.Feature, present, contents.RowCount - present - miss.Absent - miss.Expired, miss.Absent, miss.Expired)
            {
                FromFuture = miss.FromFuture,
                Ages = miss.Ages is { Count: > 0 } ages ? new EquatableList<long>(FeatureCount.AgeShares.Select(share => (long)ages.Quantile(share)!.Value)) : [],
            };
        }),
        .. join.Computed.Select(feature =>
        {
            long present = contents.RowCount - contents.NullCount(feature.Column);
            string[] taken = [.. feature.Expression.Columns];
            long fromFuture = join.Misses.Where(miss => taken.Contains(miss.Column) || taken.Contains($"{miss.View}__status")).Select(miss => miss.FromFuture).DefaultIfEmpty().Max();
            return new FeatureCount(feature.Column, feature.View, feature.Feature, present, contents.RowCount - present, 0, 0) { FromFuture = fromFuture, ComputedFrom = new EquatableList<string>(taken) };
        }),
    ];
}

/// <summary>What was built.</summary>
internal sealed record BuiltTrainingSet(
    Schema Schema,
    long RowCount,
    IReadOnlyList<SplitCount> Splits,
    LeftOut? LeftOut,
    IReadOnlyList<FeatureCount> Features,
    IReadOnlyList<ViewStatistics> ViewStatistics,
    string ContentHash,
    IReadOnlyList<TrainingSetFile> Files,
    int FilesTaken);

/// <summary>How much of a training set is worked on at a time. The bytes depend on <paramref name="RowsPerFile"/>.</summary>
/// <param name="RowsPerFile">Of each file but the last; null for as many as the columns suggest.</param>
internal sealed record BuildSizes(long? RowsPerFile)
{
    /// <summary>See <see cref="PointInTimeJoin.RowsPerRangeMax"/>.</summary>
    internal int RowsPerRangeMax { get; init; } = int.MaxValue / 4;
}

/// <summary>What the files of a training set hold.</summary>
internal sealed class Contents(Schema schema)
{
    private readonly long[] _nulls = new long[schema.Count];
    private readonly int _split = schema.IndexOf(LabelSelection.SplitColumn) is var index and >= 0 && schema[index].Type is StringType ? index : -1;

    internal long RowCount { get; private set; }

    internal ContentHash Hash { get; set; }

    internal Dictionary<string, long> SplitRows { get; } = new(StringComparer.Ordinal);

    internal bool Has(string column) => schema.IndexOf(column) >= 0;

    internal long NullCount(string column) => _nulls[schema.IndexOf(column)];

    internal void Add(RecordBatch batch)
    {
        RowCount += batch.RowCount;
        for (int column = 0; column < _nulls.Length; column++) _nulls[column] += batch.Column(column).CountNulls();
        if (_split < 0) return;
        // Rows of a split often follow one another, and its name is made into text once for each run of them.
        ColumnView splits = batch.Column(_split);
        for (int start = 0; start < batch.RowCount;)
        {
            int end = start + 1;
            while (end < batch.RowCount && splits.Bytes(end).SequenceEqual(splits.Bytes(start))) end++;
            string name = System.Text.Encoding.UTF8.GetString(splits.Bytes(start));
            SplitRows[name] = SplitRows.GetValueOrDefault(name) + end - start;
            start = end;
        }
    }
}
