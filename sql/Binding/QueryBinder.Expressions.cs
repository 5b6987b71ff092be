using Lepton.Data.Schemas;
using Lepton.Data.Sql.Functions;
using Lepton.Data.Sql.ParseTree;

namespace Lepton.Data.Sql.Binding;

internal sealed partial class QueryBinder
{
    private BoundExpression Expression(ParsedExpression parsed, ExpressionContext context)
    {
        text.EnsureStack(parsed.Offset);
        BoundExpression bound = parsed switch
        {
            ParsedColumn column => Column(column, context),
            ParsedConstant constant => new BoundConstant(constant.Type, constant.Value),
            ParsedFunction function => Function(function, context),
            ParsedWindow window => Window(window, context),
            ParsedCase choice => new BoundCase(
                new EquatableList<BoundCaseBranch>(choice.Branches.Select(branch => new BoundCaseBranch(Expression(branch.When, context), Expression(branch.Then, context)))),
                Expression(choice.Otherwise, context)),
            ParsedComparison comparison => new BoundComparison(Comparison(comparison.Type, comparison.Offset), Expression(comparison.Left, context), Expression(comparison.Right, context)),
            ParsedConjunction conjunction => Connective(conjunction, context),
            ParsedOperator call => Operator(call, context),
            ParsedCast cast => new BoundCast(Expression(cast.Operand, context), cast.Type, cast.IsTry),
            ParsedBetween between => new BoundBetween(Expression(between.Operand, context), Expression(between.Lower, context), Expression(between.Upper, context)),
            ParsedSubquery subquery => Subquery(subquery, context),
            // Outside a function that takes a lambda, the arrow reads JSON.
            ParsedLambda arrow => Call("json_extract", [Expression(arrow.Left, context), Expression(arrow.Body, context)]),
            ParsedBound known => known.Value,
            ParsedStar => throw text.At(parsed.Offset, "sql.star_in_expression"),
            ParsedCollation collation => throw text.At(Place(collation), "sql.unsupported_with_remedy", "COLLATE", "compare lower(…), or texts that are already normalised"),
            ParsedPosition => throw text.At(parsed.Offset, "sql.unsupported_with_remedy", "#n", "name the column"),
            _ => throw new InvalidOperationException($"An expression is a {parsed.GetType()}."),
        };
        if (bound.Size > ExpressionSizeMax) throw text.At(parsed.Offset, "sql.expression_too_large", ExpressionSizeMax);
        if (bound.Depth > ExpressionDepthMax) throw text.At(parsed.Offset, "sql.too_deep");
        return bound.Offset >= 0 ? bound : bound with { Offset = Place(parsed) };
    }

    // Some expressions have no place of their own; then their first part's is theirs.
    private static long Place(ParsedExpression parsed)
        => parsed.Offset >= 0 ? parsed.Offset : ParsedParts.Of(parsed).Select(Place).FirstOrDefault(offset => offset >= 0, -1);

    private BoundExpression? Optional(ParsedExpression? parsed, ExpressionContext context) => parsed is null ? null : Expression(parsed, context);

    private EquatableList<BoundExpression> Expressions(IEnumerable<ParsedExpression> parsed, ExpressionContext context) => new(parsed.Select(expression => Expression(expression, context)));

    private static BoundCall Call(string function, EquatableList<BoundExpression> arguments) => new(FunctionTable.Scalar(function), arguments, []);

    private ComparisonKind Comparison(string type, long offset) => type switch
    {
        "COMPARE_EQUAL" => ComparisonKind.Equal,
        "COMPARE_NOTEQUAL" => ComparisonKind.NotEqual,
        "COMPARE_LESSTHAN" => ComparisonKind.Less,
        "COMPARE_LESSTHANOREQUALTO" => ComparisonKind.LessOrEqual,
        "COMPARE_GREATERTHAN" => ComparisonKind.Greater,
        "COMPARE_GREATERTHANOREQUALTO" => ComparisonKind.GreaterOrEqual,
        "COMPARE_DISTINCT_FROM" => ComparisonKind.IsDistinctFrom,
        "COMPARE_NOT_DISTINCT_FROM" => ComparisonKind.IsNotDistinctFrom,
        _ => throw text.At(offset, "sql.unknown_node", type),
    };

    private BoundConnective Connective(ParsedConjunction conjunction, ExpressionContext context)
    {
        bool isAnd = conjunction.Type switch
        {
            "CONJUNCTION_AND" => true,
            "CONJUNCTION_OR" => false,
            _ => throw text.At(conjunction.Offset, "sql.unknown_node", conjunction.Type),
        };
        return new BoundConnective(isAnd, Expressions(conjunction.Terms, context));
    }

    private BoundExpression Operator(ParsedOperator call, ExpressionContext context)
    {
        if (call.Type == "GROUPING_FUNCTION") return Grouping(call, context);
        EquatableList<BoundExpression> operands = Expressions(call.Operands, context);
        return call.Type switch
        {
            "OPERATOR_NOT" => new BoundNot(operands[0]),
            "OPERATOR_IS_NULL" => new BoundIsNull(operands[0], false),
            "OPERATOR_IS_NOT_NULL" => new BoundIsNull(operands[0], true),
            "COMPARE_IN" => new BoundIn(operands[0], new EquatableList<BoundExpression>(operands.Skip(1)), false),
            "COMPARE_NOT_IN" => new BoundIn(operands[0], new EquatableList<BoundExpression>(operands.Skip(1)), true),
            "OPERATOR_COALESCE" => Call("coalesce", operands),
            "OPERATOR_TRY" => Call("try", operands),
            "ARRAY_EXTRACT" => Call("array_extract", operands),
            "ARRAY_SLICE" => Call("array_slice", operands),
            "STRUCT_EXTRACT" => Call("struct_extract", operands),
            "ARRAY_CONSTRUCTOR" => Call("list_value", operands),
            _ => throw text.At(call.Offset, "sql.unknown_node", call.Type),
        };
    }

    private BoundSubquery Subquery(ParsedSubquery subquery, ExpressionContext context)
    {
        SubqueryKind kind = subquery.Type switch
        {
            "SCALAR" => SubqueryKind.Scalar,
            "EXISTS" => SubqueryKind.Exists,
            "ANY" => SubqueryKind.Any,
            _ => throw text.At(subquery.Offset, "sql.unknown_node", subquery.Type),
        };
        BoundExpression? operand = Optional(subquery.Operand, context);
        BoundRelation query = Query(subquery.Query, context.Scope, context.CommonTables);
        if (kind != SubqueryKind.Exists && query.Columns.Count != 1) throw text.At(subquery.Offset, "sql.subquery_columns", query.Columns.Count);
        return new BoundSubquery(kind, query, operand, kind == SubqueryKind.Any ? Comparison(subquery.Comparison, subquery.Offset) : null);
    }

    private BoundExpression Column(ParsedColumn column, ExpressionContext context)
    {
        IReadOnlyList<string> names = column.Names;
        if (context.Parameters.LastOrDefault(parameter => Same(parameter.Name, names[0])) is { } parameter)
            return Fields(new BoundColumnReference(parameter) { Offset = column.Offset }, names.Skip(1));

        for (Scope? scope = context.Scope; scope is not null; scope = scope.Outer)
        {
            // table.column, then schema.table.column; a struct's fields may follow.
            if (names.Count > 1 && scope.FindTable(null, names[0]) is { } table && InTable(table, names[1], column) is { } inTable)
                return Fields(inTable, names.Skip(2));
            if (names.Count > 2 && scope.FindTable(names[0], names[1]) is { Schema: not null } qualified && InTable(qualified, names[2], column) is { } inQualified)
                return Fields(inQualified, names.Skip(3));

            List<VisibleColumn> found = [.. scope.Find(names[0])];
            if (found.Count > 1)
                throw text.At(column.Offset, "sql.ambiguous_column", names[0], string.Join(", ", found.Select(visible => $"{visible.Table.Name}.{visible.Name}")));
            bool isOwn = scope == context.Scope;
            if (found.Count == 1 && !(isOwn && PrefersAlias(found[0], names, context))) return Fields(found[0].Expression with { Offset = column.Offset }, names.Skip(1));
            if (isOwn && AliasIndex(names[0], context) is { } index)
            {
                BoundExpression alias = Alias(context.Block!, index, context);
                if (IsImpure(alias)) throw text.At(column.Offset, "sql.impure_alias", names[0]);
                return Fields(alias, names.Skip(1));
            }
        }
        if (names.Count == 1 && NamedFunction(names[0]) is { } function) return Function(new ParsedFunction("", column.Offset, "", "", function, [], false, null, [], false), context);
        throw UnknownReference(column, context);
    }

    // Written out again, it would give another value.
    private static bool IsImpure(BoundExpression expression) => expression is BoundCall { Function.IsPure: false } || ExpressionWalk.Parts(expression).Any(IsImpure);

    private BoundColumnReference? InTable(ScopeTable table, string name, ParsedColumn place)
    {
        List<BoundColumn> found = [.. table.Find(name)];
        if (found.Count > 1) throw text.At(place.Offset, "sql.ambiguous_column", name, table.Name);
        return found.Count == 1 ? new BoundColumnReference(found[0]) { Offset = place.Offset } : null;
    }

    // In HAVING a column that is not grouped could only be an error, so an alias of that name is meant.
    private static bool PrefersAlias(VisibleColumn column, IReadOnlyList<string> names, ExpressionContext context)
        => context.Clause == Clause.Having && names.Count == 1 && AliasIndex(names[0], context) is not null
            && !(column.Expression is BoundColumnReference reference && context.Block!.GroupedColumns.Contains(reference.Column));

    private static int? AliasIndex(string name, ExpressionContext context)
    {
        for (int i = 0; i < context.AliasLimit && context.Block is not null; i++)
            if (context.Block.Items[i].IsAlias && Same(context.Block.Items[i].Name!, name)) return i;
        return null;
    }

    private static BoundExpression Fields(BoundExpression expression, IEnumerable<string> fields)
    {
        foreach (string field in fields)
            expression = Call("struct_extract", [expression, new BoundConstant(new SqlType("VARCHAR"), field)]) with { Offset = expression.Offset };
        return expression;
    }

    // SQL's functions that are written without parentheses arrive as columns.
    private static string? NamedFunction(string name) => name.ToLowerInvariant() switch
    {
        "current_date" => "current_date",
        "current_timestamp" => "get_current_timestamp",
        _ => null,
    };

    private LeptonDataException UnknownReference(ParsedColumn column, ExpressionContext context)
    {
        IReadOnlyList<string> names = column.Names;
        if (names.Count > 1 && context.Scope.FindTable(null, names[0]) is { } table)
            return UnknownColumn($"{names[0]}.{names[1]}", column.Offset, table.Columns.Select(known => $"{table.Name}.{known.Name}"));
        if (names.Count == 1 && context.Scope.FindTable(null, names[0]) is not null) return text.At(column.Offset, "sql.table_as_value", names[0]);
        var candidates = new List<string>();
        for (Scope? scope = context.Scope; scope is not null; scope = scope.Outer)
        {
            candidates.AddRange(scope.Visible.Select(visible => visible.Name));
            if (names.Count > 1) candidates.AddRange(scope.Tables.Where(known => known.Name.Length > 0).SelectMany(known => known.Columns.Select(inside => $"{known.Name}.{inside.Name}")));
        }
        for (int i = 0; i < context.AliasLimit && context.Block is not null; i++)
            if (context.Block.Items[i] is { IsAlias: true, Name: { } alias }) candidates.Add(alias);
        return UnknownColumn(string.Join('.', names), column.Offset, candidates);
    }
}
