using Lepton.Data.Schemas;

namespace Lepton.Data.Sql.Binding;

/// <summary>What rows are sorted by, first key first.</summary>
/// <param name="Expression">Over the columns of the source.</param>
/// <param name="IsDescending">Greatest first.</param>
/// <param name="NullsFirst">Where NULLs stand.</param>
public sealed record BoundSortKey(BoundExpression Expression, bool IsDescending, bool NullsFirst);

/// <summary>An aggregate over the rows of a group.</summary>
/// <param name="Function">Of the function table.</param>
/// <param name="Arguments">Over the columns of the source; none for <c>count(*)</c>.</param>
/// <param name="IsDistinct">Whether equal arguments count once.</param>
/// <param name="Filter">Which rows count; null for all.</param>
/// <param name="Order">In what order rows are taken; empty where it does not matter or was not said.</param>
/// <param name="Result">What the result is cast to (integer sums to BIGINT); null where it stays as it is.</param>
public sealed record BoundAggregateCall(
    Functions.SqlFunction Function, EquatableList<BoundExpression> Arguments, bool IsDistinct, BoundExpression? Filter, EquatableList<BoundSortKey> Order, SqlType? Result = null)
    : BoundExpression([.. Arguments, Filter, .. Order.Select(key => key.Expression)])
{
    /// <summary>Whether the value is the same in whatever order the rows arrive; false for sums of floats and for picks without an order.</summary>
    public bool IsExact { get; init; } = true;
}

/// <summary>A new column and the aggregate that computes it.</summary>
public sealed record BoundAggregateItem(BoundColumn Column, BoundAggregateCall Call);
