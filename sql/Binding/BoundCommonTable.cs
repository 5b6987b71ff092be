using Lepton.Data.Schemas;

namespace Lepton.Data.Sql.Binding;

/// <summary>A relation that WITH names, so that it can be read several times. Itself and no other: compared by identity.</summary>
public sealed class BoundCommonTable
{
    internal BoundCommonTable(string name, BoundRelation relation) => (Name, Relation) = (name, relation);

    /// <summary>As the person wrote it; not unique in a query.</summary>
    public string Name { get; }

    /// <summary>What it stands for.</summary>
    public BoundRelation Relation { get; }
}

/// <summary>Common tables and the relation that reads them.</summary>
/// <param name="Tables">In order: one may read those before it.</param>
/// <param name="Source">What comes out.</param>
public sealed record BoundWith(EquatableList<BoundCommonTable> Tables, BoundRelation Source) : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns => Source.Columns;
}

/// <summary>
/// The rows of a common table that reads itself: the anchor's; then, round by round, those that the step makes of the rows of the round before, until a round gives none.
/// Column by column of the anchor's types, to which the step's values are cast.
/// </summary>
/// <param name="IsAll">Whether equal rows stay apart; where they do not, a row that was there before does not go round again.</param>
/// <param name="Anchor">What begins.</param>
/// <param name="Step">Reads <paramref name="Working"/>.</param>
/// <param name="Working">The rows of the round before; its relation is a <see cref="BoundWorkingTable"/>.</param>
/// <param name="ResultColumns">What comes out.</param>
public sealed record BoundRecursion(bool IsAll, BoundRelation Anchor, BoundRelation Step, BoundCommonTable Working, EquatableList<BoundColumn> ResultColumns) : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns => ResultColumns;
}

/// <summary>The rows of the round before, inside the step of a <see cref="BoundRecursion"/>.</summary>
/// <param name="WorkingColumns">One for each column of the recursion.</param>
public sealed record BoundWorkingTable(EquatableList<BoundColumn> WorkingColumns) : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns => WorkingColumns;
}

/// <summary>One reading of a common table.</summary>
/// <param name="Table">Which.</param>
/// <param name="ScanColumns">One for each column of the table's relation, in its order.</param>
public sealed record BoundCommonTableScan(BoundCommonTable Table, EquatableList<BoundColumn> ScanColumns) : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns => ScanColumns;
}
