using Lepton.Data.Schemas;

namespace Lepton.Data.Sql.Binding;

/// <summary>How two values are compared.</summary>
public enum ComparisonKind
{
    /// <summary>=</summary>
    Equal,

    /// <summary>&lt;&gt;</summary>
    NotEqual,

    /// <summary>&lt;</summary>
    Less,

    /// <summary>&lt;=</summary>
    LessOrEqual,

    /// <summary>&gt;</summary>
    Greater,

    /// <summary>&gt;=</summary>
    GreaterOrEqual,

    /// <summary>Not equal, where NULL equals NULL.</summary>
    IsDistinctFrom,

    /// <summary>Equal, where NULL equals NULL.</summary>
    IsNotDistinctFrom,
}

/// <summary>Two values compared.</summary>
public sealed record BoundComparison(ComparisonKind Kind, BoundExpression Left, BoundExpression Right) : BoundExpression([Left, Right]);

/// <summary>Terms joined by AND, or by OR.</summary>
/// <param name="IsAnd">False for OR.</param>
/// <param name="Terms">Two or more.</param>
public sealed record BoundConnective(bool IsAnd, EquatableList<BoundExpression> Terms) : BoundExpression(Terms);

/// <summary>NOT.</summary>
public sealed record BoundNot(BoundExpression Operand) : BoundExpression([Operand]);

/// <summary>IS NULL, or IS NOT NULL.</summary>
public sealed record BoundIsNull(BoundExpression Operand, bool IsNegated) : BoundExpression([Operand]);

/// <summary>IN over a list of expressions.</summary>
public sealed record BoundIn(BoundExpression Operand, EquatableList<BoundExpression> Items, bool IsNegated) : BoundExpression([Operand, .. Items]);

/// <summary>BETWEEN, both ends included.</summary>
public sealed record BoundBetween(BoundExpression Operand, BoundExpression Lower, BoundExpression Upper) : BoundExpression([Operand, Lower, Upper]);

/// <summary>What a subquery inside an expression gives.</summary>
public enum SubqueryKind
{
    /// <summary>The value of its one column in its one row; NULL without a row.</summary>
    Scalar,

    /// <summary>Whether there is a row.</summary>
    Exists,

    /// <summary>Whether the comparison with the operand holds for some row.</summary>
    Any,
}

/// <summary>A subquery inside an expression.</summary>
/// <param name="Kind">What it gives.</param>
/// <param name="Query">The rows; where it is correlated, its expressions refer to columns around it.</param>
/// <param name="Operand">For <see cref="SubqueryKind.Any"/>: what is compared.</param>
/// <param name="Comparison">For <see cref="SubqueryKind.Any"/>: how.</param>
public sealed record BoundSubquery(SubqueryKind Kind, BoundRelation Query, BoundExpression? Operand, ComparisonKind? Comparison) : BoundExpression([Operand]);
