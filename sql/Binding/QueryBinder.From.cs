using Lepton.Data.Schemas;
using Lepton.Data.Sql.Functions;
using Lepton.Data.Sql.ParseTree;

namespace Lepton.Data.Sql.Binding;

internal sealed partial class QueryBinder
{
    private (BoundRelation Relation, Scope Scope) From(ParsedTable table, Scope? outer, CommonTableScope? commonTables)
    {
        text.EnsureStack(table.Offset);
        switch (table)
        {
            case ParsedNoTable: return (new BoundSingleRow(), Scope.Empty(outer));
            case ParsedBaseTable named: return BaseTable(named, outer, commonTables);
            case ParsedDerivedTable derived:
                BoundRelation relation = Query(derived.Query, outer, commonTables);
                return (relation, Named(relation, derived.Alias, null, derived.ColumnNames, outer, derived.Offset));
            case ParsedValues values: return Values(values, outer, commonTables);
            case ParsedTableFunction function: return TableFunction(function, outer, commonTables);
            case ParsedPivot pivot: return Pivot(pivot, outer, commonTables);
            case ParsedJoin join: return Join(join, outer, commonTables);
            default: throw new InvalidOperationException($"FROM holds a {table.GetType()}.");
        }
    }

    private Scope Named(BoundRelation relation, string name, string? schema, IReadOnlyList<string> columnNames, Scope? outer, long offset)
    {
        if (columnNames.Count > relation.Columns.Count) throw text.At(offset, "sql.too_many_column_names", name, columnNames.Count, relation.Columns.Count);
        return Scope.Of(outer, new ScopeTable(name, schema, [.. relation.Columns.Select((column, i) => (i < columnNames.Count ? columnNames[i] : column.Name, column))]));
    }

    private (BoundRelation, Scope) BaseTable(ParsedBaseTable table, Scope? outer, CommonTableScope? commonTables)
    {
        if (table.Catalog.Length > 0) throw text.At(table.Offset, "sql.catalog", $"{table.Catalog}.{table.Schema}.{table.Name}");
        string alias = table.Alias.Length > 0 ? table.Alias : table.Name;
        if (table.Schema.Length == 0 && CommonTableScope.Find(commonTables, table.Name) is { } common)
        {
            var scan = new BoundCommonTableScan(common, new EquatableList<BoundColumn>(common.Relation.Columns.Select(column => new BoundColumn(column.Name, column.Type))));
            return (scan, Named(scan, alias, null, table.ColumnNames, outer, table.Offset));
        }
        string name = ReferenceCollector.InputName(table);
        foreach ((string inputName, Schema schema) in inputs)
        {
            if (!inputName.Equals(name, StringComparison.OrdinalIgnoreCase)) continue;
            _used[inputName] = schema;
            var input = new BoundInput(inputName, new EquatableList<BoundColumn>(schema.Fields.Select(field => new BoundColumn(field.Name, SqlType.Of(field.Type)))));
            return (input, Named(input, alias, table.Alias.Length > 0 ? null : table.Schema.Length > 0 ? table.Schema : "main", table.ColumnNames, outer, table.Offset));
        }
        if (name.AsSpan().IndexOfAny('/', '\\', '*') >= 0 || Path.GetExtension(name) is ".parquet" or ".csv" or ".json" or ".db" or ".xlsx" or ".gz" or ".txt")
            throw text.At(table.Offset, "sql.file_in_from", name);
        throw Unknown("sql.unknown_table", name, table.Offset, [.. inputs.Keys, .. CommonTableScope.Names(commonTables)]);
    }

    private (BoundRelation, Scope) Values(ParsedValues values, Scope? outer, CommonTableScope? commonTables)
    {
        var context = new ExpressionContext(Scope.Empty(outer), Clause.Values, null, commonTables, 0, []);
        int width = values.Rows[0].Count;
        var rows = new List<EquatableList<BoundExpression>>();
        foreach (IReadOnlyList<ParsedExpression> row in values.Rows)
        {
            if (row.Count != width) throw text.At(row.Count > 0 ? row[0].Offset : -1, "sql.values_columns", width, row.Count);
            rows.Add(new EquatableList<BoundExpression>(row.Select(expression => Expression(expression, context))));
        }
        IReadOnlyList<SqlType> types = _prober.Values(rows);
        var columns = new EquatableList<BoundColumn>(types.Select((type, i)
            => new BoundColumn(i < values.ColumnNames.Count ? values.ColumnNames[i] : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"col{i}"), type)));
        var relation = new BoundValues(new EquatableList<EquatableList<BoundExpression>>(rows), columns);
        return (relation, Named(relation, values.Alias, null, [], outer, values.Offset));
    }

    private (BoundRelation, Scope) TableFunction(ParsedTableFunction table, Scope? outer, CommonTableScope? commonTables)
    {
        if (table.Function is not ParsedFunction call) throw text.At(table.Offset, "sql.unknown_node", "TABLE_FUNCTION");
        long offset = call.Offset >= 0 ? call.Offset : table.Offset;
        SqlFunction? function = IsOwnSchema(call.Catalog, call.Schema) ? FunctionTable.Find(call.Name, FunctionKind.Table) : null;
        if (function is null)
            throw text.At(offset, "sql.refused_table_function", call.Name, string.Join(", ", FunctionTable.All.Where(known => known.Kind == FunctionKind.Table).Select(known => known.Name)));
        if (call.IsDistinct || call.Filter is not null || call.Order.Count > 0) throw text.At(offset, "sql.not_an_aggregate", call.Name);
        foreach (ParsedExpression argument in call.Arguments)
            if (argument.Alias.Length > 0) throw text.At(argument.Offset, "sql.named_argument", argument.Alias, call.Name);

        var context = new ExpressionContext(Scope.Empty(outer), Clause.TableFunction, null, commonTables, 0, []);
        var arguments = new EquatableList<BoundExpression>(call.Arguments.Select(argument => Expression(argument, context)));
        SqlType type = _prober.TableFunction(function, arguments, offset);
        string name = table.Alias.Length > 0 ? table.Alias : function.Name;
        EquatableList<BoundColumn> columns = [new BoundColumn(function.Name, type)];
        if (table.HasOrdinality) columns = [.. columns, new BoundColumn("ordinality", new SqlType("BIGINT"))];
        var relation = new BoundTableFunction(function, arguments, columns, table.HasOrdinality);
        return (relation, Named(relation, name, null, table.ColumnNames, outer, offset));
    }

    private static bool IsOwnSchema(string catalog, string schema)
        => (catalog.Length == 0 || catalog.Equals("system", StringComparison.OrdinalIgnoreCase)) && (schema.Length == 0 || schema.Equals("main", StringComparison.OrdinalIgnoreCase));
}
