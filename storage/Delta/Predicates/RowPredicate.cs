using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Delta.Predicates;

/// <summary>How a column's value stands to another in a <see cref="RowPredicate"/>.</summary>
public enum Comparison
{
    /// <summary><c>=</c></summary>
    Equal,

    /// <summary><c>&lt;&gt;</c></summary>
    NotEqual,

    /// <summary><c>&lt;</c></summary>
    Less,

    /// <summary><c>&lt;=</c></summary>
    LessOrEqual,

    /// <summary><c>&gt;</c></summary>
    Greater,

    /// <summary><c>&gt;=</c></summary>
    GreaterOrEqual,
}

/// <summary>
/// Which rows of a table are meant, as far as a table can tell without reading them: comparisons of columns with values, joined by AND, OR and NOT, with the meaning that SQL gives them
/// (a comparison with NULL is unknown, and an unknown row is not meant). Immutable; two are equal when they are written the same.
/// </summary>
/// <remarks>
/// Values are as <see cref="ColumnStatistics.Min"/> says. Text is ordered by its code points, as in UTF-8 and in every Delta reader; NaN is greater than every number.
/// </remarks>
public abstract record RowPredicate
{
    private protected RowPredicate() { }

    /// <summary>Every row.</summary>
    public static RowPredicate Everything { get; } = new AllRows();

    /// <summary>Rows whose <paramref name="column"/> stands so to <paramref name="value"/>.</summary>
    /// <exception cref="ArgumentException">NULL or NaN; see <see cref="IsNull"/>.</exception>
    public static RowPredicate Compare(string column, Comparison comparison, object value) => new ColumnComparison(column, comparison, PredicateValue.Checked(value));

    /// <summary>Rows whose <paramref name="column"/> is one of <paramref name="values"/>; none where there are none.</summary>
    /// <exception cref="ArgumentException">NULL or NaN among them, or values of several types.</exception>
    public static RowPredicate In(string column, IEnumerable<object> values) => new ColumnIn(column, PredicateValue.Sorted(values));

    /// <summary>Rows whose <paramref name="column"/> is from <paramref name="min"/> to <paramref name="max"/>, both included.</summary>
    public static RowPredicate Between(string column, object min, object max) => Compare(column, Comparison.GreaterOrEqual, min).And(Compare(column, Comparison.LessOrEqual, max));

    /// <summary>Rows whose <paramref name="column"/> is NULL.</summary>
    public static RowPredicate IsNull(string column) => new ColumnIsNull(column);

    /// <summary>Rows of both.</summary>
    public RowPredicate And(RowPredicate other) => new Both(this, other);

    /// <summary>Rows of either.</summary>
    public RowPredicate Or(RowPredicate other) => new Either(this, other);

    /// <summary>Rows of which this is false; not those of which it is unknown.</summary>
    public RowPredicate Not() => new Opposite(this);

    /// <summary>Checks that every column is one of <paramref name="schema"/> and of a type that its values have.</summary>
    /// <exception cref="ArgumentException">It is not.</exception>
    public void CheckColumns(Schema schema)
    {
        foreach ((string column, object? value) in Terms())
        {
            Field field = schema.Find(column) ?? throw new ArgumentException($"there is no column '{column}'", nameof(schema));
            if (value is not null && !PredicateValue.Fits(value, field.Type)) throw new ArgumentException($"'{column}' is {field.Type}, and is compared with a {value.GetType().Name}", nameof(schema));
        }
    }

    /// <summary>The predicate as SQL that DuckDB reads, over columns of <paramref name="schema"/>.</summary>
    /// <exception cref="ArgumentException">As <see cref="CheckColumns"/>.</exception>
    public string ToSql(Schema schema)
    {
        CheckColumns(schema);
        return Sql(schema);
    }

    /// <summary>What the predicate can be for rows of which this is known.</summary>
    internal abstract Truths Of(IRowFacts rows);

    private protected abstract string Sql(Schema schema);

    /// <summary>The columns, each with a value that it is compared with, or null.</summary>
    private protected abstract IEnumerable<(string Column, object? Value)> Terms();

    private sealed record AllRows : RowPredicate
    {
        private protected override string Sql(Schema schema) => "true";

        internal override Truths Of(IRowFacts rows) => Truths.True;

        private protected override IEnumerable<(string Column, object? Value)> Terms() => [];
    }

    private sealed record ColumnComparison(string Column, Comparison Comparison, object Value) : RowPredicate
    {
        private string Sign => Comparison switch
        {
            Comparison.Equal => "=",
            Comparison.NotEqual => "<>",
            Comparison.Less => "<",
            Comparison.LessOrEqual => "<=",
            Comparison.Greater => ">",
            _ => ">=",
        };

        private protected override string Sql(Schema schema) => $"{NameIn(schema, Column)} {Sign} {PredicateValue.Sql(Value, schema.Find(Column)!.Type)}";

        internal override Truths Of(IRowFacts rows)
        {
            ColumnFacts facts = rows.Of(Column);
            Truths truths = facts.MayBeNull ? Truths.Unknown : 0;
            if (!facts.MayHaveValue) return truths;
            if (facts.MayBeBelow(Value)) truths |= TruthWhere(Comparison is Comparison.Less or Comparison.LessOrEqual or Comparison.NotEqual);
            if (facts.MayBeAbove(Value)) truths |= TruthWhere(Comparison is Comparison.Greater or Comparison.GreaterOrEqual or Comparison.NotEqual);
            if (facts.MayBe(Value)) truths |= TruthWhere(Comparison is Comparison.Equal or Comparison.LessOrEqual or Comparison.GreaterOrEqual);
            return truths;
        }

        private protected override IEnumerable<(string Column, object? Value)> Terms() => [(Column, Value)];
    }

    private sealed record ColumnIn(string Column, EquatableList<object> Values) : RowPredicate
    {
        private protected override string Sql(Schema schema) => Values.Count == 0 ? "false" : $"{NameIn(schema, Column)} IN ({string.Join(", ", Values.Select(value => PredicateValue.Sql(value, schema.Find(Column)!.Type)))})";

        internal override Truths Of(IRowFacts rows)
        {
            if (Values.Count == 0) return Truths.False;
            ColumnFacts facts = rows.Of(Column);
            Truths truths = facts.MayBeNull ? Truths.Unknown : 0;
            if (!facts.MayHaveValue) return truths;
            // The first value that is not below all rows: if it is not above all of them, a row may have it.
            int first = 0, end = Values.Count;
            while (first < end)
            {
                int middle = (first + end) / 2;
                if (facts.Min is { } min && PredicateValue.Compare(Values[middle], min) < 0) first = middle + 1;
                else end = middle;
            }
            bool mayBeIn = first < Values.Count && facts.MayBe(Values[first]);
            bool isOneValue = facts is { Min: { } low, Max: { } high, MayBeNan: false } && PredicateValue.Compare(low, high) == 0;
            return truths | (mayBeIn ? Truths.True : 0) | (mayBeIn && isOneValue ? 0 : Truths.False);
        }

        private protected override IEnumerable<(string Column, object? Value)> Terms() => Values.Select(value => (Column, (object?)value));
    }

    private sealed record ColumnIsNull(string Column) : RowPredicate
    {
        private protected override string Sql(Schema schema) => $"{NameIn(schema, Column)} IS NULL";

        internal override Truths Of(IRowFacts rows)
        {
            ColumnFacts facts = rows.Of(Column);
            return (facts.MayBeNull ? Truths.True : 0) | (facts.MayHaveValue ? Truths.False : 0);
        }

        private protected override IEnumerable<(string Column, object? Value)> Terms() => [(Column, null)];
    }

    private sealed record Both(RowPredicate Left, RowPredicate Right) : RowPredicate
    {
        private protected override string Sql(Schema schema) => $"({Left.Sql(schema)} AND {Right.Sql(schema)})";

        internal override Truths Of(IRowFacts rows) => Combine(Left.Of(rows), Right.Of(rows), static (left, right) =>
            left == Truths.False || right == Truths.False ? Truths.False : left == Truths.True && right == Truths.True ? Truths.True : Truths.Unknown);

        private protected override IEnumerable<(string Column, object? Value)> Terms() => Left.Terms().Concat(Right.Terms());
    }

    private sealed record Either(RowPredicate Left, RowPredicate Right) : RowPredicate
    {
        private protected override string Sql(Schema schema) => $"({Left.Sql(schema)} OR {Right.Sql(schema)})";

        internal override Truths Of(IRowFacts rows) => Combine(Left.Of(rows), Right.Of(rows), static (left, right) =>
            left == Truths.True || right == Truths.True ? Truths.True : left == Truths.False && right == Truths.False ? Truths.False : Truths.Unknown);

        private protected override IEnumerable<(string Column, object? Value)> Terms() => Left.Terms().Concat(Right.Terms());
    }

    private sealed record Opposite(RowPredicate Inner) : RowPredicate
    {
        private protected override string Sql(Schema schema) => $"(NOT {Inner.Sql(schema)})";

        internal override Truths Of(IRowFacts rows)
        {
            Truths inner = Inner.Of(rows);
            return (inner & Truths.Unknown) | (inner.HasFlag(Truths.True) ? Truths.False : 0) | (inner.HasFlag(Truths.False) ? Truths.True : 0);
        }

        private protected override IEnumerable<(string Column, object? Value)> Terms() => Inner.Terms();
    }

    private static string NameIn(Schema schema, string column) => SqlLiteral.Name(schema.Find(column)!.Name);

    private static Truths TruthWhere(bool isTrue) => isTrue ? Truths.True : Truths.False;

    private static Truths Combine(Truths left, Truths right, Func<Truths, Truths, Truths> one)
    {
        Truths truths = 0;
        foreach (Truths a in s_each)
            foreach (Truths b in s_each)
                if (left.HasFlag(a) && right.HasFlag(b)) truths |= one(a, b);
        return truths;
    }

    private static readonly Truths[] s_each = [Truths.True, Truths.False, Truths.Unknown];
}

/// <summary>What a predicate may be over some rows: the truth values that none of them can rule out.</summary>
[Flags]
internal enum Truths
{
    True = 1,
    False = 2,
    Unknown = 4,
}
