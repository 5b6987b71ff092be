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
    internal BoundQuery(SqlText source, BoundRelation root, Schema schema, IReadOnlyDictionary<string, Schema> inputs, QueryFacts facts, AccessContext access)
        => (Source, Root, Schema, Inputs, Facts, Access) = (source, root, schema, inputs, facts, access);

    /// <summary>What the person wrote.</summary>
    public SqlText Source { get; }

    /// <summary>The bound tree.</summary>
    public BoundRelation Root { get; }

    /// <summary>The columns that come out. <see cref="FieldMetadata.InexactKey"/> marks those into which a float sum or mean flows.</summary>
    public Schema Schema { get; }

    /// <summary>The inputs that the query reads, by name, with the columns that they offer.</summary>
    public IReadOnlyDictionary<string, Schema> Inputs { get; }

    /// <summary>Which input columns each output column comes from.</summary>
    public QueryLineage Lineage => Facts.Lineage;

    /// <summary>On whose behalf.</summary>
    public AccessContext Access { get; }

    /// <summary>SHA-256 of the bound tree and of the input columns that it reads, in hexadecimal. Comments, white space and the spelling of names do not count.</summary>
    public string PlanHash => Facts.PlanHash;

    /// <summary>Whether a value that depends on the order of rows (a float sum compared, LIMIT without ORDER BY) decides which rows exist: they then have no content hash.</summary>
    public bool RowsAreInexact => Facts.RowsAreInexact;

    /// <summary>Whether the rows leave in an order that the query says.</summary>
    public bool IsOrdered => Facts.IsOrdered;

    /// <summary>The first function in the text that gives another result when it is called again (<c>random</c>, <c>now</c>), or null.</summary>
    public ImpureCall? ImpureCall => Facts.ImpureCall;

    /// <summary>Whether the query gives the same rows whenever it is run on the same inputs. A step must be.</summary>
    public bool IsPure => ImpureCall is null;

    internal QueryFacts Facts { get; }
}

/// <summary>A call of a function that is not pure.</summary>
/// <param name="Function">Its name.</param>
/// <param name="Place">Where it stands.</param>
public sealed record ImpureCall(string Function, SourcePlace Place);

/// <summary>What is known of a bound tree as a whole.</summary>
internal sealed record QueryFacts(QueryLineage Lineage, string PlanHash, bool RowsAreInexact, bool IsOrdered, ImpureCall? ImpureCall);
