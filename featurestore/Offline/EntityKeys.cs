using System.Globalization;
using Lepton.Data.FeatureStore.Definitions;
using static Lepton.Data.Schemas.SqlLiteral;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>The key tuples of one entity that the labels ask for, numbered: <c>k, k0…</c>. A tuple with a NULL is not among them, since it equals nothing.</summary>
internal sealed class EntityKeys(Entity entity, int number)
{
    internal Entity Entity => entity;

    internal string Input { get; } = string.Create(CultureInfo.InvariantCulture, $"__keys_{number}");

    internal string Sql
    {
        get
        {
            string columns = string.Join(", ", entity.Keys.Select((key, i) => $"{Name(key)} AS {Column(i)}"));
            string present = string.Join(" AND ", entity.Keys.Select(key => $"{Name(key)} IS NOT NULL"));
            return $"SELECT row_number() OVER () AS k, {Columns("")} FROM (SELECT DISTINCT {columns} FROM {JoinUnit.LabelsInput} WHERE {present}) AS d";
        }
    }

    /// <summary><c>k0, k1, …</c></summary>
    internal string Columns(string prefix) => string.Join(", ", Enumerable.Range(0, entity.Keys.Count).Select(i => prefix + Column(i)));

    /// <summary>The condition that the tuple under <paramref name="alias"/> is that of another relation.</summary>
    internal string Equal(string alias, Func<string, string> other) => Equal(alias, (key, _) => other(key));

    /// <inheritdoc cref="Equal(string, Func{string, string})"/>
    internal string Equal(string alias, Func<string, int, string> other) => string.Join(" AND ", entity.Keys.Select((key, i) => $"{alias}.{Column(i)} = {other(key, i)}"));

    private static string Column(int index) => string.Create(CultureInfo.InvariantCulture, $"k{index}");
}
