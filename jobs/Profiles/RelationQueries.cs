using Lepton.Data.Engines;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Jobs.Profiles;

/// <summary>Small answers from queries of ours over a person's rows.</summary>
internal sealed class RelationQueries(IEngine engine, Binder binder, RunContext run)
{
    /// <summary>The answer's rows, values as objects.</summary>
    internal async ValueTask<List<object?[]>> ReadAsync(string sql, Inputs inputs, CancellationToken cancellationToken)
    {
        await using IRecordBatchReader reader = await engine.ReadAsync(binder.Bind(new SqlText(sql, "data"), inputs.Schemas, run.Access), inputs, run with { Progress = null }, cancellationToken).ConfigureAwait(false);
        var rows = new List<object?[]>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false) is { } batch)
        {
            using (batch)
                for (int row = 0; row < batch.RowCount; row++) rows.Add([.. Enumerable.Range(0, batch.Schema.Count).Select(column => batch.Column(column).Value(row))]);
        }
        return rows;
    }

    /// <summary>The rows of delimited text, read once and kept by the engine; null for what is stored by column, which is read as often as it is asked.</summary>
    internal async ValueTask<StagedRelation?> StageAsync(Input input, CancellationToken cancellationToken)
    {
        if (input is not FileInput { Scan.Format: FileFormat.Csv }) return null;
        Inputs inputs = new Inputs().Add("data", input);
        return await engine.StageAsync(binder.Bind(new SqlText("SELECT * FROM data", "data"), inputs.Schemas, run.Access), inputs, run with { Progress = null }, cancellationToken).ConfigureAwait(false);
    }
}
