namespace Lepton.Data.Schemas;

/// <summary>A column's name, type and what else is known of it.</summary>
/// <param name="Name">Unicode, case kept; compared without case within one schema, as SQL does.</param>
/// <param name="Type">What its values are.</param>
/// <param name="IsNullable">False promises that no value is NULL.</param>
public sealed record Field(string Name, DataType Type, bool IsNullable = true)
{
    /// <summary>Facts by key (see <see cref="FieldMetadata"/>); carried through Arrow, Delta and SQL. Never null.</summary>
    public FieldMetadata Metadata { get; init; } = FieldMetadata.Empty;

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Type}{(IsNullable ? "" : " NOT NULL")}";
}
