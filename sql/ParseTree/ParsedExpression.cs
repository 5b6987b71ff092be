namespace Lepton.Data.Sql.ParseTree;

/// <summary>An expression as DuckDB parsed it. <see cref="Alias"/> is empty where there is none.</summary>
internal abstract record ParsedExpression(string Alias, long Offset);

internal sealed record ParsedColumn(string Alias, long Offset, IReadOnlyList<string> Names) : ParsedExpression(Alias, Offset);

internal sealed record ParsedConstant(string Alias, long Offset, SqlType Type, object? Value) : ParsedExpression(Alias, Offset);

internal sealed record ParsedFunction(
    string Alias, long Offset, string Catalog, string Schema, string Name, IReadOnlyList<ParsedExpression> Arguments, bool IsDistinct, ParsedExpression? Filter,
    IReadOnlyList<ParsedOrder> Order, bool IsOperator) : ParsedExpression(Alias, Offset);

internal sealed record ParsedWindow(
    string Alias, long Offset, string Type, string Catalog, string Schema, string Name, IReadOnlyList<ParsedExpression> Arguments, IReadOnlyList<ParsedExpression> Partition, IReadOnlyList<ParsedOrder> Order,
    string Start, string End, ParsedExpression? StartDistance, ParsedExpression? EndDistance, ParsedExpression? Position, ParsedExpression? Default, bool IgnoresNulls,
    ParsedExpression? Filter, string Exclusion, bool IsDistinct, IReadOnlyList<ParsedOrder> ArgumentOrder) : ParsedExpression(Alias, Offset);

internal sealed record ParsedCase(string Alias, long Offset, IReadOnlyList<(ParsedExpression When, ParsedExpression Then)> Branches, ParsedExpression Otherwise) : ParsedExpression(Alias, Offset);

internal sealed record ParsedComparison(string Alias, long Offset, string Type, ParsedExpression Left, ParsedExpression Right) : ParsedExpression(Alias, Offset);

internal sealed record ParsedConjunction(string Alias, long Offset, string Type, IReadOnlyList<ParsedExpression> Terms) : ParsedExpression(Alias, Offset);

internal sealed record ParsedOperator(string Alias, long Offset, string Type, IReadOnlyList<ParsedExpression> Operands) : ParsedExpression(Alias, Offset);

internal sealed record ParsedCast(string Alias, long Offset, ParsedExpression Operand, SqlType Type, bool IsTry) : ParsedExpression(Alias, Offset);

internal sealed record ParsedBetween(string Alias, long Offset, ParsedExpression Operand, ParsedExpression Lower, ParsedExpression Upper) : ParsedExpression(Alias, Offset);

internal sealed record ParsedLambda(string Alias, long Offset, ParsedExpression Left, ParsedExpression Body) : ParsedExpression(Alias, Offset);

internal sealed record ParsedSubquery(string Alias, long Offset, string Type, ParsedQuery Query, ParsedExpression? Operand, string Comparison) : ParsedExpression(Alias, Offset);

internal sealed record ParsedStar(
    string Alias, long Offset, string Table, IReadOnlyList<string> Excluded, IReadOnlyList<(string Table, string Column)> QualifiedExcluded,
    IReadOnlyList<(string Column, ParsedExpression Value)> Replaced, IReadOnlyList<(string Column, string NewName)> Renamed, bool IsColumns, ParsedExpression? Pattern) : ParsedExpression(Alias, Offset);

internal sealed record ParsedCollation(string Alias, long Offset, ParsedExpression Operand, string Collation) : ParsedExpression(Alias, Offset);

internal sealed record ParsedPosition(string Alias, long Offset, int Number) : ParsedExpression(Alias, Offset);

/// <summary>What was bound already, put into the tree by the binder: the column that COLUMNS stands for.</summary>
internal sealed record ParsedBound(string Alias, long Offset, Binding.BoundExpression Value) : ParsedExpression(Alias, Offset);

/// <summary>A sort key; direction and place of NULLs in the tree's own words.</summary>
internal sealed record ParsedOrder(string Direction, string Nulls, ParsedExpression Expression);
