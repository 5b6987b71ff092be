using System.Globalization;
using System.Text;

namespace Lepton.Data.Sql.Functions;

/// <summary>Writes the page of the documentation that lists the functions.</summary>
internal static class FunctionPage
{
    /// <param name="signatures">What the engine's catalog says of types; those of functions that are not in the table are left out.</param>
    internal static string Markdown(IReadOnlyList<FunctionSignature> signatures)
    {
        var page = new StringBuilder();
        page.Append(
            """
            # SQL

            Queries are plain `SELECT`s in DuckDB's dialect. This page is made from the function table in `sql/Functions`; to make it anew, run the unit tests with `LEPTON_UPDATE_DOCS=1`.

            ## What is accepted

            `WITH` and `WITH RECURSIVE` (`UNION ALL` and `UNION`; the anchor's types hold; one that never ends runs until it is stopped; the hint `MATERIALIZED` is read and dropped, the engine decides), joins (`INNER`, `LEFT`, `RIGHT`, `FULL`, `CROSS`, `SEMI`, `ANTI`, `NATURAL`, `ASOF` and `ASOF LEFT`, with `ON` or `USING`; `LATERAL`, written or not, where the join is inner, left or cross; a table of `WITH` reads no column around it), `WHERE`,
            `GROUP BY` (`ALL`, ordinals, `ROLLUP`, `CUBE`, `GROUPING SETS`, with `GROUPING(…)`), `HAVING`, `QUALIFY`, windows with frames, `DISTINCT` and `DISTINCT ON`, `ORDER BY`, `LIMIT` and `OFFSET` with numbers, `UNION` (also `BY NAME`), `EXCEPT` and `INTERSECT` (with or without `ALL`),
            subqueries (scalar, `IN`, `EXISTS`, `ANY`, `ALL`; correlated ones too), `VALUES`, `CASE`, casts, lambdas, lists, structs and maps. `*` takes `EXCLUDE`, `REPLACE` and `RENAME`, and `* LIKE 'a%'` and its kin pick columns by name.
            `COLUMNS(…)` in the select list takes a regular expression, a list of names, a lambda over names or `*`; `\1` in the alias is what its first group matched; `*COLUMNS(…)` puts the columns side by side as arguments.

            `UNPIVOT` takes columns, `COLUMNS(…)`, `*` and expressions over one column each; `PIVOT` takes values that are written out (`ON k IN ('a', 'b')`), since columns that depend on the data have no types before it is read. As in DuckDB its values are compared as texts: `20` is not `20.0`.

            A parameter, `$name` or `?`, is filled in by whoever asks: `lepton query 'SELECT … WHERE origin = $origin AND delay > $limit' --param origin=ORD --param limit:BIGINT=15`. Its value goes into the query as a constant, never as SQL: of the type that is said, else as a literal in quotes, which is read as
            whatever it is compared with. The first `?` is called `1`. Steps and rules have no parameters: what a pipeline does stands in its file.

            Not yet: `WITH RECURSIVE` with `USING KEY`, `COLLATE`, times in PIVOT's `IN` (dates are taken), common tables that read columns of the query around them. Never: files in `FROM`, and functions that reach files, settings, catalogs or hidden SQL. Each is a one-line error with its place.

            ## Types that come out

            Sums of integers are `BIGINT`; a sum that does not fit fails when it runs. Unsigned integers are widened. `HUGEINT`, `INTERVAL`, `TIME` and `UUID` may be used inside a query and are refused as a final column, with the cast to write.
            A column is **inexact** when a value flows into it that depends on the order in which rows arrive: a sum or mean of floats, or a pick without an order (`any_value(x)`, `list(x)`). It is left out of content hashes. `ORDER BY` inside the aggregate makes a pick exact. Where such a value decides which rows exist (a filter,
            a key, a `LIMIT` after a sort by it), or a `LIMIT` has no `ORDER BY`, the rows themselves are inexact. An `ORDER BY` is taken at its word: rows that tie on it may come in any order.
            A column is **personal** when a value flows into it of a column that somebody marked so (`personal: true` on a source's column): through expressions, conditions of `CASE`, aggregates and subqueries, and into the quarantine with its reasons.
            What only decides which rows there are does not mark. A step vouches with `not_personal` for columns that tell of nobody any more, such as counts.

            ## Functions

            *Pure*: equal arguments give equal results; a step accepts only pure ones. *Exact*: whether the result is the same in whatever order rows arrive. *Types*: what goes in and what comes out, in the names of DuckDB's catalog; `X` and `Y` stand for each of the types behind the colon, *integers* for the ten of them, and values are cast up to these types where they fit. *Spark*: how the same is to be said there (`t`: what the rows are ordered by), or why it cannot be.


            """);
        foreach (IGrouping<string, SqlFunction> group in FunctionTable.All.GroupBy(function => function.Group).OrderBy(group => Order(group.Key)))
        {
            page.Append(CultureInfo.InvariantCulture, $"### {group.Key}\n\n| function | what it gives | types | pure | exact | Spark |\n| --- | --- | --- | --- | --- | --- |\n");
            foreach (SqlFunction function in group.OrderBy(function => function.Name, StringComparer.Ordinal))
            {
                string types = FunctionSignature.Text(signatures.Where(signature => signature.IsOf(function)));
                string spark = function.Spark is { } expression ? Code(expression) : $"no: {Cell(function.WhyNotOnSpark!)}";
                page.Append(CultureInfo.InvariantCulture, $"| {Code(function.Name)} | {Cell(function.Summary)} | {Cell(types)} | {(function.IsPure ? "yes" : "no")} | {Exact(function)} | {spark} |\n");
            }
            page.Append('\n');
        }
        return page.ToString().TrimEnd('\n') + "\n";
    }

    private static int Order(string group) => Array.IndexOf(["Aggregates", "Windows", "Numbers", "Text", "Dates and times", "Lists, structs and maps", "Cleaning and checks", "Other", "Operators", "In FROM"], group);

    private static string Exact(SqlFunction function) => function.Exactness switch
    {
        Exactness.Exact => "yes",
        Exactness.InexactForFloats => "not for floats",
        Exactness.ExactWhenOrdered => "with ORDER BY",
        _ => "no",
    };

    private static string Code(string text) => $"`{Cell(text)}`";

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
