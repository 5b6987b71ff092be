using Lepton.Data.Schemas;

namespace Lepton.Data.Sql;

/// <summary>
/// A type inside a query. It may be one that no table of ours holds (<c>HUGEINT</c>, <c>INTERVAL</c>, <c>TIME</c>); only a query's final
/// columns must be of a <see cref="DataType"/>. Immutable, compared by name.
/// </summary>
/// <param name="Name">The SQL name as the front end spells it, for example <c>DECIMAL(18,2)</c> or <c>TIMESTAMP WITH TIME ZONE</c>.</param>
public sealed record SqlType(string Name)
{
    /// <summary>The type of ours with that name, or null where we have none.</summary>
    public DataType? DataType => Schemas.DataType.TryParse(Name, out DataType? type) ? type : null;

    /// <summary>The name of a type of ours.</summary>
    public static SqlType Of(DataType type) => new(type.ToString()!);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
