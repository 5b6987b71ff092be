using Lepton.Data.Schemas;
using Lepton.Data.Sql.Functions;
using Lepton.Data.Sql.ParseTree;

namespace Lepton.Data.Sql.Binding;

internal sealed partial class QueryBinder
{
    private static readonly HashSet<string> s_lambdaFunctions = new(StringComparer.Ordinal) { "list_transform", "list_apply", "list_filter" };

    private BoundExpression Function(ParsedFunction call, ExpressionContext context)
    {
        if (!IsOwnSchema(call.Catalog, call.Schema)) throw text.At(call.Offset, "sql.unknown_function", $"{call.Schema}.{call.Name}");
        if (ListInOrder(call) is { } ordered) return Function(ordered, context);
        string name = Canonical(call);
        if (FunctionTable.Find(name, FunctionKind.Aggregate) is { } aggregate) return Aggregate(call, aggregate, context);
        if (FunctionTable.Find(name, FunctionKind.Scalar) is not { } function)
        {
            if (FunctionTable.Find(name, FunctionKind.Window) is not null) throw text.At(call.Offset, "sql.window_without_over", name);
            if (FunctionTable.Find(name, FunctionKind.Table) is not null) throw text.At(call.Offset, "sql.table_function_as_value", name);
            throw Unknown("sql.unknown_function", call.Name, call.Offset, FunctionTable.All.Where(known => known.Kind != FunctionKind.Table).Select(known => known.Name));
        }
        if (call.IsDistinct || call.Filter is not null || call.Order.Count > 0) throw text.At(call.Offset, "sql.not_an_aggregate", name);
        if (function.ArgumentCount is { } count && call.Arguments.Count != count) throw text.At(call.Offset, "sql.argument_count", name, call.Arguments.Count);
        if (!function.IsPure) ImpureCall ??= new ImpureCall(name, text.PlaceAt(Math.Max(call.Offset, 0)));

        var arguments = new EquatableList<BoundExpression>(call.Arguments.Select(argument
            => argument is ParsedLambda lambda && s_lambdaFunctions.Contains(function.Name) ? Lambda(lambda, context) : Expression(argument, context)));
        EquatableList<string> names = [];
        if (function.Name == "struct_pack")
        {
            names = new EquatableList<string>(call.Arguments.Select(argument => argument.Alias));
            if (names.Any(field => field.Length == 0)) throw text.At(call.Offset, "sql.struct_without_names");
        }
        else if (call.Arguments.FirstOrDefault(argument => argument.Alias.Length > 0) is { } named)
            throw text.At(named.Offset, "sql.named_argument", named.Alias, name);

        if (function.Form == FunctionForm.Infix && arguments.Count is not (1 or 2) || function.Form == FunctionForm.Infix && arguments.Count == 1 && function.Name is not ("-" or "+"))
            throw text.At(call.Offset, "sql.operator_operands", name);
        return function.Name switch
        {
            // Two that the engine keeps as macros, which could be replaced: written out instead.
            "nullif" when arguments.Count == 2 => new BoundCase(
                [new BoundCaseBranch(new BoundComparison(ComparisonKind.Equal, arguments[0], arguments[1]), new BoundConstant(new SqlType("NULL"), null))], arguments[0]),
            "split_part" when arguments.Count == 3 => new BoundCase(
                [
                    new BoundCaseBranch(
                        new BoundConnective(false, new EquatableList<BoundExpression>(arguments.Select(argument => new BoundIsNull(argument, false)))), new BoundConstant(new SqlType("NULL"), null)),
                ],
                Call("coalesce", [Call("list_extract", [Call("string_split", [arguments[0], arguments[1]]), arguments[2]]), new BoundConstant(new SqlType("VARCHAR"), "")])),
            "nullif" or "split_part" => throw text.At(call.Offset, "sql.argument_count", name, arguments.Count),
            _ => new BoundCall(function, arguments, names) { Offset = call.Offset },
        };
    }

    // The parser turns list(x ORDER BY x) into list_sort(list(x), direction, nulls); that is undone, since the first says its order and the second hides it.
    private static ParsedFunction? ListInOrder(ParsedFunction call)
        => call is
            {
                Name: "list_sort",
                Arguments: [ParsedFunction { Name: "list" or "array_agg", Order.Count: 0, Arguments: [var value] } list,
                    ParsedConstant { Value: "ORDER_DEFAULT" or "ASCENDING" or "DESCENDING" } direction, ParsedConstant { Value: "ORDER_DEFAULT" or "NULLS FIRST" or "NULLS LAST" } nulls],
            }
            ? list with { Order = [new ParsedOrder((string)direction.Value, (string)nulls.Value, value)] }
            : null;

    // The tree writes LIKE and its kin as signs, and some of SQL's forms under names of their own.
    private static string Canonical(ParsedFunction call) => call.Name.ToLowerInvariant() switch
    {
        "~~" => "like",
        "!~~" => "not like",
        "~~*" => "ilike",
        "!~~*" => "not ilike",
        "~~~" => "glob",
        "->>" => "json_extract_string",
        "count" when call.Arguments.Count == 0 => "count_star",
        var name => name,
    };

    private BoundLambda Lambda(ParsedLambda lambda, ExpressionContext context)
    {
        IReadOnlyList<ParsedExpression> declared = lambda.Left is ParsedFunction { Name: "row" } several ? several.Arguments : [lambda.Left];
        var parameters = new List<BoundColumn>();
        foreach (ParsedExpression parameter in declared)
        {
            if (parameter is not ParsedColumn { Names: [var name] }) throw text.At(lambda.Offset, "sql.lambda_parameters");
            parameters.Add(new BoundColumn(name));
        }
        return new BoundLambda(new EquatableList<BoundColumn>(parameters), Expression(lambda.Body, context with { Parameters = [.. context.Parameters, .. parameters] }));
    }

    private BoundColumnReference Aggregate(ParsedFunction call, SqlFunction function, ExpressionContext context)
    {
        if (!context.AllowsAggregates) throw text.At(call.Offset, "sql.aggregate_not_here", function.Name, context.ClauseName);
        if (context.Parameters.Count > 0) throw text.At(call.Offset, "sql.aggregate_not_here", function.Name, "a lambda");
        ExpressionContext inside = context with { Clause = Clause.AggregateArgument, AliasLimit = 0 };
        List<BoundExpression> arguments = [.. Expressions(call.Arguments, inside)];
        List<BoundSortKey> order = [.. call.Order.Select(key => SortKey(key, Expression(key.Expression, inside)))];
        BoundExpression? filter = Optional(call.Filter, inside);

        // WITHIN GROUP (ORDER BY x) arrives as an aggregate without x.
        if (function.Name is "quantile_cont" or "quantile_disc" or "quantile" or "mode" or "median" && order.Count == 1 && arguments.Count == (function.Name is "mode" or "median" ? 0 : 1))
        {
            if (order[0].IsDescending) throw text.At(call.Offset, "sql.unsupported_with_remedy", "WITHIN GROUP (ORDER BY … DESC)", "take the quantile 1 - p of the ascending order");
            arguments.Insert(0, order[0].Expression);
            order.Clear();
        }
        var bound = new BoundAggregateCall(function, new EquatableList<BoundExpression>(arguments), call.IsDistinct, filter, new EquatableList<BoundSortKey>(order)) { Offset = call.Offset };
        if (IsOfOuterQuery(bound, context.Scope)) throw text.At(call.Offset, "sql.outer_aggregate", function.Name);
        return Collected(context.Block!, bound);
    }

    // Computed where the groups are made, like an aggregate; whether it names keys is known when all keys are.
    private BoundColumnReference Grouping(ParsedOperator call, ExpressionContext context)
    {
        SqlFunction function = FunctionTable.Grouping;
        if (!context.AllowsAggregates || context.Parameters.Count > 0) throw text.At(call.Offset, "sql.aggregate_not_here", function.Name, context.ClauseName);
        // As in GROUP BY, a name that is no column may be an alias.
        ExpressionContext inside = context with { Clause = Clause.AggregateArgument, AliasLimit = 0 };
        var keys = call.Operands.Select(key => Expression(key, key is ParsedColumn ? inside with { AliasLimit = context.Block!.Items.Count } : inside));
        var bound = new BoundAggregateCall(function, new EquatableList<BoundExpression>(keys), false, null, []) { Offset = call.Offset };
        return Collected(context.Block!, bound);
    }

    private static BoundColumnReference Collected(SelectBlock block, BoundAggregateCall call)
    {
        if (!block.Computed.TryGetValue(call, out BoundColumn? column))
        {
            block.Computed.Add(call, column = new BoundColumn($"__{call.Function.Name}{block.Aggregates.Count}"));
            block.Aggregates.Add(new BoundAggregateItem(column, call));
        }
        return new BoundColumnReference(column) { Offset = call.Offset };
    }

    // An aggregate over nothing but columns of the query around would belong to that one.
    private static bool IsOfOuterQuery(BoundExpression call, Scope scope)
    {
        var own = new HashSet<BoundColumn>(scope.Tables.SelectMany(table => table.Columns).Select(column => column.Column));
        List<BoundColumn> used = [.. ExpressionWalk.Columns(call)];
        return used.Count > 0 && !used.Exists(own.Contains);
    }

    private BoundColumnReference Window(ParsedWindow window, ExpressionContext context)
    {
        if (!IsOwnSchema(window.Catalog, window.Schema)) throw text.At(window.Offset, "sql.unknown_function", $"{window.Schema}.{window.Name}");
        string name = window.Name.ToLowerInvariant();
        if (!context.AllowsWindows || context.Parameters.Count > 0) throw text.At(window.Offset, "sql.window_not_here", name, context.ClauseName);
        bool isAggregate = window.Type == "WINDOW_AGGREGATE";
        if (name == "count" && window.Arguments.Count == 0) name = "count_star";
        SqlFunction function = FunctionTable.Find(name, isAggregate ? FunctionKind.Aggregate : FunctionKind.Window)
            ?? throw Unknown("sql.unknown_function", name, window.Offset, FunctionTable.All.Where(known => known.Kind is FunctionKind.Aggregate or FunctionKind.Window).Select(known => known.Name));

        ExpressionContext inside = context with { Clause = Clause.WindowArgument };
        List<BoundExpression> arguments = [.. Expressions(window.Arguments, inside)];
        if (window.Position is not null) arguments.Add(Expression(window.Position, inside));
        if (window.Default is not null)
        {
            if (window.Position is null) throw text.At(window.Offset, "sql.unknown_node", "WINDOW.default_expr");
            arguments.Add(Expression(window.Default, inside));
        }
        var bound = new BoundWindowCall(
            function, new EquatableList<BoundExpression>(arguments), Expressions(window.Partition, inside),
            new EquatableList<BoundSortKey>(window.Order.Select(key => SortKey(key, Expression(key.Expression, inside)))),
            new BoundFrame(FrameEnd(window.Start, window.StartDistance, window, inside), FrameEnd(window.End, window.EndDistance, window, inside), Exclusion(window)),
            window.IsDistinct, window.IgnoresNulls, Optional(window.Filter, inside),
            new EquatableList<BoundSortKey>(window.ArgumentOrder.Select(key => SortKey(key, Expression(key.Expression, inside))))) { Offset = window.Offset };
        SelectBlock block = context.Block!;
        if (!block.Computed.TryGetValue(bound, out BoundColumn? column))
        {
            block.Computed.Add(bound, column = new BoundColumn($"__{name}{block.Windows.Count}"));
            block.Windows.Add(new BoundWindowItem(column, bound));
        }
        return new BoundColumnReference(column) { Offset = window.Offset };
    }

    private FrameBound FrameEnd(string word, ParsedExpression? distance, ParsedWindow window, ExpressionContext context)
    {
        (FrameUnit unit, FrameBoundKind kind) = word switch
        {
            "UNBOUNDED_PRECEDING" => (FrameUnit.Range, FrameBoundKind.UnboundedPreceding),
            "UNBOUNDED_FOLLOWING" => (FrameUnit.Range, FrameBoundKind.UnboundedFollowing),
            "CURRENT_ROW_RANGE" => (FrameUnit.Range, FrameBoundKind.CurrentRow),
            "CURRENT_ROW_ROWS" => (FrameUnit.Rows, FrameBoundKind.CurrentRow),
            "CURRENT_ROW_GROUPS" => (FrameUnit.Groups, FrameBoundKind.CurrentRow),
            "EXPR_PRECEDING_RANGE" => (FrameUnit.Range, FrameBoundKind.Preceding),
            "EXPR_PRECEDING_ROWS" => (FrameUnit.Rows, FrameBoundKind.Preceding),
            "EXPR_PRECEDING_GROUPS" => (FrameUnit.Groups, FrameBoundKind.Preceding),
            "EXPR_FOLLOWING_RANGE" => (FrameUnit.Range, FrameBoundKind.Following),
            "EXPR_FOLLOWING_ROWS" => (FrameUnit.Rows, FrameBoundKind.Following),
            "EXPR_FOLLOWING_GROUPS" => (FrameUnit.Groups, FrameBoundKind.Following),
            _ => throw text.At(window.Offset, "sql.unknown_node", word),
        };
        return new FrameBound(unit, kind, Optional(distance, context));
    }

    private FrameExclusion Exclusion(ParsedWindow window) => window.Exclusion switch
    {
        "NO_OTHER" => FrameExclusion.None,
        "CURRENT_ROW" => FrameExclusion.CurrentRow,
        "GROUP" => FrameExclusion.Group,
        "TIES" => FrameExclusion.Ties,
        _ => throw text.At(window.Offset, "sql.unknown_node", window.Exclusion),
    };
}
