using System.Collections.Frozen;

namespace Lepton.Data.Sql.Functions;

/// <summary>All functions that queries may use. A function that is missing here is refused by name, whatever the engine knows.</summary>
public static partial class FunctionTable
{
    private static readonly FrozenDictionary<(string, FunctionKind), SqlFunction> s_byName = Entries()
        .ToFrozenDictionary(function => (function.Name, function.Kind));

    /// <summary>The functions, ordered by kind and name.</summary>
    public static IReadOnlyList<SqlFunction> All { get; } =
        [.. s_byName.Values.OrderBy(function => function.Kind).ThenBy(function => function.Name, StringComparer.Ordinal)];

    /// <summary>The function called <paramref name="name"/> in any case, or null.</summary>
    public static SqlFunction? Find(string name, FunctionKind kind) => s_byName.GetValueOrDefault((name.ToLowerInvariant(), kind));

    /// <summary>The mean of integers, which is exact: the sum as a DOUBLE, divided by the count. The binder puts it where <c>avg</c> meets integers.</summary>
    internal static SqlFunction IntegerMean { get; } = new("avg", FunctionKind.Aggregate, true, Exactness.Exact, "CAST(sum(x) AS DOUBLE) / count(x)", "mean") { DuckDbName = "" };

    /// <summary>Which keys a row's grouping set leaves out. Its arguments are keys of the grouping; SQL's own syntax, so only the binder makes the call.</summary>
    internal static SqlFunction Grouping { get; } = new("grouping", FunctionKind.Aggregate, true, Exactness.Exact, "grouping_id(x, …)", "GROUPING(…)") { DuckDbName = "grouping" };

    internal static SqlFunction Scalar(string name) => Find(name, FunctionKind.Scalar) ?? throw new InvalidOperationException($"The function table lacks {name}.");

    internal static SqlFunction Aggregate(string name) => Find(name, FunctionKind.Aggregate) ?? throw new InvalidOperationException($"The function table lacks {name}.");

    private static IEnumerable<SqlFunction> Entries()
        => [.. InGroup("Operators", Operators()), .. InGroup("Numbers", Numbers()), .. InGroup("Text", Texts()), .. InGroup("Dates and times", Times()),
            .. InGroup("Lists, structs and maps", Nested()), .. InGroup("Other", Others()), .. InGroup("Cleaning and checks", Ours()), .. InGroup("Aggregates", Aggregates()), .. InGroup("Windows", Windows()), .. InGroup("In FROM", Tables())];

    private static IEnumerable<SqlFunction> InGroup(string group, IEnumerable<SqlFunction> functions) => functions.Select(function => function with { Group = group });

    private static SqlFunction Pure(string name, string spark, string summary) => new(name, FunctionKind.Scalar, true, Exactness.Exact, spark, summary);

    private static SqlFunction Impure(string name, string spark, string summary) => new(name, FunctionKind.Scalar, false, Exactness.Exact, spark, summary);

    private static SqlFunction Infix(string name, string spark, string summary, string? duckDb = null)
        => new(name, FunctionKind.Scalar, true, Exactness.Exact, spark, summary) { Form = FunctionForm.Infix, DuckDbName = duckDb ?? name };
}
