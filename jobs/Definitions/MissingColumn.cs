using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.Jobs.Definitions;

/// <summary>Says that a table lacks a column, and which one may be meant.</summary>
internal static class MissingColumn
{
    private const int NamesMax = 20;

    /// <returns><c>jobs.no_column</c>, or <c>jobs.no_column_but</c> where a name is near.</returns>
    internal static LeptonDataException Of(string name, string table, Schema columns, SourcePlace? place)
    {
        IEnumerable<string> names = columns.Fields.Select(field => field.Name);
        return Suggest.Nearest(name, names) is { } near
            ? new LeptonDataException("jobs.no_column_but", [name, table, near]) { Place = place }
            : new LeptonDataException("jobs.no_column", [name, table, string.Join(", ", names.Take(NamesMax))]) { Place = place };
    }
}
