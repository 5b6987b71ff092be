using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Sql.Printing;

/// <summary>
/// Writes a bound tree as DuckDB SQL. Every relation gets an alias of its own in the whole text (t1, t2, …) and every column is written with it, so that no name can mean
/// another than the one it was bound to. Used once.
/// </summary>
/// <param name="relation">The SQL that stands for an input.</param>
/// <param name="isProbe">Whether only types matter: subqueries are then written as NULLs of their type.</param>
internal sealed partial class DuckDbWriter(Func<string, string> relation, bool isProbe = false)
{
    private readonly Dictionary<BoundColumn, string> _columns = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<BoundCommonTable, (string Name, IReadOnlyList<string> Columns)> _commonTables = new(ReferenceEqualityComparer.Instance);
    // The whole text, and the steps of recursions that are being written: the outermost that a common table can stand in is the best.
    private readonly List<WithText> _with = [new(null)];
    private readonly HashSet<BoundColumn> _impure = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<BoundColumn> _aggregates = new(ReferenceEqualityComparer.Instance);
    private int _aliasCount;

    /// <summary>The whole query, its columns under their own names.</summary>
    internal string Query(BoundRelation root)
    {
        SelectText select = Relation(root);
        EnsureItems(select, root);
        string text = select.Finish([.. root.Columns.Select(column => column.Name)]);
        return _with[0].Before(text);
    }

    /// <summary>Says what text a column has; for columns that come from outside of what is written.</summary>
    internal void Define(BoundColumn column, string text) => _columns[column] = text;

    private string NewAlias(string letter = "t") => string.Create(CultureInfo.InvariantCulture, $"{letter}{++_aliasCount}");

    private SelectText Relation(BoundRelation node)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        return node switch
        {
            BoundInput input => Leaf(relation(input.Name), input.Columns),
            BoundSingleRow => new SelectText { From = "" },
            BoundValues values => Leaf($"(VALUES {string.Join(", ", values.Rows.Select(row => $"({string.Join(", ", row.Select(Expression))})"))})", values.Columns, named: true),
            BoundTableFunction function => Leaf($"{function.Function.DuckDbName}({string.Join(", ", function.Arguments.Select(Expression))}){(function.HasOrdinality ? " WITH ORDINALITY" : "")}", function.Columns, named: true),
            BoundCommonTableScan scan => Scan(scan),
            BoundRecursion recursion => Recursion(recursion),
            BoundFilter filter => Filter(filter),
            BoundProject project => Project(project),
            BoundAggregate aggregate => Aggregate(aggregate),
            BoundWindow window => Window(window),
            BoundUnpivot unpivot => Unpivot(unpivot),
            BoundJoin join => Join(join),
            BoundSetOperation operation => SetOperation(operation),
            BoundDistinct distinct => Distinct(distinct),
            BoundDistinctOn distinct => DistinctOn(distinct),
            BoundSort sort => Sort(sort),
            BoundLimit limit => Limit(limit),
            // Common tables are written when the first of their readers is, at the beginning of the whole text: they take no column from outside.
            BoundWith with => Relation(with.Source),
            _ => throw new InvalidOperationException($"A relation is a {node.GetType()}."),
        };
    }

    private SelectText Leaf(string text, EquatableList<BoundColumn> columns, bool named = false)
    {
        string alias = NewAlias();
        List<string> names = Distinct(columns);
        for (int i = 0; i < columns.Count; i++) _columns[columns[i]] = $"{alias}.{SqlLiteral.Name(named ? names[i] : columns[i].Name)}";
        string list = named ? $"({string.Join(", ", names.Select(SqlLiteral.Name))})" : "";
        return new SelectText { From = $"{text} AS {alias}{list}", IsSingleRelation = true };
    }

    private SelectText Scan(BoundCommonTableScan scan)
    {
        if (!_commonTables.TryGetValue(scan.Table, out (string Name, IReadOnlyList<string> Columns) table))
        {
            SelectText select = Relation(scan.Table.Relation);
            EnsureItems(select, scan.Table.Relation);
            List<string> names = Distinct(scan.Table.Relation.Columns);
            string text = select.Finish(names);
            table = (NewAlias("c"), names);
            string list = select.SetOperation is not null ? $"({string.Join(", ", names.Select(SqlLiteral.Name))})" : "";
            WithFor(scan.Table.Relation).Texts.Add($"{table.Name}{list} AS ({text})");
            _commonTables[scan.Table] = table;
        }
        string alias = NewAlias();
        for (int i = 0; i < table.Columns.Count; i++) _columns[scan.Columns[i]] = $"{alias}.{SqlLiteral.Name(table.Columns[i])}";
        return new SelectText { From = $"{table.Name} AS {alias}", IsSingleRelation = true };
    }

    // It is always a common table of its own, since only such a one can read itself.
    private SelectText Recursion(BoundRecursion recursion)
    {
        List<string> names = Distinct(recursion.Columns);
        string name = NewAlias("c");
        _commonTables[recursion.Working] = (name, names);
        string anchor = Side(recursion.Anchor, names);
        var inside = new WithText(recursion.Working.Relation);
        _with.Add(inside);
        string step = Side(recursion.Step, names);
        _with.Remove(inside);
        WithText with = WithFor(recursion);
        with.IsRecursive = true;
        with.Texts.Add($"{name}({string.Join(", ", names.Select(SqlLiteral.Name))}) AS (({anchor}) UNION{(recursion.IsAll ? " ALL" : "")} ({inside.Before(step)}))");
        string alias = NewAlias();
        for (int i = 0; i < names.Count; i++) _columns[recursion.Columns[i]] = $"{alias}.{SqlLiteral.Name(names[i])}";
        return new SelectText { From = $"{name} AS {alias}", IsSingleRelation = true };
    }

    // What reads the rows of a round must stand inside that recursion's step.
    private WithText WithFor(BoundRelation relation)
    {
        if (_with.Count == 1) return _with[0];
        HashSet<BoundRelation> read = new(ExpressionWalk.AllRelations(relation), ReferenceEqualityComparer.Instance);
        return _with.Last(with => with.Round is null || read.Contains(with.Round));
    }

    /// <summary>The common tables of one WITH while they are written.</summary>
    private sealed class WithText(BoundRelation? round)
    {
        /// <summary>The rows that only what stands in here can read; null for the whole text.</summary>
        internal BoundRelation? Round { get; } = round;

        internal List<string> Texts { get; } = [];

        internal bool IsRecursive { get; set; }

        internal string Before(string select) => Texts.Count == 0 ? select : $"WITH {(IsRecursive ? "RECURSIVE " : "")}{string.Join(", ", Texts)} {select}";
    }

    /// <summary>Names that differ even without case.</summary>
    private static List<string> Distinct(EquatableList<BoundColumn> columns)
    {
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var names = new List<string>();
        foreach (BoundColumn column in columns)
        {
            string name = column.Name;
            for (int i = 2; !taken.Add(name); i++) name = string.Create(CultureInfo.InvariantCulture, $"{column.Name}__{i}");
            names.Add(name);
        }
        return names;
    }

    private void EnsureItems(SelectText select, BoundRelation node)
    {
        if (select.SetOperation is not null) return;
        if (select.Items is null) SetItems(select, [.. node.Columns.Select(column => (column, _columns[column]))], node.Columns);
    }

    private void SetItems(SelectText select, List<(BoundColumn Column, string Text)> items, IEnumerable<BoundColumn> read)
    {
        select.Items = items;
        if (select.IsOneGroup && !read.Any(_aggregates.Contains)) select.GroupBy = "()";
    }

    /// <summary>The SELECT as a relation in the FROM of another.</summary>
    private SelectText Wrap(SelectText select, BoundRelation node)
    {
        EnsureItems(select, node);
        List<string> names = Distinct(node.Columns);
        string text = select.Finish(names);
        string alias = NewAlias();
        for (int i = 0; i < names.Count; i++) _columns[node.Columns[i]] = $"{alias}.{SqlLiteral.Name(names[i])}";
        // A set operation's columns are named by its first SELECT; the list after the alias names them whatever that one says.
        string list = select.SetOperation is not null ? $"({string.Join(", ", names.Select(SqlLiteral.Name))})" : "";
        return new SelectText { From = $"({text}) AS {alias}{list}", IsSingleRelation = true };
    }

    private SelectText UpTo(BoundRelation node, SelectStage stage)
    {
        SelectText select = Relation(node);
        return select.Stage <= stage ? select : Wrap(select, node);
    }
}
