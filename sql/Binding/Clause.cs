using Lepton.Data.Sql.ParseTree;

namespace Lepton.Data.Sql.Binding;

/// <summary>A part of a query, as it decides what an expression there may hold.</summary>
internal enum Clause
{
    Select,
    On,
    Where,
    GroupBy,
    Having,
    Qualify,
    OrderBy,
    Values,
    TableFunction,
    AggregateArgument,
    WindowArgument,
}

/// <summary>What an expression is bound in.</summary>
/// <param name="Scope">What names mean.</param>
/// <param name="Clause">What is allowed.</param>
/// <param name="Block">The SELECT around, which collects aggregates and windows and knows the aliases; null in VALUES and the like.</param>
/// <param name="CommonTables">For subqueries inside.</param>
/// <param name="AliasLimit">How many of the block's items may be named by their alias here.</param>
/// <param name="Parameters">Those of the lambdas around.</param>
internal sealed record ExpressionContext(Scope Scope, Clause Clause, SelectBlock? Block, CommonTableScope? CommonTables, int AliasLimit, IReadOnlyList<BoundColumn> Parameters)
{
    internal bool AllowsAggregates => Clause is Clause.Select or Clause.Having or Clause.Qualify or Clause.OrderBy or Clause.WindowArgument && Block is not null;

    internal bool AllowsWindows => Clause is Clause.Select or Clause.Qualify or Clause.OrderBy && Block is not null;

    internal string ClauseName => Clause switch
    {
        Clause.GroupBy => "GROUP BY",
        Clause.OrderBy => "ORDER BY",
        Clause.TableFunction => "FROM",
        Clause.AggregateArgument => "an aggregate",
        Clause.WindowArgument => "OVER",
        _ => Clause.ToString().ToUpperInvariant(),
    };
}

/// <summary>What one SELECT collects while its expressions are bound.</summary>
internal sealed class SelectBlock
{
    /// <summary>The items of the select list after stars are opened.</summary>
    internal List<SelectItem> Items { get; } = [];

    internal List<BoundAggregateItem> Aggregates { get; } = [];

    internal List<BoundWindowItem> Windows { get; } = [];

    /// <summary>Their columns, by what they compute: what is written several times is computed once.</summary>
    internal Dictionary<BoundExpression, BoundColumn> Computed { get; } = [];

    /// <summary>What aliases were found to mean, so that a chain of them is bound once.</summary>
    internal Dictionary<(int Item, Clause Clause), BoundExpression> Resolved { get; } = [];

    /// <summary>Aliases that are being resolved, to stop at a circle.</summary>
    internal HashSet<int> Resolving { get; } = [];

    /// <summary>Names of columns that GROUP BY names, which HAVING prefers to aliases.</summary>
    internal HashSet<BoundColumn> GroupedColumns { get; } = new(ReferenceEqualityComparer.Instance);
}

/// <summary>An item of a select list: an expression of the person's, or a column that a star gave.</summary>
internal sealed record SelectItem(string? Name, ParsedExpression? Parsed, BoundExpression? Bound, bool IsAlias, long Offset);
