using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Sql.Growth;

/// <summary>Key values of a relation's rows, as expressions over its columns.</summary>
/// <param name="Names">What the result calls them.</param>
/// <param name="Values">One for each key.</param>
/// <param name="Time">Where the key is a window of time: the time, else null.</param>
/// <param name="Lookback">How far before a window rows may lie that its rows are made of.</param>
internal sealed record Keys(EquatableList<string> Names, EquatableList<BoundExpression> Values, BoundExpression? Time, TimeSpan Lookback)
{
    /// <summary>The same keys over the columns that these are made of.</summary>
    internal Keys Over(IReadOnlyDictionary<BoundColumn, BoundExpression> madeOf) => With(expression => expression is BoundColumnReference reference && madeOf.TryGetValue(reference.Column, out BoundExpression? from) ? from : null);

    /// <summary>The same keys with some parts replaced.</summary>
    internal Keys With(Func<BoundExpression, BoundExpression?> replace)
    {
        var rewriter = new Replacement(replace);
        return this with { Values = new EquatableList<BoundExpression>(Values.Select(rewriter.Rewrite)), Time = Time is null ? null : rewriter.Rewrite(Time) };
    }

    internal bool Read(IEnumerable<BoundColumn> columns) => Values.Any(key => ExpressionWalk.Columns(key).Overlaps(columns));

    /// <summary>The name of a key that reads another column than <paramref name="columns"/>; null where none does.</summary>
    internal string? FirstOutside(IEnumerable<BoundColumn> columns)
    {
        HashSet<BoundColumn> inside = [.. columns];
        return Names.Zip(Values).FirstOrDefault(key => !ExpressionWalk.Columns(key.Second).IsSubsetOf(inside)).First;
    }

    /// <summary>Whether rows that are equal in all of <paramref name="expressions"/> have one key.</summary>
    internal bool AreDeterminedBy(IReadOnlyCollection<BoundExpression> expressions) => Values.All(key => IsDetermined(key, expressions));

    /// <summary>Whether a key asks another table; of which input its rows are cannot be told then.</summary>
    internal bool HaveSubqueries => Values.Any(HasSubquery);

    private static bool HasSubquery(BoundExpression expression) => expression is BoundSubquery || ExpressionWalk.Parts(expression).Any(HasSubquery);

    // Equal values are one key. What is made of them is one value only where equal values are the same in all respects.
    private static bool IsDetermined(BoundExpression key, IReadOnlyCollection<BoundExpression> by) => by.Contains(key) || IsMadeOf(key, by);

    private static bool IsMadeOf(BoundExpression expression, IReadOnlyCollection<BoundExpression> by)
        => (by.Contains(expression) && Equality.IsIdentity(expression))
            || (expression is not (BoundColumnReference or BoundSubquery or BoundLambda) && ExpressionWalk.Parts(expression).All(part => IsMadeOf(part, by)));

    private sealed class Replacement(Func<BoundExpression, BoundExpression?> replace) : BoundRewriter
    {
        protected override BoundExpression? Replace(BoundExpression expression) => replace(expression);
    }
}

/// <summary>Types of which equal values may yet be told apart: 0.0 and -0.0, a month and 30 days, one time of day in two zones.</summary>
internal static class Equality
{
    private static readonly string[] s_loose = ["FLOAT", "DOUBLE", "REAL", "INTERVAL", "TIME WITH TIME ZONE"];

    // Of a value alone, or of a text: what they give is of the value's type.
    private static readonly HashSet<string> s_keepType = new(StringComparer.Ordinal) { "time_bucket", "date_trunc", "datetrunc", "upper", "lower", "trim" };

    internal static bool IsIdentity(SqlType type) => !s_loose.Any(name => type.Name.Contains(name, StringComparison.Ordinal));

    /// <summary>Whether equal values of the expression surely are one value.</summary>
    internal static bool IsIdentity(BoundExpression expression) => expression switch
    {
        BoundColumnReference reference => IsIdentity(reference.Column.Type),
        BoundCast cast => IsIdentity(cast.Type),
        BoundCall call => s_keepType.Contains(call.Function.Name) && call.Arguments.Count > 0 && IsIdentity(call.Arguments[^1]),
        _ => false,
    };
}

/// <summary>What a join's condition says is equal on both sides.</summary>
internal sealed class Equalities
{
    private readonly List<(BoundColumn First, BoundColumn Second)> _pairs = [];

    internal static Equalities Of(BoundExpression? condition, EquatableList<BoundColumn> first, EquatableList<BoundColumn> second)
    {
        var found = new Equalities();
        foreach (BoundComparison term in Terms(condition))
        {
            // Values of two types may be equal and yet be two keys ('01' and 1), and so may some of one type.
            if (term.Left is not BoundColumnReference { Column: var left } || term.Right is not BoundColumnReference { Column: var right} || left.Type != right.Type || !Equality.IsIdentity(left.Type)) continue;
            if (first.Contains(left) && second.Contains(right)) found._pairs.Add((left, right));
            else if (first.Contains(right) && second.Contains(left)) found._pairs.Add((right, left));
        }
        return found;
    }

    /// <summary>Two columns that the condition compares, of two types; null for none.</summary>
    internal static (BoundColumn One, BoundColumn Other)? OfTwoTypes(BoundExpression? condition)
    {
        foreach (BoundComparison term in Terms(condition))
            if (Column(term.Left) is { } left && Column(term.Right) is { } right && left.Type != right.Type) return (left, right);
        return null;

        // As the person wrote it, or cast to what both can be.
        static BoundColumn? Column(BoundExpression side) => side switch
        {
            BoundColumnReference reference => reference.Column,
            BoundCast { Operand: BoundColumnReference reference } => reference.Column,
            _ => null,
        };
    }

    private static IEnumerable<BoundComparison> Terms(BoundExpression? condition)
    {
        IEnumerable<BoundExpression> terms = condition is BoundConnective { IsAnd: true } all ? all.Terms : condition is null ? [] : [condition];
        return terms.OfType<BoundComparison>().Where(term => term.Kind is ComparisonKind.Equal or ComparisonKind.IsNotDistinctFrom);
    }

    internal BoundExpression? ToFirst(BoundExpression expression) => expression is BoundColumnReference reference && _pairs.Find(pair => pair.Second == reference.Column) is { First: { } first } ? new BoundColumnReference(first) : null;

    internal BoundExpression? ToSecond(BoundExpression expression) => expression is BoundColumnReference reference && _pairs.Find(pair => pair.First == reference.Column) is { Second: { } second } ? new BoundColumnReference(second) : null;
}

/// <summary>Lengths of intervals that are written out.</summary>
internal static class Intervals
{
    private static readonly Dictionary<string, long> s_microseconds = new(StringComparer.Ordinal)
    {
        ["to_weeks"] = 7 * 86_400_000_000L,
        ["to_days"] = 86_400_000_000,
        ["to_hours"] = 3_600_000_000,
        ["to_minutes"] = 60_000_000,
        ["to_seconds"] = 1_000_000,
        ["to_milliseconds"] = 1_000,
        ["to_microseconds"] = 1,
    };

    /// <summary>The length of <c>INTERVAL 2 HOUR</c> and the like; null where it is not a number of microseconds known here.</summary>
    internal static TimeSpan? TryLength(BoundExpression expression)
    {
        if (expression is not BoundCall { Arguments: [var argument] } call || !s_microseconds.TryGetValue(call.Function.Name, out long unit)) return null;
        // As the parser writes it: a whole number by way of trunc(CAST(… AS DOUBLE)).
        while (argument is BoundCast or BoundCall { Function.Name: "trunc", Arguments.Count: 1 }) argument = argument is BoundCast cast ? cast.Operand : ((BoundCall)argument).Arguments[0];
        if (argument is not BoundConstant { Value: System.Numerics.BigInteger count } constant || constant.Type.Name.StartsWith("DECIMAL", StringComparison.Ordinal)) return null;
        System.Numerics.BigInteger ticks = count * unit * TimeSpan.TicksPerMicrosecond;
        return ticks >= 0 && ticks <= TimeSpan.MaxValue.Ticks ? new TimeSpan((long)ticks) : null;
    }
}
