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
    private readonly List<string> _commonTableTexts = [];
    private readonly HashSet<BoundColumn> _impure = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<BoundColumn> _aggregates = new(ReferenceEqualityComparer.Instance);
    private int _aliasCount;

    /// <summary>The whole query, its columns under their own names.</summary>
    internal string Query(BoundRelation root)
    {
        SelectText select = Relation(root);
        EnsureItems(select, root);
        string text = select.Finish([.. root.Columns.Select(column => column.Name)]);
        return _commonTableTexts.Count == 0 ? text : $"WITH {string.Join(", ", _commonTableTexts)} {text}";
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
            BoundTableFunction function => Leaf($"{function.Function.DuckDbName}({string.Join(", ", function.Arguments.Select(Expression))})", function.Columns, named: true),
            BoundCommonTableScan scan => Scan(scan),
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
            _commonTableTexts.Add($"{table.Name}{list} AS ({text})");
            _commonTables[scan.Table] = table;
        }
        string alias = NewAlias();
        for (int i = 0; i < table.Columns.Count; i++) _columns[scan.Columns[i]] = $"{alias}.{SqlLiteral.Name(table.Columns[i])}";
        return new SelectText { From = $"{table.Name} AS {alias}", IsSingleRelation = true };
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
