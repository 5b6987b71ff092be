using Lepton.Data.Sql.Lineage;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Planning;

/// <summary>A step's lineage as its record keeps it.</summary>
internal static class StepLineage
{
    internal static IReadOnlyList<ColumnLineageRecord> Of(BoundStep step)
        => [.. step.Query.Schema.Fields.Select(field => step.Lineage.Columns.TryGetValue(field.Name, out ColumnLineage? lineage)
            ? new ColumnLineageRecord(field.Name, Texts(lineage.Values), Texts(lineage.Influences))
            : new ColumnLineageRecord(field.Name, [], []))];

    private static string[] Texts(IEnumerable<InputColumn> columns) => [.. columns.Select(column => $"{column.Input}.{column.Column}").Order(StringComparer.Ordinal)];
}
