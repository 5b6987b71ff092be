using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Sql.Printing;

/// <summary>Prints bound queries as DuckDB SQL.</summary>
public static class DuckDbPrinter
{
    /// <summary>The query as one SELECT.</summary>
    /// <param name="query">What to print.</param>
    /// <param name="relation">For an input's name: the SQL of what stands for it, fit to follow FROM, for example <c>read_parquet(…)</c> or <c>(SELECT …)</c>; it offers the input's columns under their names.</param>
    /// <remarks>The same tree always gives the same text.</remarks>
    public static string Print(BoundQuery query, Func<string, string> relation) => new DuckDbWriter(relation).Query(query.Root);

    /// <summary>The query as one SELECT that asks of wide inputs only what it uses.</summary>
    /// <param name="query">What to print.</param>
    /// <param name="relation">For an input's name and the names of the columns that are read of it, at least one: what stands for it, as in the other form; it may offer more.</param>
    public static string Print(BoundQuery query, Func<string, IReadOnlySet<string>, string> relation)
    {
        (BoundRelation root, ILookup<string, BoundColumn> columns) = InputNarrower.Narrow(query.Root);
        return new DuckDbWriter(name => relation(name, columns[name].Select(column => column.Name).ToHashSet(StringComparer.Ordinal))).Query(root);
    }
}
