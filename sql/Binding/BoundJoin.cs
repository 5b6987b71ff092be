using Lepton.Data.Schemas;

namespace Lepton.Data.Sql.Binding;

/// <summary>Which rows of two relations are put side by side.</summary>
public enum JoinKind
{
    /// <summary>Those that match.</summary>
    Inner,

    /// <summary>Those that match, and the left ones without a match.</summary>
    Left,

    /// <summary>Those that match, and the right ones without a match.</summary>
    Right,

    /// <summary>Those that match, and those without a match on either side.</summary>
    Full,

    /// <summary>All with all.</summary>
    Cross,

    /// <summary>The left rows with a match, once each.</summary>
    Semi,

    /// <summary>The left rows without a match.</summary>
    Anti,
}

/// <summary>Rows of two relations side by side. The right one may read columns of the left one (<see cref="IsLateral"/>) where the join is inner, left or cross and not <see cref="IsAsOf"/>.</summary>
/// <param name="Kind">Which rows.</param>
/// <param name="IsAsOf">Each left row matches at most one right row: the nearest by the one inequality among the condition's terms.</param>
/// <param name="Left">The left rows.</param>
/// <param name="Right">The right rows.</param>
/// <param name="Condition">When two rows match; null for <see cref="JoinKind.Cross"/>.</param>
public sealed record BoundJoin(JoinKind Kind, bool IsAsOf, BoundRelation Left, BoundRelation Right, BoundExpression? Condition) : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns { get; } = Kind is JoinKind.Semi or JoinKind.Anti ? Left.Columns : new([.. Left.Columns, .. Right.Columns]);

    /// <summary>Whether the right rows are made anew for each left row, from its columns. Found by looking through the right side.</summary>
    public bool IsLateral => IsReadBy(Left, Right);

    internal static bool IsReadBy(BoundRelation left, BoundRelation right) => ExpressionWalk.Columns(right).Overlaps(left.Columns);
}

/// <summary>How the rows of two relations are put together.</summary>
public enum SetOperationKind
{
    /// <summary>The rows of both.</summary>
    Union,

    /// <summary>The rows of the left that are not in the right.</summary>
    Except,

    /// <summary>The rows of the left that are in the right.</summary>
    Intersect,
}

/// <summary>The rows of two relations under one another; columns are matched by place.</summary>
/// <param name="Kind">How.</param>
/// <param name="IsAll">Whether equal rows stay apart.</param>
/// <param name="Left">The first relation.</param>
/// <param name="Right">The second, with as many columns.</param>
/// <param name="ResultColumns">Named after the left's, of the types that both share.</param>
public sealed record BoundSetOperation(SetOperationKind Kind, bool IsAll, BoundRelation Left, BoundRelation Right, EquatableList<BoundColumn> ResultColumns) : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns => ResultColumns;
}
