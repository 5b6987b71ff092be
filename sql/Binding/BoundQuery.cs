using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Lineage;

namespace Lepton.Data.Sql.Binding;

/// <summary>
/// A SELECT of which every name, type and function is known and allowed, and on whose behalf it runs. Only <see cref="Binder"/> makes one,
/// and engines run nothing else. Immutable.
/// </summary>
public sealed class BoundQuery
{
    internal BoundQuery(SqlText source, BoundRelation root, Schema schema, IReadOnlyDictionary<string, Schema> inputs, QueryLineage lineage, AccessContext access)
        => (Source, Root, Schema, Inputs, Lineage, Access) = (source, root, schema, inputs, lineage, access);

    /// <summary>What the person wrote.</summary>
    public SqlText Source { get; }

    /// <summary>The bound tree.</summary>
    public BoundRelation Root { get; }

    /// <summary>The columns that come out. <see cref="FieldMetadata.InexactKey"/> marks those into which a float sum or mean flows.</summary>
    public Schema Schema { get; }

    /// <summary>The inputs that the query reads, by name, with the columns that they offer.</summary>
    public IReadOnlyDictionary<string, Schema> Inputs { get; }

    /// <summary>Which input columns each output column comes from.</summary>
    public QueryLineage Lineage { get; }

    /// <summary>On whose behalf.</summary>
    public AccessContext Access { get; }
}
