using System.Runtime.CompilerServices;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.ParseTree;

namespace Lepton.Data.Sql.Binding;

/// <summary>Turns SQL text into a <see cref="BoundQuery"/>. Safe for use by several threads where its front end is.</summary>
/// <param name="frontEnd">Parses, and finds types.</param>
public sealed class Binder(ISqlFrontEnd frontEnd)
{
    /// <summary>How many columns a SELECT may have.</summary>
    public const int ColumnCountMax = ParseTreeReader.ColumnCountMax;

    // A step is asked for the tables that it names, and then bound.
    private readonly ConditionalWeakTable<SqlText, ParsedQuery> _parsed = [];

    /// <summary>Resolves every name and type of <paramref name="query"/>, and refuses what is not known or not allowed.</summary>
    /// <param name="query">One SELECT.</param>
    /// <param name="inputs">The relations that it may read, by name (compared without case); <c>schema.table</c> for a table in a schema.</param>
    /// <param name="access">On whose behalf it will run.</param>
    /// <exception cref="LeptonDataException">The text is refused; <see cref="LeptonDataException.Place"/> says where.</exception>
    public BoundQuery Bind(SqlText query, IReadOnlyDictionary<string, Schema> inputs, AccessContext access)
    {
        try
        {
            ParsedQuery parsed = Parse(query);
            var binder = new QueryBinder(query, frontEnd, inputs);
            BoundRelation root = binder.Bind(parsed);
            return QueryFinisher.Finish(query, frontEnd, root, binder.UsedInputs, binder.ImpureCall, access);
        }
        catch (InsufficientExecutionStackException)
        {
            throw query.At(0, "sql.too_deep");
        }
    }

    /// <summary>The tables that <paramref name="query"/> names and does not itself define (WITH), each once, in the order of the text. Nothing else of it is checked.</summary>
    /// <exception cref="LeptonDataException">The text is not one SELECT.</exception>
    public IReadOnlyList<TableReference> References(SqlText query) => ReferenceCollector.Collect(query, Parse(query));

    private ParsedQuery Parse(SqlText query) => _parsed.GetValue(query, text => ParseTreeReader.Read(frontEnd, text));
}
