using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>The SELECT that gives a training set its labels.</summary>
internal static class LabelQuery
{
    /// <summary>The tables that the labels read.</summary>
    internal static ValueTask<CatalogInputs> InputsForAsync(TrainingSetDefinition trainingSet, FeatureStoreContext context, CancellationToken cancellationToken)
        => context.Catalog.InputsForAsync(ReferencesOf(trainingSet, context), cancellationToken);

    /// <summary>The names of the tables that the labels read.</summary>
    /// <exception cref="LeptonDataException">They read a training set, which a rebuild could not pin.</exception>
    internal static IReadOnlyList<(string Name, SourcePlace? Place)> ReferencesOf(TrainingSetDefinition trainingSet, FeatureStoreContext context)
    {
        var names = new List<(string, SourcePlace?)>();
        foreach (TableReference reference in context.Binder.References(trainingSet.Labels))
        {
            if (reference.Name.StartsWith(LakeCatalog.DatasetSchema + ".", StringComparison.OrdinalIgnoreCase))
                throw new LeptonDataException("featurestore.labels_read_training_set", [reference.Name]) { Place = reference.Place };
            names.Add((reference.Name, reference.Place));
        }
        return names;
    }

    /// <summary>Binds the labels; they must be ordered and say the same whenever they are asked.</summary>
    internal static BoundQuery Bind(TrainingSetDefinition trainingSet, Inputs inputs, FeatureStoreContext context, AccessContext access)
    {
        BoundQuery query = context.Binder.Bind(trainingSet.Labels, inputs.Schemas, access);
        if (!query.IsOrdered) throw new LeptonDataException("featurestore.labels_unordered", [trainingSet.Name]) { Place = trainingSet.Labels.Start };
        if (query.ImpureCall is { } call) throw new LeptonDataException("featurestore.labels_impure", [call.Function]) { Place = call.Place };
        return query;
    }

    /// <summary>Computes the labels once, and looks whether their ORDER BY tells every row from every other: else their order, and with LIMIT the rows themselves, would be left to chance.</summary>
    /// <exception cref="LeptonDataException"><c>featurestore.labels_tie</c>, with the keys of the first rows that tie.</exception>
    internal static async ValueTask<LabelRows> StageAsync(TrainingSetDefinition trainingSet, BoundQuery labels, Inputs inputs, QueryRunner runner, CancellationToken cancellationToken)
    {
        OrderKeys ordered = OrderKeys.Beside(labels);
        var staged = new Inputs();
        StagedRelation relation = await runner.StageAsync(PointInTimeJoin.RawLabelsInput, ordered.Query, inputs, staged, cancellationToken).ConfigureAwait(false);
        string keys = string.Join(", ", Enumerable.Range(0, ordered.KeyCount).Select(OrderKeys.ColumnName));
        string sql = $"SELECT {keys}, count(*) AS n FROM {PointInTimeJoin.RawLabelsInput} GROUP BY {keys} HAVING count(*) > 1 ORDER BY {keys} LIMIT 1";
        object?[]? tie = await runner.FirstRowAsync(sql, staged, cancellationToken).ConfigureAwait(false);
        if (tie is not null)
            throw new LeptonDataException("featurestore.labels_tie", [trainingSet.Name, tie[^1], string.Join(", ", tie[..^1].Select(value => value ?? "NULL"))]) { Place = trainingSet.Labels.Start, Kind = ErrorKind.DataRefused };
        return new LabelRows(new StagedInput(relation), labels.Schema) { RowsBefore = ordered.RowsBefore, RowCountMax = ordered.RowCountMax };
    }
}

/// <summary>Label rows as they come, in order.</summary>
/// <param name="Input">Holds them, and may hold more rows and columns.</param>
/// <param name="Schema">Their own columns.</param>
internal sealed record LabelRows(Input Input, Schema Schema)
{
    /// <summary>Rows of the input before the first.</summary>
    internal long RowsBefore { get; init; }

    /// <summary>How many they are at most; null where all rows that follow are labels.</summary>
    internal long? RowCountMax { get; init; }
}
