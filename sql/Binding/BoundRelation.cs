using Lepton.Data.Schemas;

namespace Lepton.Data.Sql.Binding;

/// <summary>
/// A relation of the bound tree: a step of relational algebra over others. Expressions in it refer to columns of its sources, or of a relation around it where it stands in a
/// correlated subquery. Immutable.
/// </summary>
public abstract record BoundRelation
{
    private protected BoundRelation() { }

    /// <summary>What comes out, in order.</summary>
    public abstract EquatableList<BoundColumn> Columns { get; }
}

/// <summary>A new column and what it is computed from.</summary>
/// <param name="Column">The column.</param>
/// <param name="Expression">Over the columns of the source.</param>
public sealed record BoundItem(BoundColumn Column, BoundExpression Expression);

/// <summary>The rows of an input, under a name of the query's <see cref="BoundQuery.Inputs"/>.</summary>
/// <param name="Name">As the inputs spell it.</param>
/// <param name="InputColumns">One for each column of the input, in its order, with its name.</param>
public sealed record BoundInput(string Name, EquatableList<BoundColumn> InputColumns) : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns => InputColumns;
}

/// <summary>One row without columns: what a SELECT without FROM reads.</summary>
public sealed record BoundSingleRow : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns { get; } = [];
}

/// <summary>Rows that are written out.</summary>
/// <param name="Rows">At least one; each as long as <paramref name="ValueColumns"/>.</param>
/// <param name="ValueColumns">The columns, of the types that all rows share.</param>
public sealed record BoundValues(EquatableList<EquatableList<BoundExpression>> Rows, EquatableList<BoundColumn> ValueColumns) : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns => ValueColumns;
}

/// <summary>The rows of a table function.</summary>
/// <param name="Function">Which; of <see cref="Functions.FunctionKind.Table"/>.</param>
/// <param name="Arguments">Over columns of relations before it, or of a query around it; mostly of neither.</param>
/// <param name="FunctionColumns">What it gives; with an ordinality the last counts its rows from 1.</param>
/// <param name="HasOrdinality">Whether its rows are counted.</param>
public sealed record BoundTableFunction(Functions.SqlFunction Function, EquatableList<BoundExpression> Arguments, EquatableList<BoundColumn> FunctionColumns, bool HasOrdinality = false) : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns => FunctionColumns;
}

/// <summary>The rows for which a condition is true.</summary>
public sealed record BoundFilter(BoundRelation Source, BoundExpression Condition) : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns => Source.Columns;
}

/// <summary>Each row of the source, as new columns.</summary>
public sealed record BoundProject(BoundRelation Source, EquatableList<BoundItem> Items) : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns { get; } = new(Items.Select(item => item.Column));
}

/// <summary>One row for each group of rows with equal keys; without keys and sets, one row for all.</summary>
/// <param name="Source">What is grouped.</param>
/// <param name="Keys">What rows of a group have in common.</param>
/// <param name="GroupingSets">Null where rows are grouped by all keys; else each set of indexes into <paramref name="Keys"/> groups once, the other keys being NULL.</param>
/// <param name="Calls">What is computed for each group.</param>
public sealed record BoundAggregate(BoundRelation Source, EquatableList<BoundItem> Keys, EquatableList<EquatableList<int>>? GroupingSets, EquatableList<BoundAggregateItem> Calls)
    : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns { get; } = new([.. Keys.Select(key => key.Column), .. Calls.Select(call => call.Column)]);
}

/// <summary>The source's columns, and windows over its rows.</summary>
public sealed record BoundWindow(BoundRelation Source, EquatableList<BoundWindowItem> Calls) : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns { get; } = new([.. Source.Columns, .. Calls.Select(call => call.Column)]);
}

/// <summary>Each source row once for each written row, side by side: what UNPIVOT makes of columns.</summary>
/// <param name="Source">Its columns stay.</param>
/// <param name="Rows">At least one, over the columns of the source; each as long as <paramref name="NewColumns"/>.</param>
/// <param name="NewColumns">Of the types that all rows share.</param>
public sealed record BoundUnpivot(BoundRelation Source, EquatableList<EquatableList<BoundExpression>> Rows, EquatableList<BoundColumn> NewColumns) : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns { get; } = new([.. Source.Columns, .. NewColumns]);
}

/// <summary>The distinct rows of the source.</summary>
public sealed record BoundDistinct(BoundRelation Source) : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns => Source.Columns;
}

/// <summary>Of the rows with equal keys the first by an order; rows leave in that order.</summary>
public sealed record BoundDistinctOn(BoundRelation Source, EquatableList<BoundColumn> Keys, EquatableList<BoundSortKey> Order) : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns => Source.Columns;
}

/// <summary>The rows of the source, in order.</summary>
public sealed record BoundSort(BoundRelation Source, EquatableList<BoundSortKey> Keys) : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns => Source.Columns;
}

/// <summary>Some rows of the source, from the front.</summary>
/// <param name="Source">What is cut.</param>
/// <param name="Count">How many at most; null for all.</param>
/// <param name="Offset">How many are left out first.</param>
public sealed record BoundLimit(BoundRelation Source, long? Count, long Offset) : BoundRelation
{
    /// <inheritdoc/>
    public override EquatableList<BoundColumn> Columns => Source.Columns;
}
