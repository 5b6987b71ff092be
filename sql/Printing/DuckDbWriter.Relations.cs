using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Sql.Printing;

internal sealed partial class DuckDbWriter
{
    private SelectText Filter(BoundFilter filter)
    {
        SelectText select = Relation(filter.Source);
        if (select.Stage is SelectStage.Group or SelectStage.Having && filter.Source is BoundAggregate && !HidesAggregate(filter.Condition))
        {
            select.Having.Add(Expression(filter.Condition));
            select.Stage = SelectStage.Having;
            return select;
        }
        if (select.Stage > SelectStage.Where) select = Wrap(select, filter.Source);
        select.Where.Add(Expression(filter.Condition));
        select.Stage = SelectStage.Where;
        return select;
    }

    private SelectText Project(BoundProject project)
    {
        SelectText select = Relation(project.Source);
        // A column from around must be read in here: beside a LEFT JOIN LATERAL it is NULL where nothing matches, outside it never is.
        HashSet<BoundColumn> own = [.. project.Source.Columns];
        bool isTrivial = project.Items.All(item => item.Expression is BoundColumnReference reference && own.Contains(reference.Column));
        // Columns that are only renamed or left out need no SELECT of their own.
        if (isTrivial && select.Stage < SelectStage.Items)
        {
            foreach (BoundItem item in project.Items)
            {
                BoundColumn source = ((BoundColumnReference)item.Expression).Column;
                _columns[item.Column] = _columns[source];
                if (_aggregates.Contains(source)) _aggregates.Add(item.Column);
            }
            return select;
        }
        // What is written twice would be computed twice.
        bool isOnceEach = isTrivial && project.Items.Select(item => ((BoundColumnReference)item.Expression).Column).Distinct().Count() == project.Items.Count;
        bool canTrim = select.Items is not null && select.Distinct is null && select.SetOperation is null && isOnceEach;
        if (isTrivial && canTrim)
        {
            List<(BoundColumn Column, string Text)> items = select.Items!;
            List<(BoundColumn, string)> kept = [.. project.Items.Select(item => (item.Column, items.First(known => known.Column == ((BoundColumnReference)item.Expression).Column).Text))];
            SetItems(select, kept, []);
            return select;
        }
        bool canAdd = !project.Items.Any(item => HidesAggregate(item.Expression)) && (select.Stage < SelectStage.Items || (select.Items is null && select.SetOperation is null && select.Stage > SelectStage.Distinct));
        if (!canAdd) select = Wrap(select, project.Source);
        SetItems(select, [.. project.Items.Select(item => (item.Column, Expression(item.Expression)))], project.Items.SelectMany(item => ExpressionWalk.Columns(item.Expression)));
        _impure.UnionWith(project.Items.Where(item => IsImpure(item.Expression)).Select(item => item.Column));
        if (select.Stage < SelectStage.Items) select.Stage = SelectStage.Items;
        return select;
    }

    // Whether an aggregate would be written inside a subquery: of one over constants the engine could not tell whose it is.
    private bool HidesAggregate(BoundExpression expression)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        return (expression is BoundSubquery subquery && ExpressionWalk.Columns(subquery.Query).Overlaps(_aggregates)) || ExpressionWalk.Parts(expression).Any(HidesAggregate);
    }

    private SelectText Aggregate(BoundAggregate aggregate)
    {
        SelectText select = UpTo(aggregate.Source, SelectStage.Where);
        foreach (BoundItem key in aggregate.Keys) _columns[key.Column] = Expression(key.Expression, isKey: true);
        foreach (BoundAggregateItem call in aggregate.Calls) _columns[call.Column] = Expression(call.Call);
        if (aggregate.GroupingSets is { } sets)
            select.GroupBy = $"GROUPING SETS ({string.Join(", ", sets.Select(set => $"({string.Join(", ", set.Select(i => _columns[aggregate.Keys[i].Column]))})"))})";
        else if (aggregate.Keys.Count > 0)
            select.GroupBy = string.Join(", ", aggregate.Keys.Select(key => _columns[key.Column]));
        _aggregates.UnionWith(aggregate.Calls.Select(call => call.Column));
        select.IsOneGroup = aggregate.Keys.Count == 0;
        select.Stage = SelectStage.Group;
        return select;
    }

    private SelectText Window(BoundWindow window)
    {
        SelectText select = UpTo(window.Source, SelectStage.Where);
        foreach (BoundWindowItem call in window.Calls) _columns[call.Column] = Expression(call.Call);
        select.Stage = SelectStage.Window;
        return select;
    }

    private SelectText Unpivot(BoundUnpivot unpivot)
    {
        SelectText select = UpTo(unpivot.Source, SelectStage.Where);
        IEnumerable<(BoundColumn, string)> rows = unpivot.NewColumns.Select((column, i) => (column, $"unnest([{string.Join(", ", unpivot.Rows.Select(row => Expression(row[i])))}])"));
        SetItems(select, [.. unpivot.Source.Columns.Select(column => (column, _columns[column])), .. rows], []);
        // Rows come of what stands in the list, so nothing may be left out of it.
        return Wrap(select, unpivot);
    }

    private SelectText Join(BoundJoin join)
    {
        SelectText left = UpTo(join.Left, SelectStage.From);
        if (left.From.Length == 0) left = Wrap(left, join.Left);
        SelectText right = UpTo(join.Right, SelectStage.From);
        if (right.From.Length == 0) right = Wrap(right, join.Right);
        string rightText = right.IsSingleRelation ? right.From : $"({right.From})";
        string asOf = join.IsAsOf ? "ASOF " : "";
        string kind = join.Kind switch
        {
            JoinKind.Inner => "JOIN",
            JoinKind.Left => "LEFT JOIN",
            JoinKind.Right => "RIGHT JOIN",
            JoinKind.Full => "FULL JOIN",
            JoinKind.Cross => "CROSS JOIN",
            JoinKind.Semi => "SEMI JOIN",
            JoinKind.Anti => "ANTI JOIN",
            _ => throw new InvalidOperationException($"A join is {join.Kind}."),
        };
        string on = join.Condition is null ? "" : $" ON {Expression(join.Condition)}";
        return new SelectText { From = $"{left.From} {asOf}{kind} {rightText}{on}" };
    }

    private SelectText SetOperation(BoundSetOperation operation)
    {
        string word = operation.Kind switch
        {
            SetOperationKind.Union => "UNION",
            SetOperationKind.Except => "EXCEPT",
            SetOperationKind.Intersect => "INTERSECT",
            _ => throw new InvalidOperationException($"A set operation is {operation.Kind}."),
        };
        string all = operation.IsAll ? " ALL" : "";
        List<string> names = Distinct(operation.Columns);
        string left = Side(operation.Left, names);
        // A long chain is one level deep, not many.
        if (!(operation.Left is BoundSetOperation before && before.Kind == operation.Kind && before.IsAll == operation.IsAll)) left = $"({left})";
        return new SelectText { From = "", Stage = SelectStage.SetOperation, SetOperation = $"{left} {word}{all} ({Side(operation.Right, names)})" };
    }

    private string Side(BoundRelation side, List<string> names)
    {
        SelectText select = Relation(side);
        EnsureItems(select, side);
        return select.Finish(names);
    }

    private SelectText Distinct(BoundDistinct distinct)
    {
        SelectText select = UpTo(distinct.Source, SelectStage.Items);
        EnsureItems(select, distinct.Source);
        select.Distinct = "DISTINCT";
        select.Stage = SelectStage.Distinct;
        return select;
    }

    private SelectText DistinctOn(BoundDistinctOn distinct)
    {
        SelectText select = Wrap(Relation(distinct.Source), distinct.Source);
        EnsureItems(select, distinct.Source);
        select.Distinct = $"DISTINCT ON ({string.Join(", ", distinct.Keys.Select(key => _columns[key]))})";
        select.OrderBy.AddRange(distinct.Order.Select(SortKey));
        select.Stage = SelectStage.Order;
        return select;
    }

    private SelectText Sort(BoundSort sort)
    {
        SelectText select = Relation(sort.Source);
        if (select.Stage >= SelectStage.Order || sort.Keys.Any(key => IsImpure(key.Expression))) select = Wrap(select, sort.Source);
        if (select.Stage is SelectStage.Distinct or SelectStage.SetOperation)
        {
            // Of these only the columns that come out can be named, and the surest name is their number.
            foreach (BoundSortKey key in sort.Keys)
            {
                int index = key.Expression is BoundColumnReference reference ? IndexOf(sort.Source.Columns, reference.Column) : -1;
                if (index < 0) throw new InvalidOperationException("A sort key is not a column that comes out.");
                select.OrderBy.Add(string.Create(CultureInfo.InvariantCulture, $"{index + 1}{Direction(key)}"));
            }
        }
        else
        {
            if (select.Items is not null) foreach ((BoundColumn column, string text) in select.Items) _columns[column] = text;
            select.OrderBy.AddRange(sort.Keys.Select(SortKey));
        }
        select.Stage = SelectStage.Order;
        return select;
    }

    // Written again, random() would be another number.
    private bool IsImpure(BoundExpression expression)
        => expression is BoundCall { Function.IsPure: false } || (expression is BoundColumnReference reference && _impure.Contains(reference.Column)) || ExpressionWalk.Parts(expression).Any(IsImpure);

    private static int IndexOf(EquatableList<BoundColumn> columns, BoundColumn column)
    {
        for (int i = 0; i < columns.Count; i++)
            if (columns[i] == column) return i;
        return -1;
    }

    private SelectText Limit(BoundLimit limit)
    {
        SelectText select = Relation(limit.Source);
        if (select.Stage == SelectStage.Limit) select = Wrap(select, limit.Source);
        string count = limit.Count is { } value ? string.Create(CultureInfo.InvariantCulture, $"LIMIT {value}") : "";
        string offset = limit.Offset > 0 ? string.Create(CultureInfo.InvariantCulture, $"OFFSET {limit.Offset}") : "";
        select.Limit = count.Length > 0 && offset.Length > 0 ? $"{count} {offset}" : count + offset;
        if (select.Limit.Length == 0) select.Limit = null;
        select.Stage = SelectStage.Limit;
        return select;
    }

    // What is sorted by is written as an expression, which a bare number would not be.
    private string SortKey(BoundSortKey key) => $"{Expression(key.Expression, isKey: true)}{Direction(key)}";

    private static string Direction(BoundSortKey key) => $"{(key.IsDescending ? " DESC" : " ASC")}{(key.NullsFirst ? " NULLS FIRST" : " NULLS LAST")}";
}
