using System.Globalization;
using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using static Lepton.Data.Schemas.SqlLiteral;

namespace Lepton.Data.FeatureStore.TrainingSets.Explain;

/// <summary>Answers one cell again, by the rule as docs/point-in-time.md has it and without the join's code, and keeps what was in the ranking.</summary>
internal sealed class CellExplainer(FeatureStoreContext context, TrainingSetVersion version, RunContext run)
{
    private const string RowInput = "__training_set";
    private const string KeyInput = "__key";
    private const string TableInput = "__table";

    private readonly TrainingSetManifest _manifest = version.Manifest;

    /// <param name="row">Counted from 1.</param>
    /// <param name="feature"><c>view__feature</c> or <c>view:feature</c>; the feature's name alone where no other view has it.</param>
    /// <param name="candidatesMax">At most so many rows are kept for each reason.</param>
    /// <param name="cancellationToken">Observed throughout.</param>
    internal async ValueTask<Explanation> ExplainAsync(long row, string feature, int candidatesMax, CancellationToken cancellationToken)
    {
        if (row < 1 || row > _manifest.RowCount) throw new LeptonDataException("featurestore.no_row", [_manifest.Name, _manifest.Version, row, _manifest.RowCount]);
        FeatureCount column = Find(feature);
        var runner = new QueryRunner(context, run);
        await using (runner.ConfigureAwait(false))
        {
            using RecordBatch label = await RowAsync(row, runner, cancellationToken).ConfigureAwait(false);
            return _manifest.OnDemandViews.FirstOrDefault(view => view.Name == column.View) is { } computed
                ? await ComputedAsync(computed, column, row, label, candidatesMax, runner, cancellationToken).ConfigureAwait(false)
                : await CellAsync(_manifest.Views.First(view => view.Name == column.View), column.Feature, row, label, candidatesMax, runner, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<CellExplanation> CellAsync(FeatureView view, string feature, long row, RecordBatch label, int candidatesMax, QueryRunner runner, CancellationToken cancellationToken)
    {
        Entity entity = _manifest.Entities.First(candidate => candidate.Name == view.Entity);
        PinnedSnapshot pin = _manifest.Snapshots.First(snapshot => snapshot.Table == view.Table.ToString());
        Snapshot snapshot = await SnapshotAsync(pin, cancellationToken).ConfigureAwait(false);
        var at = (EventTime)label.Column(_manifest.Schema.IndexOf(_manifest.Definition.EventTime)).Value(0)!;
        (string, object?)[] keys = [.. entity.Keys.Select(key => (key, label.Column(_manifest.Schema.IndexOf(key)).Value(0)))];
        var ranking = new CandidateRanking(view, at, candidatesMax);
        if (keys.All(key => key.Item2 is not null)) await ReadAsync(ranking, view, entity, feature, snapshot, label, runner, cancellationToken).ConfigureAwait(false);
        (string status, object? answer, IReadOnlyList<Candidate> candidates) = ranking.Close();
        int column = _manifest.Schema.IndexOf(view.ColumnOf(feature));
        object? value = column < 0 ? answer : label.Column(column).Value(0);
        return new CellExplanation
        {
            Version = version,
            Row = row,
            Column = view.ColumnOf(feature),
            Type = snapshot.Schema.Find(feature)!.Type,
            Feature = feature,
            View = view,
            Snapshot = pin,
            Keys = keys,
            At = at,
            Value = value,
            Status = status,
            Answer = answer,
            IsAnswer = Same(value, answer),
            Candidates = candidates,
            Counts = ranking.Counts,
        };
    }

    // What it takes is answered by the rule, and from that the expression is computed again.
    private async ValueTask<ComputedExplanation> ComputedAsync(OnDemandView view, FeatureCount column, long row, RecordBatch label, int candidatesMax, QueryRunner runner, CancellationToken cancellationToken)
    {
        var tables = new Dictionary<string, Schema>();
        foreach (PinnedSnapshot pin in _manifest.Snapshots) tables[pin.Table] = (await SnapshotAsync(pin, cancellationToken).ConfigureAwait(false)).Schema;
        ResolvedFeatures features = _manifest.Resolved;
        Schema schema = BoundFeatures.RowOf(view, features.Views, table => tables[table.ToString()]);
        RowExpression expression = RowExpression.Bind(context.Binder, view.Features.First(feature => feature.Name == column.Feature).Expression, column.Column, schema, run.Access);
        var cells = new List<CellExplanation>();
        var inputs = new List<(string, DataType, object?)>();
        using var builder = new RecordBatchBuilder(schema, 1);
        for (int i = 0; i < schema.Count; i++)
        {
            Field field = schema[i];
            object? value = null;
            if (expression.Columns.Contains(field.Name))
            {
                (FeatureView View, string Feature)? read = Joined(field.Name, features);
                if (read is null) inputs.Add((field.Name, field.Type, value = label.Column(_manifest.Schema.IndexOf(field.Name)).Value(0)));
                else
                {
                    CellExplanation? cell = cells.Find(known => known.View.Name == read.Value.View.Name && (known.Feature == read.Value.Feature || field.Name == known.View.StatusColumn));
                    if (cell is null) cells.Add(cell = await CellAsync(read.Value.View, read.Value.Feature, row, label, candidatesMax, runner, cancellationToken).ConfigureAwait(false));
                    // A winner that holds NULL is there all the same.
                    value = field.Name == cell.View.StatusColumn ? cell.Status == "null" ? "present" : cell.Status : cell.Answer;
                }
            }
            builder.Column(i).AppendValue(value);
        }
        using RecordBatch batch = builder.Build();
        Inputs joined = new Inputs().Add(RowExpression.RowInput, new BatchInput(schema, [batch]));
        object? answer = (await runner.FirstRowAsync($"SELECT ({expression.Text.Text}\n) AS v FROM {RowExpression.RowInput}", joined, cancellationToken).ConfigureAwait(false))![0];
        object? held = label.Column(_manifest.Schema.IndexOf(column.Column)).Value(0);
        return new ComputedExplanation
        {
            Version = version,
            Row = row,
            Column = column.Column,
            Type = expression.Field.Type,
            Value = held,
            Answer = answer,
            IsAnswer = Same(held, answer),
            Expression = expression.Text.Text,
            Inputs = inputs,
            Cells = cells,
        };
    }

    // The view and feature that a joined column is of; of a status, the first feature.
    private static (FeatureView View, string Feature)? Joined(string column, ResolvedFeatures features)
    {
        foreach (ViewJoin join in features.Views)
        {
            if (column == join.View.StatusColumn) return (join.View, join.View.Features[0]);
            if (join.View.Features.FirstOrDefault(feature => join.View.ColumnOf(feature) == column) is { } found) return (join.View, found);
        }
        return null;
    }

    private FeatureCount Find(string feature)
    {
        string name = feature.Replace(":", "__", StringComparison.Ordinal);
        FeatureCount[] found = [.. _manifest.Features.Where(candidate => candidate.Column.Equals(name, StringComparison.OrdinalIgnoreCase))];
        if (found.Length == 0) found = [.. _manifest.Features.Where(candidate => candidate.Feature.Equals(name, StringComparison.OrdinalIgnoreCase))];
        return found switch
        {
            [var only] => only,
            [] => throw FeatureResolver.Unknown("featurestore.no_feature", feature, _manifest.Features.Select(candidate => candidate.Column), null, _manifest.Name, _manifest.Version),
            _ => throw new LeptonDataException("featurestore.feature_ambiguous", [feature, string.Join(", ", found.Select(candidate => candidate.Column))]),
        };
    }

    private async ValueTask<Snapshot> SnapshotAsync(PinnedSnapshot pin, CancellationToken cancellationToken)
    {
        Snapshot? snapshot;
        try
        {
            snapshot = await context.Catalog.Lake.Table(TableName.Parse(pin.Table)).ReadAsync(pin.Version, cancellationToken).ConfigureAwait(false);
        }
        catch (LeptonDataException failure) when (!failure.IsTransient)
        {
            throw new LeptonDataException("featurestore.snapshot_missing", [$"{_manifest.Name} v{_manifest.Version}", pin.Table, pin.Version, failure.Message], failure);
        }
        if (snapshot is null) throw new LeptonDataException("featurestore.table_missing", [$"{_manifest.Name} v{_manifest.Version}", pin.Table, pin.Version]);
        if (snapshot.TableId != pin.TableId) throw new LeptonDataException("featurestore.snapshot_of_other_table", [$"{_manifest.Name} v{_manifest.Version}", pin.Table, snapshot.TableId, pin.TableId]);
        return snapshot;
    }

    // One row, of the one file that holds it.
    private async ValueTask<RecordBatch> RowAsync(long row, QueryRunner runner, CancellationToken cancellationToken)
    {
        long place = row - 1;
        int index = 0;
        while (place >= _manifest.Files[index].RowCount) place -= _manifest.Files[index++].RowCount;
        TrainingSetVersion one = version with { Manifest = _manifest with { Files = [_manifest.Files[index]] } };
        Inputs inputs = new Inputs().Add(RowInput, TrainingSetFolder.InputOf(context.Catalog.Lake, one) with { RowNumber = "__row" });
        string columns = string.Join(", ", _manifest.Schema.Fields.Select(field => Name(field.Name)));
        IRecordBatchReader reader = await runner.Engine.ReadAsync(runner.Bind($"SELECT {columns} FROM {RowInput} WHERE __row = {BigInt(place)}", inputs), inputs, run, cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
            return await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ?? throw new LeptonDataException("featurestore.no_row", [_manifest.Name, _manifest.Version, row, _manifest.RowCount]);
    }

    private static async ValueTask ReadAsync(CandidateRanking ranking, FeatureView view, Entity entity, string feature, Snapshot snapshot, RecordBatch label, QueryRunner runner, CancellationToken cancellationToken)
    {
        int[] keys = [.. entity.Keys.Select(label.Schema.IndexOf)];
        Inputs inputs = new Inputs().Add(TableInput, new SnapshotInput(snapshot) { FileNumber = "__file", RowNumber = "__row" }).Add(KeyInput, new BatchInput(label.Schema, [label]));
        string equal = string.Join(" AND ", keys.Select((key, i) => Literal(label.Column(key)) is { } literal
            ? $"r.{Name(view.KeyColumns[i])} = {literal}"
            : $"r.{Name(view.KeyColumns[i])} = k.{Name(label.Schema[key].Name)}"));
        string sql = $"""
            SELECT {Time(view.EventTime)} AS e, {Time(view.CreatedTime)} AS c, {(view.Sequence is null ? "CAST(NULL AS BIGINT)" : $"CAST(r.{Name(view.Sequence)} AS BIGINT)")} AS s, r.{Name(feature)} AS v, r.__file, r.__row
            FROM {TableInput} AS r{(equal.Contains("= k.", StringComparison.Ordinal) ? $", {KeyInput} AS k" : "")}
            WHERE {equal}
            """;
        IRecordBatchReader reader = await runner.Engine.ReadAsync(runner.Bind(sql, inputs), inputs, runner.Run, cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false) is { } batch)
            {
                using (batch)
                    for (int row = 0; row < batch.RowCount; row++) ranking.Add(batch, row, snapshot.Files[(int)batch.Column(4).Values<long>()[row]].Path);
            }
        }

        static string Time(string? column) => column is null ? "CAST(NULL AS BIGINT)" : $"epoch_us(r.{Name(column)})";
    }

    // What statistics of files and row groups are held against; other types are joined.
    private static string? Literal(ColumnView column) => column.Value(0) switch
    {
        string text => Text(text),
        sbyte or short or int or long => BigInt(Convert.ToInt64(column.Value(0), CultureInfo.InvariantCulture)),
        _ => null,
    };

    private static bool Same(object? left, object? right)
        => left is System.Collections.IEnumerable and not string && right is System.Collections.IEnumerable ? JsonText(left) == JsonText(right) : Equals(left, right);

    private static string JsonText(object value) => System.Text.Json.JsonSerializer.Serialize(value);
}
