using Lepton.Data.Schemas;

namespace Lepton.Data.Sql.Binding;

/// <summary>A table that a query names and does not itself define.</summary>
/// <param name="Name"><c>table</c> or <c>schema.table</c>, as written; the schema <c>main</c> is left out.</param>
/// <param name="Place">Where it is first named.</param>
public sealed record TableReference(string Name, SourcePlace Place);
