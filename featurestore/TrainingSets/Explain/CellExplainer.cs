using System.Globalization;
using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
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
    internal async ValueTask<CellExplanation> ExplainAsync(long row, string feature, int candidatesMax, CancellationToken cancellationToken)
    {
        if (row < 1 || row > _manifest.RowCount) throw new LeptonDataException("featurestore.no_row", [_manifest.Name, _manifest.Version, row, _manifest.RowCount]);
        FeatureCount column = Find(feature);
        FeatureView view = _manifest.Views.First(candidate => candidate.Name == column.View);
        Entity entity = _manifest.Entities.First(candidate => candidate.Name == view.Entity);
        PinnedSnapshot pin = _manifest.Snapshots.First(snapshot => snapshot.Table == view.Table.ToString());
        Snapshot snapshot = await SnapshotAsync(pin, cancellationToken).ConfigureAwait(false);
        var runner = new QueryRunner(context, run);
        await using (runner.ConfigureAwait(false))
        {
            using RecordBatch label = await RowAsync(row, runner, cancellationToken).ConfigureAwait(false);
            var at = (EventTime)label.Column(_manifest.Schema.IndexOf(_manifest.Definition.EventTime)).Value(0)!;
            (string, object?)[] keys = [.. entity.Keys.Select(key => (key, label.Column(_manifest.Schema.IndexOf(key)).Value(0)))];
            var ranking = new CandidateRanking(view, at, candidatesMax);
            if (keys.All(key => key.Item2 is not null)) await ReadAsync(ranking, view, entity, column.Feature, snapshot, label, runner, cancellationToken).ConfigureAwait(false);
            object? value = label.Column(_manifest.Schema.IndexOf(column.Column)).Value(0);
            (string status, object? answer, IReadOnlyList<Candidate> candidates) = ranking.Close();
            return new CellExplanation
            {
                Version = version,
                Row = row,
                Column = column.Column,
                Feature = column.Feature,
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
