using Lepton.Data.Sql.ParseTree;

namespace Lepton.Data.Sql.Binding;

internal sealed partial class QueryBinder
{
    private void OpenItems(IReadOnlyList<ParsedExpression> parsed, SelectBlock block, ExpressionContext context)
    {
        if (parsed.Count > ParseTreeReader.ColumnCountMax) throw text.At(parsed[ParseTreeReader.ColumnCountMax].Offset, "sql.too_many_columns", ParseTreeReader.ColumnCountMax);
        foreach (ParsedExpression item in parsed)
        {
            if (item is ParsedStar { IsColumns: false, Pattern: null } star) block.Items.AddRange(StarItems(star, context.Scope));
            else if (Columns(item, context) is { } columns) block.Items.AddRange(columns);
            else block.Items.Add(new SelectItem(item.Alias.Length > 0 ? item.Alias : ColumnName(item), item, null, item.Alias.Length > 0, item.Offset));
            if (block.Items.Count > ParseTreeReader.ColumnCountMax) throw text.At(item.Offset, "sql.too_many_columns", ParseTreeReader.ColumnCountMax);
        }
    }

    // A column, or the field of a struct, is named after its last part.
    private static string? ColumnName(ParsedExpression item) => item is ParsedColumn column ? column.Names[^1] : null;

    /// <summary>What a star gives; what COLUMNS picks from it does not count.</summary>
    private List<SelectItem> StarItems(ParsedStar star, Scope scope)
    {
        IEnumerable<VisibleColumn> columns = scope.Visible;
        if (star.Table.Length > 0)
        {
            ScopeTable table = scope.FindTable(null, star.Table) ?? throw Unknown("sql.unknown_table", star.Table, star.Offset, scope.Tables.Select(known => known.Name));
            columns = table.Columns.Select(column => new VisibleColumn(column.Name, table, new BoundColumnReference(column.Column) { Offset = star.Offset }));
        }
        List<VisibleColumn> visible = [.. columns];
        if (visible.Count == 0) throw text.At(star.Offset, "sql.star_without_table");
        foreach (string name in (IEnumerable<string>)[.. star.Excluded, .. star.QualifiedExcluded.Select(excluded => excluded.Column), .. star.Replaced.Select(replaced => replaced.Column), .. star.Renamed.Select(renamed => renamed.Column)])
            if (!visible.Any(column => Same(column.Name, name))) throw UnknownColumn(name, star.Offset, visible.Select(column => column.Name));

        var items = new List<SelectItem>();
        foreach (VisibleColumn column in visible)
        {
            if (star.Excluded.Any(name => Same(name, column.Name)) || star.QualifiedExcluded.Any(excluded => Same(excluded.Column, column.Name) && Same(excluded.Table, column.Table.Name))) continue;
            (string Column, ParsedExpression Value) replaced = star.Replaced.FirstOrDefault(replacement => Same(replacement.Column, column.Name));
            (string Column, string NewName) renamed = star.Renamed.FirstOrDefault(renaming => Same(renaming.Column, column.Name));
            string name = renamed.NewName ?? column.Name;
            items.Add(replaced.Value is null
                ? new SelectItem(name, null, column.Expression with { Offset = star.Offset }, false, star.Offset)
                : new SelectItem(name, replaced.Value, null, false, replaced.Value.Offset));
        }
        return items;
    }

    private static bool Same(string left, string right) => left.Equals(right, StringComparison.OrdinalIgnoreCase);
}
