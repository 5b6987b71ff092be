using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Sql.Lineage;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Sql;

/// <summary>What must hold for every query that is bound.</summary>
internal static class QueryChecks
{
    /// <summary>The person's own text, run as it stands, is the oracle of what the printed bound tree gives.</summary>
    /// <returns>How many rows both gave; -1 where both fail as they run.</returns>
    internal static int AssertSameRows(SqlWorkbench bench, BoundQuery query, string sql, string origin = "")
    {
        string printed = SqlWorkbench.Print(query);
        List<string> expected;
        try
        {
            expected = bench.Rows(sql, query.Schema.Count, query.IsOrdered);
        }
        catch (LeptonDataException)
        {
            // A value that does not fit: what is printed must fail as well.
            Assert.Catch<LeptonDataException>(() => bench.Rows(printed, query.Schema.Count, query.IsOrdered), $"{origin}\n{sql}\n{printed}");
            return -1;
        }
        List<string> actual;
        try
        {
            actual = bench.Rows(printed, query.Schema.Count, query.IsOrdered);
        }
        catch (LeptonDataException error)
        {
            throw new AssertionException($"{origin}: {error.Message}\n{sql}\n{printed}");
        }
        Assert.That(actual, Is.EqualTo(expected), $"{origin}\n{sql}\n{printed}");
        // Of inputs that offer only what is used, as wide ones do when they are run.
        string narrow = SqlWorkbench.PrintNarrow(query);
        if (query.Inputs.Count > 0) Assert.That(bench.Rows(narrow, query.Schema.Count, query.IsOrdered), Is.EqualTo(expected), $"{origin}\n{sql}\n{narrow}");
        return expected.Count;
    }

    /// <summary>Changing an input column that lineage calls unrelated never changes an output column.</summary>
    internal static void AssertUnrelatedColumnsChangeNothing(SqlWorkbench bench, BoundQuery query, string origin = "")
    {
        string printed = SqlWorkbench.Print(query);
        string names = string.Join(", ", Enumerable.Range(0, query.Schema.Count).Select(i => $"c{i}"));
        var known = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach ((string input, Schema schema) in query.Inputs)
        {
            foreach (Field changed in schema.Fields)
            {
                var column = new InputColumn(input, changed.Name);
                List<int> unrelated = [.. Enumerable.Range(0, query.Schema.Count).Where(i =>
                {
                    ColumnLineage lineage = query.Lineage.Columns[query.Schema[i].Name];
                    return !lineage.Values.Contains(column) && !lineage.Influences.Contains(column);
                })];
                if (unrelated.Count == 0) continue;
                string picked = string.Join(", ", unrelated.Select(i => $"c{i}"));
                List<string> Picked(string select) => bench.Rows($"SELECT {picked} FROM ({select}) AS q({names})", unrelated.Count, isOrdered: false);
                if (!known.TryGetValue(picked, out List<string>? before)) known.Add(picked, before = Picked(printed));
                string perturbed = SqlWorkbench.PrintOver(query, input, changed);
                Assert.That(Picked(perturbed), Is.EqualTo(before), $"{origin}: {column} is said to be unrelated to {picked}\n{perturbed}");
            }
        }
    }
}
