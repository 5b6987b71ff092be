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

/// <summary>One reading of a common table.</summary>
/// <param name="Table">Which.</param>
/// <param name="ScanColumns">One for each column of the table's relation, in its order.</param>
public sealed record BoundCommonTableScan(BoundCommonTable Table, EquatableList<BoundColumn> ScanColumns) : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns => ScanColumns;
}
