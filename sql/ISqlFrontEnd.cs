using Lepton.Data.Schemas;

namespace Lepton.Data.Sql;

/// <summary>DuckDB's parser and binder, as far as this room needs them. An engine implements it; nothing is run by it.</summary>
public interface ISqlFrontEnd
{
    /// <summary>The answer of <c>json_serialize_sql</c>: the parse tree of <paramref name="sql"/>, or its syntax error, as JSON.</summary>
    string Parse(string sql);

    /// <summary>The names and types of what <paramref name="select"/> would return, found by preparing it.</summary>
    /// <param name="select">A SELECT that names no table (inputs stand in it as typed, empty subqueries), so that it can be prepared anywhere.</param>
    /// <returns>Names as DuckDB gives them, and the types in DuckDB's own spelling, unsigned and huge integers among them.</returns>
    /// <exception cref="SqlFrontEndException">DuckDB refuses it: a type error, an unknown function.</exception>
    IReadOnlyList<(string Name, string DuckDbType)> Describe(string select);
}

/// <summary>DuckDB's own words for what is wrong with an SQL text; the binder turns them into an error with the person's place.</summary>
public sealed class SqlFrontEndException(string message) : Exception(message);
