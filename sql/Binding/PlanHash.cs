using System.Security.Cryptography;
using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Sql.Printing;

namespace Lepton.Data.Sql.Binding;

/// <summary>The identity of a bound tree.</summary>
internal static class PlanHash
{
    // A change of what is printed for one and the same tree changes every hash, and so runs every step once more: that is safe.
    private const string Version = "lepton-plan-1";

    /// <summary>SHA-256 over the tree as it is printed, the types of the input columns that it reads and the schema that comes out.</summary>
    internal static string Of(BoundRelation root, Schema schema, IReadOnlyDictionary<string, Schema> inputs)
    {
        var text = new StringBuilder(Version).Append('\n').Append(new DuckDbWriter(SqlLiteral.Name).Query(root)).Append('\n');
        foreach (Field field in schema.Fields) text.Append(field).Append(field.Metadata[FieldMetadata.InexactKey]).Append(field.Metadata[FieldMetadata.PersonalKey] is null ? "" : " personal").Append('\n');
        List<BoundRelation> relations = [.. ExpressionWalk.AllRelations(root)];
        HashSet<BoundColumn> used = [.. relations.SelectMany(ExpressionWalk.Expressions).SelectMany(ExpressionWalk.Columns)];
        IEnumerable<string> read = relations.OfType<BoundInput>().SelectMany(input => input.Columns.Where(used.Contains)
            .Select(column => $"{input.Name}.{column} {inputs[input.Name].Find(column.Name)?.Metadata[FieldMetadata.InexactKey]}"));
        text.AppendJoin('\n', read.Distinct().Order(StringComparer.Ordinal));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
