using Lepton.Data.Schemas;

namespace Lepton.Data.Sql.Binding;

/// <summary>Carries created times through a query: when the newest row that a result row was computed from became known.</summary>
/// <remarks>
/// A row of a join read one row of each side; a group, all its rows; a window, the rows of its frame (of a rank those up to it, of <c>lag</c> and <c>lead</c> the whole partition).
/// What a row owes to the *absence* of others (an unmatched row of an outer join) is not counted.
/// </remarks>
public static class CreatedTimes
{
    /// <summary>The name of the column that <see cref="Carry"/> adds.</summary>
    public const string ColumnName = "__read_created_time";

    /// <summary>The query with one more column, <see cref="ColumnName"/>: the greatest created time of the rows that were read for the row, NULL where none of them has one.</summary>
    /// <param name="query">Left unchanged; its own columns and rows come out as before.</param>
    /// <param name="createdTimeColumnByInput">For each input that has one: the name of its created-time column, an instant. Inputs that the query does not read may be among them.</param>
    /// <exception cref="ArgumentException">An input has no such column, or it is no instant.</exception>
    /// <exception cref="LeptonDataException"><c>sql.created_time_not_followed</c>: a form through which the rows that were read cannot be told (LIMIT, EXCEPT, a subquery in an expression, SEMI and ANTI joins with a table that has created times).</exception>
    public static BoundQuery Carry(BoundQuery query, IReadOnlyDictionary<string, string> createdTimeColumnByInput)
    {
        var byInput = new Dictionary<string, string>(createdTimeColumnByInput, StringComparer.OrdinalIgnoreCase);
        foreach ((string input, string column) in byInput)
        {
            if (!query.Inputs.TryGetValue(input, out Schema? schema)) continue;
            if (schema.Find(column)?.Type is not InstantType) throw new ArgumentException($"{input} has no instant called {column}.", nameof(createdTimeColumnByInput));
        }
        BoundRelation root = new CreatedTimeCarrier(query.Source, byInput).Carry(query.Root);
        return QueryFinisher.Assemble(query.Source, root, query.Inputs, query.ImpureCall, query.Access);
    }
}
