namespace Lepton.Data.Sql.Binding;

/// <summary>
/// A column of one relation of the bound tree. It is itself and no other: two columns are equal only when they are the same object, whatever their names,
/// so that an expression that refers to one can stand anywhere above the relation without being resolved again.
/// </summary>
public sealed class BoundColumn
{
    internal BoundColumn(string name, SqlType? type = null) => (Name, _type) = (name, type);

    private SqlType? _type;

    /// <summary>What the relation calls it; not unique, since a join keeps the columns of both sides.</summary>
    public string Name { get; }

    /// <summary>What its values are.</summary>
    public SqlType Type
    {
        get => _type ?? throw new InvalidOperationException($"The type of {Name} is asked for before it was found.");
        internal set => _type = value;
    }

    /// <summary>Whether the type was found yet; always, once the binder is done.</summary>
    internal bool IsTyped => _type is not null;

    /// <inheritdoc/>
    public override string ToString() => _type is null ? Name : $"{Name} {_type}";
}
