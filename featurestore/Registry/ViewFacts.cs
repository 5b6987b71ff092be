using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;

namespace Lepton.Data.FeatureStore.Registry;

/// <summary>What a view means beyond its own words: the types of the columns that it takes, and the plan of the step that made its table.</summary>
/// <param name="Types">By column, as SQL names them; null where they were not noted.</param>
/// <param name="PlanHash">Null where no step made the table, or it was not noted.</param>
internal sealed record ViewFacts(IReadOnlyDictionary<string, string>? Types, string? PlanHash)
{
    internal static ViewFacts None { get; } = new(null, null);

    internal static ViewFacts Of(FeatureView view, Schema table, string? planHash)
    {
        IEnumerable<string> columns = view.KeyColumns.Concat(new[] { view.EventTime, view.CreatedTime, view.Sequence }.OfType<string>()).Concat(view.Features).Distinct(StringComparer.OrdinalIgnoreCase);
        return new ViewFacts(new SortedDictionary<string, string>(columns.ToDictionary(column => column, column => table.Find(column)!.Type.ToString()), StringComparer.Ordinal), planHash);
    }

    /// <summary>What changed; what one side does not know is no change.</summary>
    internal static IReadOnlyList<PropertyChange> Compare(ViewFacts before, ViewFacts after)
    {
        var changes = new List<PropertyChange>();
        foreach ((string column, string type) in after.Types ?? new Dictionary<string, string>())
            if (before.Types?.TryGetValue(column, out string? old) == true && old != type) changes.Add(new PropertyChange($"type of {column}", old, type));
        if (before.PlanHash is { } plan && after.PlanHash is { } other && plan != other) changes.Add(new PropertyChange("sql of table", Short(plan), Short(other)));
        return changes;
    }

    private static string Short(string hash) => hash[..Math.Min(12, hash.Length)];
}
