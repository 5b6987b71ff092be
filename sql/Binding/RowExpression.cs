using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Sql.Binding;

/// <summary>One expression that is computed from each row by itself, and always gives the same for the same row.</summary>
public sealed class RowExpression
{
    /// <summary>The name under which a SELECT around it reads the rows, for those who write it out.</summary>
    public const string RowInput = "__row";

    private RowExpression(SqlText text, Field field, IReadOnlyList<string> columns) => (Text, Field, Columns) = (text, field, columns);

    /// <summary>What the person wrote. In parentheses, with a line's end before the closing one, it can stand in a SELECT over the row's columns.</summary>
    public SqlText Text { get; }

    /// <summary>What comes out, under the name that it was given.</summary>
    public Field Field { get; }

    /// <summary>The columns that it takes, as the row spells them, in the row's order.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>Binds an expression over the columns of a row.</summary>
    /// <param name="binder">Binds.</param>
    /// <param name="text">One expression.</param>
    /// <param name="name">What its value is called.</param>
    /// <param name="row">The columns that it may take.</param>
    /// <param name="access">On whose behalf.</param>
    /// <exception cref="LeptonDataException"><c>sql.row_expression_…</c>: not one expression, or it looks at other rows (aggregates, windows, subqueries), or gives another value each time; what the binder refuses. The place says where.</exception>
    public static RowExpression Bind(Binder binder, SqlText text, string name, Schema row, AccessContext access)
    {
        // Closed in itself, it cannot reach beyond our parentheses and mean something else there.
        if (!text.IsClosed) throw new LeptonDataException("sql.row_expression_open", [name]) { Place = text.Start };
        SqlText query = text.Wrap("SELECT (", $"\n) AS {SqlLiteral.Name(name)} FROM {RowInput}");
        // What looks elsewhere is told so, and not what the tables and groups of a whole query would need.
        if (binder.References(query).FirstOrDefault(table => table.Name != RowInput) is { } other) throw new LeptonDataException("sql.row_expression_subquery", [name]) { Place = other.Place };
        BoundQuery bound;
        try
        {
            bound = binder.Bind(query, new Dictionary<string, Schema>(StringComparer.OrdinalIgnoreCase) { [RowInput] = row }, access);
        }
        catch (LeptonDataException refusal) when (refusal.Code == "sql.not_grouped")
        {
            throw new LeptonDataException("sql.row_expression_aggregate", [name], refusal) { Place = refusal.Place, Excerpt = refusal.Excerpt };
        }
        if (bound.Schema.Count != 1) throw new LeptonDataException("sql.row_expression_open", [name]) { Place = text.Start };
        foreach (BoundRelation relation in ExpressionWalk.AllRelations(bound.Root))
        {
            if (relation is BoundAggregate { Calls: [{ Call: var call }, ..] }) throw query.At(call.Offset, "sql.row_expression_aggregate", name);
            if (relation is BoundWindow { Calls: [{ Call: var window }, ..] }) throw query.At(window.Offset, "sql.row_expression_window", name);
        }
        if (bound.ImpureCall is { } impure) throw new LeptonDataException("sql.row_expression_impure", [name, impure.Function]) { Place = impure.Place };
        if (bound.Root is not BoundProject { Source: BoundInput } project) throw new LeptonDataException("sql.row_expression_subquery", [name]) { Place = text.Start };
        if (FindSubquery(project.Items[0].Expression) is { } subquery) throw query.At(subquery.Offset, "sql.row_expression_subquery", name);
        HashSet<string> taken = new(ExpressionWalk.Columns(project.Items[0].Expression).Select(column => column.Name), StringComparer.OrdinalIgnoreCase);
        return new RowExpression(text, bound.Schema[0], [.. row.Fields.Select(field => field.Name).Where(taken.Contains)]);
    }

    private static BoundSubquery? FindSubquery(BoundExpression expression)
        => expression as BoundSubquery ?? ExpressionWalk.Parts(expression).Select(FindSubquery).FirstOrDefault(found => found is not null);
}
