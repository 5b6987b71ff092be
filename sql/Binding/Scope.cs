namespace Lepton.Data.Sql.Binding;

/// <summary>A relation in FROM, as names see it.</summary>
/// <param name="Name">Its alias, or the table's name.</param>
/// <param name="Schema">The schema that may stand before the name; null for an alias.</param>
/// <param name="Columns">Its columns by the names under which they are seen here.</param>
internal sealed record ScopeTable(string Name, string? Schema, IReadOnlyList<(string Name, BoundColumn Column)> Columns)
{
    private readonly ByName<(string Name, BoundColumn Column)> _byName = new(Columns, column => column.Name);

    internal IEnumerable<BoundColumn> Find(string name) => _byName.Find(name).Select(column => column.Column);
}

/// <summary>A column that can be named without its table: what a star gives.</summary>
/// <param name="Name">The name.</param>
/// <param name="Table">Where it stands; for a star with a table's name.</param>
/// <param name="Expression">A column; for a USING column of a full join, the one of the two that is not NULL.</param>
internal sealed record VisibleColumn(string Name, ScopeTable Table, BoundExpression Expression);

/// <summary>What names mean in one part of a query. Immutable.</summary>
/// <param name="Outer">The query around, for correlated subqueries.</param>
/// <param name="Tables">What FROM names.</param>
/// <param name="Visible">What a bare column name may mean, in the order of a star.</param>
internal sealed record Scope(Scope? Outer, IReadOnlyList<ScopeTable> Tables, IReadOnlyList<VisibleColumn> Visible)
{
    private ByName<VisibleColumn>? _byName;

    internal static Scope Empty(Scope? outer) => new(outer, [], []);

    internal static Scope Of(Scope? outer, ScopeTable table)
        => new(outer, [table], [.. table.Columns.Select(column => new VisibleColumn(column.Name, table, new BoundColumnReference(column.Column)))]);

    internal Scope With(Scope right) => this with { Tables = [.. Tables, .. right.Tables], Visible = [.. Visible, .. right.Visible] };

    internal IEnumerable<VisibleColumn> Find(string name)
    {
        // A copy with other columns brings this along.
        if (_byName?.Items != Visible) _byName = new ByName<VisibleColumn>(Visible, column => column.Name);
        return _byName!.Find(name);
    }

    internal ScopeTable? FindTable(string? schema, string name) => Tables.FirstOrDefault(
        table => table.Name.Equals(name, StringComparison.OrdinalIgnoreCase) && (schema is null || schema.Equals(table.Schema ?? "main", StringComparison.OrdinalIgnoreCase)));
}

/// <summary>Finds items by a name, without case; many of them by an index that is made at the first question.</summary>
internal sealed class ByName<T>(IReadOnlyList<T> items, Func<T, string> nameOf)
{
    private const int IndexedCountMin = 16;
    private ILookup<string, T>? _index;

    internal IReadOnlyList<T> Items => items;

    internal IEnumerable<T> Find(string name)
    {
        if (items.Count < IndexedCountMin) return items.Where(item => nameOf(item).Equals(name, StringComparison.OrdinalIgnoreCase));
        _index ??= items.ToLookup(nameOf, StringComparer.OrdinalIgnoreCase);
        return _index[name];
    }
}

/// <summary>The common tables that can be read, nearest first. Immutable.</summary>
internal sealed record CommonTableScope(CommonTableScope? Outer, BoundCommonTable Table)
{
    internal static BoundCommonTable? Find(CommonTableScope? scope, string name)
    {
        for (; scope is not null; scope = scope.Outer)
            if (scope.Table.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) return scope.Table;
        return null;
    }

    internal static IEnumerable<string> Names(CommonTableScope? scope)
    {
        for (; scope is not null; scope = scope.Outer) yield return scope.Table.Name;
    }
}
