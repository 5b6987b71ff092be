namespace Lepton.Data.Sql.ParseTree;

/// <summary>A SELECT, or several put together.</summary>
internal abstract record ParsedQuery(IReadOnlyList<ParsedCommonTable> CommonTables, ParsedModifiers Modifiers);

internal sealed record ParsedSelect(
    IReadOnlyList<ParsedCommonTable> CommonTables, ParsedModifiers Modifiers, IReadOnlyList<ParsedExpression> Items, ParsedTable From, ParsedExpression? Where,
    IReadOnlyList<ParsedExpression> Groups, IReadOnlyList<IReadOnlyList<int>> GroupingSets, bool GroupsByAll, ParsedExpression? Having, ParsedExpression? Qualify)
    : ParsedQuery(CommonTables, Modifiers);

internal sealed record ParsedSetOperation(
    IReadOnlyList<ParsedCommonTable> CommonTables, ParsedModifiers Modifiers, string Type, bool IsAll, ParsedQuery Left, ParsedQuery Right) : ParsedQuery(CommonTables, Modifiers);

/// <summary>A table of WITH RECURSIVE that reads itself: the anchor's rows, then what the step makes of the rows of the round before, until there are none.</summary>
internal sealed record ParsedRecursion(
    IReadOnlyList<ParsedCommonTable> CommonTables, ParsedModifiers Modifiers, string Name, bool IsAll, IReadOnlyList<string> ColumnNames, ParsedQuery Anchor, ParsedQuery Step)
    : ParsedQuery(CommonTables, Modifiers);

internal sealed record ParsedCommonTable(string Name, IReadOnlyList<string> ColumnNames, ParsedQuery Query);

/// <summary>What follows a query's rows: DISTINCT, ORDER BY, LIMIT.</summary>
internal sealed record ParsedModifiers(bool IsDistinct, IReadOnlyList<ParsedExpression> DistinctOn, IReadOnlyList<ParsedOrder> Order, ParsedExpression? Limit, ParsedExpression? Offset)
{
    internal static ParsedModifiers None { get; } = new(false, [], [], null, null);
}

/// <summary>What stands in FROM.</summary>
internal abstract record ParsedTable(string Alias, long Offset);

internal sealed record ParsedNoTable(long Offset) : ParsedTable("", Offset);

internal sealed record ParsedBaseTable(string Alias, long Offset, string Catalog, string Schema, string Name, IReadOnlyList<string> ColumnNames) : ParsedTable(Alias, Offset);

internal sealed record ParsedDerivedTable(string Alias, long Offset, ParsedQuery Query, IReadOnlyList<string> ColumnNames) : ParsedTable(Alias, Offset);

internal sealed record ParsedValues(string Alias, long Offset, IReadOnlyList<IReadOnlyList<ParsedExpression>> Rows, IReadOnlyList<string> ColumnNames) : ParsedTable(Alias, Offset);

internal sealed record ParsedTableFunction(string Alias, long Offset, ParsedExpression Function, bool HasOrdinality, IReadOnlyList<string> ColumnNames) : ParsedTable(Alias, Offset);

/// <summary>PIVOT, or UNPIVOT where <paramref name="ValueNames"/> are given.</summary>
internal sealed record ParsedPivot(
    string Alias, long Offset, ParsedTable Source, IReadOnlyList<ParsedExpression> Aggregates, IReadOnlyList<ParsedPivotAxis> Axes, IReadOnlyList<string> Groups,
    IReadOnlyList<string> ValueNames, bool IncludesNulls, IReadOnlyList<string> ColumnNames) : ParsedTable(Alias, Offset);

/// <summary>What becomes columns: expressions and the values that they may have; for UNPIVOT, the name of the column of names and the columns that become rows.</summary>
internal sealed record ParsedPivotAxis(IReadOnlyList<ParsedExpression> Expressions, IReadOnlyList<string> Names, IReadOnlyList<ParsedPivotEntry> Entries);

/// <summary>One entry of IN (…): values, for UNPIVOT names of columns; or an expression that gives columns.</summary>
internal sealed record ParsedPivotEntry(IReadOnlyList<ParsedConstant> Values, ParsedExpression? Expression, string Alias);

internal sealed record ParsedJoin(string Alias, long Offset, ParsedTable Left, ParsedTable Right, string Kind, string Reference, ParsedExpression? Condition, IReadOnlyList<string> Using)
    : ParsedTable(Alias, Offset);
