namespace Lepton.Data.Sql.ParseTree;

/// <summary>What an expression is built of.</summary>
internal static class ParsedParts
{
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
