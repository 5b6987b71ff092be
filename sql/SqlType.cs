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
    public static SqlType Of(DataType type) => new(Spelled(type));

    // As the front end spells them, names of fields always in quotes: one may be a keyword.
    private static string Spelled(DataType type) => type switch
    {
        InstantType => "TIMESTAMP WITH TIME ZONE",
        StructType structure => $"STRUCT({string.Join(", ", structure.Fields.Select(field => $"{SqlLiteral.Name(field.Name)} {Spelled(field.Type)}"))})",
        ListType list => $"{Spelled(list.Element.Type)}[]",
        FixedSizeListType list => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Spelled(list.Element.Type)}[{list.Length}]"),
        MapType map => $"MAP({Spelled(map.Key.Type)}, {Spelled(map.Value.Type)})",
        _ => type.ToString()!,
    };

    /// <inheritdoc/>
    public override string ToString() => Name;
}
