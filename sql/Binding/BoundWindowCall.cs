using Lepton.Data.Schemas;

namespace Lepton.Data.Sql.Binding;

/// <summary>In what a window's frame is measured.</summary>
public enum FrameUnit
{
    /// <summary>Rows.</summary>
    Rows,

    /// <summary>Values of the sort key; rows with equal keys are in or out together.</summary>
    Range,

    /// <summary>Groups of rows with equal sort keys.</summary>
    Groups,
}

/// <summary>Where one end of a frame lies.</summary>
public enum FrameBoundKind
{
    /// <summary>At the partition's first row.</summary>
    UnboundedPreceding,

    /// <summary>A distance before the current row.</summary>
    Preceding,

    /// <summary>At the current row.</summary>
    CurrentRow,

    /// <summary>A distance after the current row.</summary>
    Following,

    /// <summary>At the partition's last row.</summary>
    UnboundedFollowing,
}

/// <summary>Which rows near the current one a frame leaves out.</summary>
public enum FrameExclusion
{
    /// <summary>None.</summary>
    None,

    /// <summary>The current row.</summary>
    CurrentRow,

    /// <summary>The current row and those with an equal sort key.</summary>
    Group,

    /// <summary>Those with an equal sort key, but not the current row.</summary>
    Ties,
}

/// <summary>One end of a frame.</summary>
/// <param name="Unit">In what <paramref name="Distance"/> is measured.</param>
/// <param name="Kind">Where.</param>
/// <param name="Distance">How far, for <see cref="FrameBoundKind.Preceding"/> and <see cref="FrameBoundKind.Following"/>; else null.</param>
public sealed record FrameBound(FrameUnit Unit, FrameBoundKind Kind, BoundExpression? Distance);

/// <summary>Which rows of the partition a window sees.</summary>
public sealed record BoundFrame(FrameBound Start, FrameBound End, FrameExclusion Exclusion)
{
    /// <summary>From the first row to the current one and its equals: what SQL takes where nothing is said.</summary>
    public static BoundFrame Default { get; } = new(
        new FrameBound(FrameUnit.Range, FrameBoundKind.UnboundedPreceding, null), new FrameBound(FrameUnit.Range, FrameBoundKind.CurrentRow, null), FrameExclusion.None);

    /// <summary>Whether rows fall in or out by their place: an end is counted in rows, and is not the partition's.</summary>
    internal bool DependsOnOrder => IsCounted(Start) || IsCounted(End);

    private static bool IsCounted(FrameBound bound) => bound is { Unit: FrameUnit.Rows, Kind: not (FrameBoundKind.UnboundedPreceding or FrameBoundKind.UnboundedFollowing) };
}

/// <summary>A window function, or an aggregate over a window.</summary>
/// <param name="Function">Of the function table; its kind says which of the two.</param>
/// <param name="Arguments">Over the columns of the source, offset and default of <c>lag</c> and <c>lead</c> among them.</param>
/// <param name="Partition">Rows with equal values are seen together.</param>
/// <param name="Order">In what order.</param>
/// <param name="Frame">Which of them.</param>
/// <param name="IsDistinct">Whether equal arguments count once.</param>
/// <param name="IgnoresNulls">Whether rows with a NULL argument are passed over.</param>
/// <param name="Filter">Which rows count; null for all.</param>
/// <param name="ArgumentOrder">In what order the aggregate takes the frame's rows; empty where not said.</param>
/// <param name="Result">What the result is cast to (integer sums to BIGINT); null where it stays as it is.</param>
public sealed record BoundWindowCall(
    Functions.SqlFunction Function,
    EquatableList<BoundExpression> Arguments,
    EquatableList<BoundExpression> Partition,
    EquatableList<BoundSortKey> Order,
    BoundFrame Frame,
    bool IsDistinct,
    bool IgnoresNulls,
    BoundExpression? Filter,
    EquatableList<BoundSortKey> ArgumentOrder,
    SqlType? Result = null)
    : BoundExpression(
    [
        .. Arguments, .. Partition, .. Order.Select(key => key.Expression), Frame.Start.Distance, Frame.End.Distance, Filter, .. ArgumentOrder.Select(key => key.Expression),
    ])
{
    /// <summary>Whether the value is the same in whatever order the rows arrive; false for sums of floats and for picks without an order.</summary>
    public bool IsExact { get; init; } = true;
}

/// <summary>A new column and the window that computes it.</summary>
public sealed record BoundWindowItem(BoundColumn Column, BoundWindowCall Call);
