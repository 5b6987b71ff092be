using Lepton.Data.Engines;
using Lepton.Data.FeatureStore;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Jobs.Profiles;

/// <summary>Compares two versions of training sets: what they were made from, by their manifests, then their rows, as any two tables are compared.</summary>
/// <param name="context">Where they lie, and what reads them.</param>
public sealed class TrainingSetComparer(FeatureStoreContext context)
{
    /// <summary>Compares.</summary>
    /// <param name="left">The one before.</param>
    /// <param name="right">The one after; a version of the same training set, or of another.</param>
    /// <param name="run">Who asks; told of progress.</param>
    /// <param name="cancellationToken">Observed between queries and batches.</param>
    /// <exception cref="LeptonDataException">Rows cannot be read.</exception>
    public async ValueTask<TrainingSetDiff> CompareAsync(TrainingSetVersion left, TrainingSetVersion right, RunContext run, CancellationToken cancellationToken)
    {
        var store = new TrainingSetStore(context);
        Input before = store.RowsOf(left), after = store.RowsOf(right);
        // What a label is of and when, then all that came with it.
        string[] keys = InBoth([.. left.Manifest.Entities.Concat(right.Manifest.Entities).SelectMany(entity => entity.Keys), left.Manifest.Definition.EventTime, right.Manifest.Definition.EventTime], left, right);
        string[] labels = InBoth([.. keys, .. left.Manifest.LabelColumns.Select(column => column.Name).Intersect(right.Manifest.LabelColumns.Select(column => column.Name), StringComparer.OrdinalIgnoreCase)], left, right);
        bool areEqual = left.Manifest.ContentHash == right.Manifest.ContentHash;
        bool byKeys = areEqual || !(await RepeatAsync(keys, before, run, cancellationToken).ConfigureAwait(false) || await RepeatAsync(keys, after, run, cancellationToken).ConfigureAwait(false));
        TableDiff rows = await new TableComparer(context.Engine, context.Binder).CompareAsync(Compared(left, before), Compared(right, after), byKeys ? keys : labels, run, cancellationToken).ConfigureAwait(false);
        return new TrainingSetDiff(left, right, ManifestDiff.Of(left.Manifest, right.Manifest), byKeys ? RowIdentity.KeysAndTime : RowIdentity.LabelColumns, rows);
    }

    private static ComparedRelation Compared(TrainingSetVersion version, Input rows) => new(FormattableString.Invariant($"{version.Manifest.Name} v{version.Manifest.Version}"), rows, version.Manifest.ContentHash);

    private static string[] InBoth(IEnumerable<string> columns, TrainingSetVersion left, TrainingSetVersion right)
        => [.. columns.Distinct(StringComparer.OrdinalIgnoreCase).Where(column => left.Manifest.Schema.Find(column) is not null && right.Manifest.Schema.Find(column) is not null)];

    private async ValueTask<bool> RepeatAsync(string[] columns, Input rows, RunContext run, CancellationToken cancellationToken)
    {
        if (columns.Length == 0) return true;
        string names = string.Join(", ", columns.Select(SqlLiteral.Name));
        string sql = $"SELECT count(*) AS n FROM (SELECT {names} FROM data GROUP BY {names} HAVING count(*) > 1 LIMIT 1) AS repeated";
        return (await new RelationQueries(context.Engine, context.Binder, run).ReadAsync(sql, new Inputs().Add("data", rows), cancellationToken).ConfigureAwait(false))[0][0] is > 0L;
    }
}

/// <summary>How two versions of training sets differ.</summary>
/// <param name="Left">The one before.</param>
/// <param name="Right">The one after.</param>
/// <param name="Manifest">How what they were made from differs.</param>
/// <param name="Identity">What names a row in <paramref name="Rows"/>; <see cref="TableDiff.Key"/> has the columns.</param>
/// <param name="Rows">How the rows differ: labels that came and went, features that came, went and changed, distributions.</param>
public sealed record TrainingSetDiff(TrainingSetVersion Left, TrainingSetVersion Right, ManifestDiff Manifest, RowIdentity Identity, TableDiff Rows)
{
    /// <summary>Whether both hold the same rows in another order, of rows or columns.</summary>
    public bool IsReordered => Rows.AreEqual && Left.Manifest.ContentHash != Right.Manifest.ContentHash;
}

/// <summary>What names a row of a training set.</summary>
public enum RowIdentity
{
    /// <summary>The keys of its entities and its event time.</summary>
    KeysAndTime,

    /// <summary>All columns that came with the labels, since keys and time repeat; what repeats even so is counted and compared no further.</summary>
    LabelColumns,
}
