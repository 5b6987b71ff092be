namespace Lepton.Data.Sql.Lineage;

/// <summary>A column of an input relation.</summary>
/// <param name="Input">The input's name in the query.</param>
/// <param name="Column">The column's name in the input.</param>
public sealed record InputColumn(string Input, string Column);

/// <summary>Where one output column comes from.</summary>
/// <param name="Values">Input columns whose values flow into the column's values.</param>
/// <param name="Influences">Input columns that decide which rows exist, match, group or sort, and so may change the column without flowing into it.</param>
public sealed record ColumnLineage(IReadOnlySet<InputColumn> Values, IReadOnlySet<InputColumn> Influences);

/// <summary>Where each output column of a query comes from.</summary>
/// <param name="Columns">By output column, in the order of the query's schema.</param>
public sealed record QueryLineage(IReadOnlyDictionary<string, ColumnLineage> Columns);
