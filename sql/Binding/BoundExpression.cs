using Lepton.Data.Schemas;

namespace Lepton.Data.Sql.Binding;

/// <summary>An expression of the bound tree. Immutable; equal to another that is built alike over the same columns, wherever each stood in the text.</summary>
public abstract record BoundExpression
{
    private protected BoundExpression() { }

    private protected BoundExpression(IEnumerable<BoundExpression?> parts)
    {
        foreach (BoundExpression? part in parts) Count(part);
    }

    /// <summary>Where it began in the text, in bytes of UTF-8; -1 where it was not written by the person.</summary>
    internal long Offset { get; init; } = -1;

    /// <summary>Nodes in it, itself included; shared parts count each time.</summary>
    internal long Size { get; private set; } = 1;

    /// <summary>How deep it is nested.</summary>
    internal int Depth { get; private set; } = 1;

    private void Count(BoundExpression? part)
    {
        if (part is null) return;
        Size = Math.Min(Size + part.Size, int.MaxValue);
        Depth = Math.Max(Depth, part.Depth + 1);
    }

    /// <summary>Whether <paramref name="other"/> means the same; where it stood in the text does not count.</summary>
    public virtual bool Equals(BoundExpression? other) => other is not null && EqualityContract == other.EqualityContract && Size == other.Size;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(EqualityContract, Size);
}

/// <summary>The value of a column.</summary>
public sealed record BoundColumnReference(BoundColumn Column) : BoundExpression;

/// <summary>A value that is written out.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Value">Null, <see cref="bool"/>, <see cref="System.Numerics.BigInteger"/> (an integer, or a decimal times 10 to the power of its scale), <see cref="double"/>, <see cref="float"/> or <see cref="string"/>.</param>
public sealed record BoundConstant(SqlType Type, object? Value) : BoundExpression;

/// <summary>A scalar function or operator.</summary>
/// <param name="Function">Of the function table.</param>
/// <param name="Arguments">In order.</param>
/// <param name="Names">For functions that take named arguments (the fields of a struct): one name for each argument; else empty.</param>
public sealed record BoundCall(Functions.SqlFunction Function, EquatableList<BoundExpression> Arguments, EquatableList<string> Names) : BoundExpression(Arguments);

/// <summary>A cast.</summary>
/// <param name="Operand">What is cast.</param>
/// <param name="Type">To what.</param>
/// <param name="GivesNull">Whether a value that cannot be cast gives NULL instead of an error.</param>
public sealed record BoundCast(BoundExpression Operand, SqlType Type, bool GivesNull) : BoundExpression([Operand]);

/// <summary>CASE: the result beside the first condition that is true.</summary>
public sealed record BoundCase(EquatableList<BoundCaseBranch> Branches, BoundExpression Otherwise)
    : BoundExpression([.. Branches.SelectMany(branch => new[] { branch.Condition, branch.Result }), Otherwise]);

/// <summary>One WHEN … THEN ….</summary>
public sealed record BoundCaseBranch(BoundExpression Condition, BoundExpression Result);

/// <summary>A lambda: the last argument of a function over lists.</summary>
/// <param name="Parameters">Its own columns, typed only inside the function.</param>
/// <param name="Body">Over the parameters and what is around.</param>
public sealed record BoundLambda(EquatableList<BoundColumn> Parameters, BoundExpression Body) : BoundExpression([Body]);
