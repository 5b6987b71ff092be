using Lepton.Data.Engines;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>Runs SQL of this room's own on an engine, always through the binder, and frees in the end what was kept for it.</summary>
internal sealed class QueryRunner(FeatureStoreContext context, RunContext run) : IAsyncDisposable
{
    private readonly List<StagedRelation> _staged = [];

    internal RunContext Run => run;

    internal IEngine Engine => context.Engine;

    internal BoundQuery Bind(SqlText sql, Inputs inputs) => context.Binder.Bind(sql, inputs.Schemas, run.Access);

    internal BoundQuery Bind(string sql, Inputs inputs) => Bind(new SqlText(sql, "featurestore"), inputs);

    /// <summary>Computes the rows once and adds them to <paramref name="inputs"/> as <paramref name="name"/>; they live as long as this.</summary>
    internal async ValueTask<StagedRelation> StageAsync(string name, string sql, Inputs inputs, CancellationToken cancellationToken)
        => await StageAsync(name, Bind(sql, inputs), inputs, inputs, cancellationToken).ConfigureAwait(false);

    /// <summary>Computes the rows of <paramref name="query"/> once and adds them to <paramref name="target"/> as <paramref name="name"/>.</summary>
    internal async ValueTask<StagedRelation> StageAsync(string name, BoundQuery query, Inputs inputs, Inputs target, CancellationToken cancellationToken)
    {
        StagedRelation relation = await context.Engine.StageAsync(query, inputs, run, cancellationToken).ConfigureAwait(false);
        _staged.Add(relation);
        target.Add(name, new StagedInput(relation));
        return relation;
    }

    /// <summary>The first row as objects (see <see cref="ColumnView.Value"/>), or null where there is none.</summary>
    internal async ValueTask<object?[]?> FirstRowAsync(string sql, Inputs inputs, CancellationToken cancellationToken)
        => await RowsAsync(sql, inputs, 1, cancellationToken).ConfigureAwait(false) is [var row, ..] ? row : null;

    /// <summary>At most <paramref name="limit"/> rows as objects.</summary>
    internal async ValueTask<IReadOnlyList<object?[]>> RowsAsync(string sql, Inputs inputs, int limit, CancellationToken cancellationToken)
    {
        var rows = new List<object?[]>();
        IRecordBatchReader reader = await context.Engine.ReadAsync(Bind(sql, inputs), inputs, run, cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            while (rows.Count < limit && await reader.ReadAsync(cancellationToken).ConfigureAwait(false) is { } batch)
            {
                using (batch)
                    for (int row = 0; row < batch.RowCount && rows.Count < limit; row++) rows.Add(RowOf(batch, row));
            }
        }
        return rows;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (StagedRelation relation in _staged) await relation.DisposeAsync().ConfigureAwait(false);
        _staged.Clear();
    }

    private static object?[] RowOf(RecordBatch batch, int row)
    {
        var values = new object?[batch.Schema.Count];
        for (int column = 0; column < values.Length; column++) values[column] = batch.Column(column).Value(row);
        return values;
    }
}
