using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Sql.Functions;
using Lepton.Data.Sql.Printing;

namespace Lepton.Data.Sql.Binding;

/// <summary>
/// Finds types by asking the front end about a SELECT in which columns stand as NULLs of their type. One question is asked for each scope; only where it is refused is each
/// expression asked about alone, to find the one to blame.
/// </summary>
internal sealed class TypeProber(SqlText text, ISqlFrontEnd frontEnd)
{
    private static readonly SqlType s_bigint = new("BIGINT");
    private static readonly SqlType s_untyped = SqlType.Of(DataType.Null);

    /// <summary>The types of <paramref name="expressions"/> over typed columns.</summary>
    internal IReadOnlyList<SqlType> Types(IReadOnlyList<BoundExpression> expressions, BoundExpression? where = null)
    {
        if (where is not null && IsPlainCondition(where)) where = null;
        if (where is null && expressions.All(expression => expression is BoundColumnReference)) return [.. expressions.Select(expression => ((BoundColumnReference)expression).Column.Type)];
        IReadOnlyList<SqlType> types = Ask(expressions, [], where);
        return [.. types.Select((type, i) => Settle(type, expressions[i]))];
    }

    private SqlType Settle(SqlType type, BoundExpression expression) => type.Name == "INTEGER" && HoldsNull(expression) && IsUntyped(expression) ? s_untyped : type;

    // What is nothing but NULL has no type until something beside it gives it one; asked about alone, it is said to be an INTEGER.
    private bool IsUntyped(BoundExpression expression)
    {
        try
        {
            BoundExpression list = new BoundCall(FunctionTable.Scalar("list_value"), [new BoundConstant(new SqlType("INTEGER"), System.Numerics.BigInteger.One)], []);
            return frontEnd.Describe(Question([new BoundCall(FunctionTable.Scalar("coalesce"), [expression, list], [])], [], null))[0].DuckDbType == "INTEGER[]";
        }
        catch (SqlFrontEndException)
        {
            return false;
        }
    }

    private static bool HoldsNull(BoundExpression expression)
        => expression is BoundConstant { Value: null } || expression is BoundColumnReference { Column: { IsTyped: true, Type.DataType: NullType } } || ExpressionWalk.Parts(expression).Any(HoldsNull);

    /// <summary>Refuses conditions that cannot be true or false.</summary>
    internal void Check(IReadOnlyList<BoundExpression> conditions)
    {
        foreach (BoundExpression condition in conditions)
            if (!IsPlainCondition(condition)) Ask([], [], condition);
    }

    // Most conditions compare columns with columns or constants of their own kind, about which there is nothing to ask; the query as a whole is looked at in the end all the same.
    private static bool IsPlainCondition(BoundExpression condition) => condition switch
    {
        BoundConnective { Terms: var terms } => terms.All(IsPlainCondition),
        BoundNot { Operand: var operand } => IsPlainCondition(operand),
        BoundIsNull { Operand: var operand } => PlainType(operand) is not null,
        BoundComparison { Left: var left, Right: var right } => PlainType(left) is { } type && PlainType(right) == type,
        BoundBetween { Operand: var operand, Lower: var lower, Upper: var upper } => PlainType(operand) is { } type && PlainType(lower) == type && PlainType(upper) == type,
        _ => false,
    };

    // A type that compares with itself, integers of all sizes being one; null for what has to be asked.
    private static string? PlainType(BoundExpression expression)
    {
        SqlType? type = expression switch
        {
            BoundColumnReference { Column: { IsTyped: true } column } => column.Type,
            BoundConstant { Value: not null } constant => constant.Type,
            _ => null,
        };
        if (type is null) return null;
        return IsInteger(type) ? "integer" : type.Name is "VARCHAR" or "DOUBLE" or "DATE" or "TIMESTAMP WITH TIME ZONE" or "BOOLEAN" ? type.Name : null;
    }

    /// <summary>The types of keys, and the calls with their types, exactness and casts.</summary>
    internal (IReadOnlyList<SqlType> Keys, List<BoundAggregateItem> Calls) Aggregates(IReadOnlyList<BoundExpression> keys, IReadOnlyList<BoundAggregateItem> calls, BoundExpression? where)
    {
        SqlFunction any = FunctionTable.Aggregate("any_value");
        List<BoundExpression> arguments = [.. calls.SelectMany(item => item.Call.Arguments).Where(argument => argument is not BoundColumnReference).Distinct()];
        Dictionary<BoundExpression, int> places = PlacesOf(arguments);
        IReadOnlyList<SqlType> types = Ask(
            [.. keys, .. calls.Select(item => item.Call), .. arguments.Select(argument => new BoundAggregateCall(any, [argument], false, null, []) { Offset = argument.Offset })], keys, where);
        SqlType TypeOf(BoundExpression argument) => argument is BoundColumnReference reference ? reference.Column.Type : types[keys.Count + calls.Count + places[argument]];

        var typed = new List<BoundAggregateItem>();
        for (int i = 0; i < calls.Count; i++)
        {
            BoundAggregateCall call = calls[i].Call;
            List<SqlType> argumentTypes = [.. call.Arguments.Select(TypeOf)];
            (SqlFunction function, SqlType? result) = Settle(call.Function, argumentTypes, types[keys.Count + i]);
            bool isExact = IsExact(function, argumentTypes, call.Order.Count > 0);
            calls[i].Column.Type = result ?? Settle(types[keys.Count + i], call);
            typed.Add(calls[i] with { Call = call with { Function = function, Result = result, IsExact = isExact } });
        }
        return ([.. types.Take(keys.Count).Select((type, i) => Settle(type, keys[i]))], typed);
    }

    private static Dictionary<BoundExpression, int> PlacesOf(List<BoundExpression> expressions) => expressions.Select((expression, i) => (expression, i)).ToDictionary(pair => pair.expression, pair => pair.i);

    /// <summary>The windows with their types, exactness and casts.</summary>
    internal List<BoundWindowItem> Windows(IReadOnlyList<BoundWindowItem> calls)
    {
        List<BoundExpression> arguments = [.. calls.SelectMany(item => item.Call.Arguments).Where(argument => argument is not BoundColumnReference).Distinct()];
        Dictionary<BoundExpression, int> places = PlacesOf(arguments);
        IReadOnlyList<SqlType> types = Ask([.. calls.Select(item => item.Call), .. arguments], [], null);
        SqlType TypeOf(BoundExpression argument) => argument is BoundColumnReference reference ? reference.Column.Type : types[calls.Count + places[argument]];

        var typed = new List<BoundWindowItem>();
        for (int i = 0; i < calls.Count; i++)
        {
            BoundWindowCall call = calls[i].Call;
            List<SqlType> argumentTypes = [.. call.Arguments.Select(TypeOf)];
            (SqlFunction function, SqlType? result) = Settle(call.Function, argumentTypes, types[i]);
            // A frame counted in rows holds other rows when they come in another order, so it needs one that is said.
            bool isOrdered = call.Order.Count > 0;
            bool isExact = IsExact(function, argumentTypes, isOrdered || call.ArgumentOrder.Count > 0) && (isOrdered || !call.Frame.DependsOnOrder);
            calls[i].Column.Type = result ?? Settle(types[i], call);
            typed.Add(calls[i] with { Call = call with { Function = function, Result = result, IsExact = isExact } });
        }
        return typed;
    }

    /// <summary>The types that both sides of a set operation share.</summary>
    internal IReadOnlyList<SqlType> SetOperation(IReadOnlyList<BoundColumn> left, IReadOnlyList<BoundColumn> right, long offset)
    {
        if (left.Zip(right).All(pair => pair.First.Type == pair.Second.Type)) return [.. left.Select(column => column.Type)];
        return Describe($"SELECT {Nulls(left)} UNION ALL SELECT {Nulls(right)}", offset);
    }

    /// <summary>The types that all rows share.</summary>
    internal IReadOnlyList<SqlType> Values(IReadOnlyList<EquatableList<BoundExpression>> rows)
    {
        DuckDbWriter writer = Writer(rows.SelectMany(row => row), out string stub);
        string values = string.Join(", ", rows.Select(row => $"({string.Join(", ", row.Select(writer.Expression))})"));
        string columns = string.Join(", ", rows[0].Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"v.c{i}")));
        string names = string.Join(", ", rows[0].Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"c{i}")));
        return Describe($"SELECT {columns} FROM {(stub.Length > 0 ? $"{stub}, " : "")}(VALUES {values}) AS v({names})", rows[0].Count > 0 ? rows[0][0].Offset : -1);
    }

    /// <summary>The type that all of <paramref name="expressions"/> share as elements of one list.</summary>
    internal SqlType Common(IReadOnlyList<BoundExpression> expressions, long offset)
    {
        SqlType list = Ask([new BoundCall(FunctionTable.Scalar("list_value"), new EquatableList<BoundExpression>(expressions), []) { Offset = offset }], [], null)[0];
        return new SqlType(list.Name[..^"[]".Length]);
    }

    /// <summary>The type of the one column of a table function.</summary>
    internal SqlType TableFunction(SqlFunction function, EquatableList<BoundExpression> arguments, long offset)
    {
        DuckDbWriter writer = Writer(arguments, out string stub);
        IReadOnlyList<SqlType> types = Describe($"SELECT f.* FROM {(stub.Length > 0 ? $"{stub}, " : "")}{function.DuckDbName}({string.Join(", ", arguments.Select(writer.Expression))}) AS f", offset);
        return types.Count == 1 ? types[0] : throw text.At(offset, "sql.unsupported", $"{function.Name} of a struct");
    }

    // Integer sums are BIGINT, so that Parquet holds them; what does not fit fails when it is run.
    private static (SqlFunction Function, SqlType? Result) Settle(SqlFunction function, List<SqlType> arguments, SqlType type)
    {
        if (function.Name is "avg" or "mean" && arguments.Count == 1 && IsInteger(arguments[0])) return (FunctionTable.IntegerMean, null);
        if (type.Name is "HUGEINT" or "UHUGEINT" && !arguments.Exists(argument => argument.Name is "HUGEINT" or "UHUGEINT")) return (function, s_bigint);
        return (function, null);
    }

    private static bool IsInteger(SqlType type) => type.Name is "TINYINT" or "SMALLINT" or "INTEGER" or "BIGINT" or "UTINYINT" or "USMALLINT" or "UINTEGER" or "UBIGINT";

    private static bool IsExact(SqlFunction function, List<SqlType> arguments, bool isOrdered) => function.Exactness switch
    {
        Exactness.Exact => true,
        Exactness.InexactForFloats => !arguments.Exists(argument => argument.Name.Contains("FLOAT", StringComparison.Ordinal) || argument.Name.Contains("DOUBLE", StringComparison.Ordinal)),
        Exactness.ExactWhenOrdered => isOrdered,
        _ => false,
    };

    private IReadOnlyList<SqlType> Ask(IReadOnlyList<BoundExpression> expressions, IReadOnlyList<BoundExpression> keys, BoundExpression? where)
    {
        try
        {
            return Types(frontEnd.Describe(Question(expressions, keys, where)));
        }
        catch (SqlFrontEndException error)
        {
            throw Blame([.. expressions, .. where is null ? (BoundExpression[])[] : [where]], where, error);
        }
    }

    private static IReadOnlyList<SqlType> Types(IReadOnlyList<(string Name, string DuckDbType)> columns) => [.. columns.Select(column => new SqlType(column.DuckDbType))];

    private static string Question(IReadOnlyList<BoundExpression> expressions, IReadOnlyList<BoundExpression> keys, BoundExpression? where)
    {
        DuckDbWriter writer = Writer([.. expressions, .. keys, .. where is null ? (BoundExpression[])[] : [where]], out string stub);
        string items = expressions.Count == 0 ? "1" : string.Join(", ", expressions.Select(expression => writer.Expression(expression, keys.Contains(expression))));
        string from = stub.Length > 0 ? $" FROM {stub}" : "";
        string condition = where is null ? "" : $" WHERE {writer.Expression(where)}";
        string group = keys.Count == 0 ? "" : $" GROUP BY {string.Join(", ", keys.Select(key => writer.Expression(key, isKey: true)))}";
        return $"SELECT {items}{from}{condition}{group}";
    }

    // Expressions are asked about from the outside in, until the parts of the refused one are all accepted.
    private LeptonDataException Blame(IReadOnlyList<BoundExpression> expressions, BoundExpression? where, SqlFrontEndException error)
    {
        BoundExpression? refused = expressions.FirstOrDefault(expression => Refusal(expression, expression == where) is not null);
        if (refused is null) return RefusalWords.Error(text, expressions.Count > 0 ? expressions[0].Offset : -1, error);
        error = Refusal(refused, refused == where)!;
        long offset = refused.Offset;
        while (ExpressionWalk.Parts(refused).FirstOrDefault(part => part is not BoundLambda && Refusal(part, false) is not null) is { } part)
        {
            refused = part;
            error = Refusal(part, false)!;
            if (part.Offset >= 0) offset = part.Offset;
        }
        return RefusalWords.Error(text, offset, error);
    }

    private SqlFrontEndException? Refusal(BoundExpression expression, bool isCondition)
    {
        try
        {
            frontEnd.Describe(Question(isCondition ? [] : [expression], [], isCondition ? expression : null));
            return null;
        }
        catch (SqlFrontEndException error)
        {
            return error;
        }
    }

    private IReadOnlyList<SqlType> Describe(string select, long offset)
    {
        try
        {
            return Types(frontEnd.Describe(select));
        }
        catch (SqlFrontEndException error)
        {
            throw RefusalWords.Error(text, offset, error);
        }
    }

    private static string Nulls(IReadOnlyList<BoundColumn> columns) => string.Join(", ", columns.Select(column => $"CAST(NULL AS {column.Type.Name})"));

    // One relation offers all columns that the expressions take from outside.
    private static DuckDbWriter Writer(IEnumerable<BoundExpression> expressions, out string stub)
    {
        var writer = new DuckDbWriter(name => throw new InvalidOperationException($"A question about types reads {name}."), isProbe: true);
        List<BoundColumn> columns = [.. expressions.SelectMany(ExpressionWalk.Columns).Distinct()];
        var parts = new List<string>();
        foreach (BoundColumn column in columns)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{column.Name} {parts.Count}");
            parts.Add($"CAST(NULL AS {column.Type.Name}) AS {SqlLiteral.Name(name)}");
            writer.Define(column, $"s.{SqlLiteral.Name(name)}");
        }
        stub = parts.Count == 0 ? "" : $"(SELECT {string.Join(", ", parts)}) AS s";
        return writer;
    }
}
