using System.Runtime.CompilerServices;

namespace Lepton.Data.Sql.ParseTree;

/// <summary>What an expression is built of.</summary>
internal static class ParsedParts
{
    /// <summary>The expression with some parts replaced.</summary>
    /// <param name="expression">Left unchanged.</param>
    /// <param name="replace">What stands for a part; several only among arguments; null to look inside it.</param>
    internal static ParsedExpression Replaced(ParsedExpression expression, Func<ParsedExpression, IReadOnlyList<ParsedExpression>?> replace)
        => replace(expression) is [var whole] ? whole : Inside(expression, replace);

    private static ParsedExpression Inside(ParsedExpression expression, Func<ParsedExpression, IReadOnlyList<ParsedExpression>?> replace)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        ParsedExpression One(ParsedExpression part) => Replaced(part, replace);
        ParsedExpression? Maybe(ParsedExpression? part) => part is null ? null : One(part);
        List<ParsedExpression> All(IReadOnlyList<ParsedExpression> parts) => [.. parts.SelectMany(part => replace(part) ?? [Inside(part, replace)])];
        List<ParsedOrder> Keys(IReadOnlyList<ParsedOrder> keys) => [.. keys.Select(key => key with { Expression = One(key.Expression) })];
        return expression switch
        {
            ParsedFunction function => function with { Arguments = All(function.Arguments), Filter = Maybe(function.Filter), Order = Keys(function.Order) },
            ParsedWindow window => window with
            {
                Arguments = All(window.Arguments), Partition = All(window.Partition), Order = Keys(window.Order), StartDistance = Maybe(window.StartDistance), EndDistance = Maybe(window.EndDistance),
                Position = Maybe(window.Position), Default = Maybe(window.Default), Filter = Maybe(window.Filter), ArgumentOrder = Keys(window.ArgumentOrder),
            },
            ParsedCase choice => choice with { Branches = [.. choice.Branches.Select(branch => (One(branch.When), One(branch.Then)))], Otherwise = One(choice.Otherwise) },
            ParsedComparison comparison => comparison with { Left = One(comparison.Left), Right = One(comparison.Right) },
            ParsedConjunction conjunction => conjunction with { Terms = All(conjunction.Terms) },
            ParsedOperator call => call with { Operands = All(call.Operands) },
            ParsedCast cast => cast with { Operand = One(cast.Operand) },
            ParsedBetween between => between with { Operand = One(between.Operand), Lower = One(between.Lower), Upper = One(between.Upper) },
            ParsedLambda lambda => lambda with { Body = One(lambda.Body) },
            ParsedSubquery subquery => subquery with { Operand = Maybe(subquery.Operand) },
            ParsedCollation collation => collation with { Operand = One(collation.Operand) },
            _ => expression,
        };
    }

    /// <summary>The expressions directly inside <paramref name="expression"/>; the query of a subquery is not one.</summary>
    internal static IEnumerable<ParsedExpression> Of(ParsedExpression expression)
    {
        IEnumerable<ParsedExpression?> parts = expression switch
        {
            ParsedFunction function => (ParsedExpression?[])[.. function.Arguments, function.Filter, .. function.Order.Select(order => order.Expression)],
            ParsedWindow window => (ParsedExpression?[])
            [
                .. window.Arguments, .. window.Partition, .. window.Order.Select(order => order.Expression), window.StartDistance, window.EndDistance, window.Position, window.Default,
                window.Filter, .. window.ArgumentOrder.Select(order => order.Expression),
            ],
            ParsedCase choice => [.. choice.Branches.SelectMany(branch => new[] { branch.When, branch.Then }), choice.Otherwise],
            ParsedComparison comparison => [comparison.Left, comparison.Right],
            ParsedConjunction conjunction => [.. conjunction.Terms],
            ParsedOperator call => [.. call.Operands],
            ParsedCast cast => [cast.Operand],
            ParsedBetween between => [between.Operand, between.Lower, between.Upper],
            ParsedLambda lambda => [lambda.Left, lambda.Body],
            ParsedSubquery subquery => (ParsedExpression?[])[subquery.Operand],
            ParsedStar star => (ParsedExpression?[])[.. star.Replaced.Select(replaced => replaced.Value), star.Pattern],
            ParsedCollation collation => [collation.Operand],
            _ => [],
        };
        return parts.OfType<ParsedExpression>();
    }
}
