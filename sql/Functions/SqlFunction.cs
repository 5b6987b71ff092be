namespace Lepton.Data.Sql.Functions;

/// <summary>Where a function may stand.</summary>
public enum FunctionKind
{
    /// <summary>From values of one row to one value; operators too.</summary>
    Scalar,

    /// <summary>From the rows of a group, or of a window's frame, to one value.</summary>
    Aggregate,

    /// <summary>Only over a window.</summary>
    Window,

    /// <summary>In FROM.</summary>
    Table,
}

/// <summary>Whether a result depends on the order in which rows happen to arrive.</summary>
public enum Exactness
{
    /// <summary>Never.</summary>
    Exact,

    /// <summary>In the last digits where an argument is a FLOAT or a DOUBLE, since float addition is not associative.</summary>
    InexactForFloats,

    /// <summary>Unless it says its own order (<c>ORDER BY</c> inside, or of the window).</summary>
    ExactWhenOrdered,

    /// <summary>Always.</summary>
    Inexact,
}

/// <summary>One function that queries may use. What the table of them lacks is refused by name.</summary>
/// <param name="Name">As people write it, in lower case; an operator's is its sign or word.</param>
/// <param name="Kind">Where it may stand.</param>
/// <param name="IsPure">Whether equal arguments always give equal results.</param>
/// <param name="Exactness">Whether the result depends on the order of rows.</param>
/// <param name="Portability">How Spark says the same: its expression; or <c>no: </c> and why nothing there means the same.</param>
/// <param name="Summary">What it does, in a few words of English.</param>
public sealed record SqlFunction(string Name, FunctionKind Kind, bool IsPure, Exactness Exactness, string Portability, string Summary)
{
    private const string NotPortable = "no: ";

    /// <summary>How Spark says the same: its expression, with <c>x</c>, <c>y</c>, … for the arguments and <c>t</c> for what the rows are ordered by; null where nothing there means the same.</summary>
    public string? Spark => Portability.StartsWith(NotPortable, StringComparison.Ordinal) ? null : Portability;

    /// <summary>Why Spark cannot say the same, in a few words of English; null where it can.</summary>
    public string? WhyNotOnSpark => Spark is null ? Portability[NotPortable.Length..] : null;

    /// <summary>How DuckDB says it, where that is another name.</summary>
    internal string DuckDbName { get; init; } = Name;

    /// <summary>How many arguments it takes, where the engine has another form that is not accepted (age of one time asks the clock); null where all forms are alike.</summary>
    internal int? ArgumentCount { get; init; }

    /// <summary>How it is written.</summary>
    internal FunctionForm Form { get; init; }

    /// <summary>The group that it stands under in the documentation.</summary>
    internal string Group { get; init; } = "";
}

/// <summary>How a function is written in SQL.</summary>
internal enum FunctionForm
{
    Call,
    Infix,
    Prefix,
}
