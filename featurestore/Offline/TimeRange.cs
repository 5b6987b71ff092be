using System.Globalization;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Sql;
using static Lepton.Data.Schemas.SqlLiteral;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>Entity rows that nobody brings: the keys of the views' tables, at their rows' own event times or at steps of time.</summary>
/// <param name="From">The first instant.</param>
/// <param name="To">The last: itself among the steps, and no longer among event times.</param>
/// <param name="Every">From step to step; null for the event times of the views' rows.</param>
public sealed record TimeRange(EventTime From, EventTime To, TimeSpan? Every)
{
    /// <summary>So many steps are taken at most.</summary>
    public const long StepCountMax = 1_000_000;

    /// <summary>Looks at the range by itself.</summary>
    /// <exception cref="LeptonDataException"><c>featurestore.range_empty</c>, <c>featurestore.duration_not_positive</c>, <c>featurestore.range_steps</c>.</exception>
    internal void Check()
    {
        if (Every is null ? From >= To : From > To) throw new LeptonDataException("featurestore.range_empty", [From, To]);
        if (Every is not { } step) return;
        if (step.Ticks < TimeSpan.TicksPerMicrosecond) throw new LeptonDataException("featurestore.duration_not_positive", ["every"]);
        if (StepCount > StepCountMax) throw new LeptonDataException("featurestore.range_steps", [StepCount, StepCountMax]);
    }

    /// <summary>The SELECT that gives the rows: the entity's keys and <paramref name="eventTime"/>, each pair once, in their order.</summary>
    /// <param name="views">What is joined.</param>
    /// <param name="eventTime">What the column of the instants is called.</param>
    /// <exception cref="LeptonDataException"><c>featurestore.range_no_keys</c>: nothing is joined; <c>featurestore.range_entities</c>: the views are of several entities; <c>featurestore.range_no_event_time</c>: none of them says when its rows happened.</exception>
    internal SqlText Rows(IReadOnlyList<ViewJoin> views, string eventTime)
    {
        if (views.Count == 0) throw new LeptonDataException("featurestore.range_no_keys", []);
        ViewJoin first = views[0];
        if (views.FirstOrDefault(view => view.DefinedEntity != first.DefinedEntity || !view.Entity.Keys.Equals(first.Entity.Keys)) is { } other)
            throw new LeptonDataException("featurestore.range_entities", [first.View.Name, first.Entity.Name, other.View.Name, other.Entity.Name]);
        ViewJoin[] read = [.. Every is null ? views.Where(view => view.View.IsPointInTime) : views];
        if (read.Length == 0) throw new LeptonDataException("featurestore.range_no_event_time", [first.View.Name]);
        string keys = string.Join(", ", first.Entity.Keys.Select(Name));
        string rows = string.Join(" UNION ", read.Select(KeysOf).Distinct(StringComparer.Ordinal));
        string sql = Every is null
            ? $"SELECT {keys}, __t AS {Name(eventTime)} FROM ({rows}) AS r ORDER BY {keys}, __t"
            : $"SELECT {keys}, make_timestamptz({BigInt(From.MicrosecondsSinceEpoch)} + __i * {BigInt(Every.Value.Ticks / TimeSpan.TicksPerMicrosecond)}) AS {Name(eventTime)} FROM ({rows}) AS r CROSS JOIN range({StepCount.ToString(CultureInfo.InvariantCulture)}) AS s(__i) ORDER BY {keys}, __i";
        return new SqlText(sql, "range");

        string KeysOf(ViewJoin view)
        {
            IEnumerable<string> columns = view.View.KeyColumns.Select((column, i) => $"{Name(column)} AS {Name(view.Entity.Keys[i])}");
            IEnumerable<string> present = view.View.KeyColumns.Select(column => $"{Name(column)} IS NOT NULL");
            if (Every is null)
            {
                string time = Name(view.View.EventTime!);
                columns = columns.Append($"{time} AS __t");
                present = present.Append($"epoch_us({time}) >= {BigInt(From.MicrosecondsSinceEpoch)}").Append($"epoch_us({time}) < {BigInt(To.MicrosecondsSinceEpoch)}");
            }
            // Of one relation alone, UNION would leave its rows as often as they stand there.
            string table = string.Join('.', view.View.Table.ToString().Split('.').Select(Name));
            return $"SELECT DISTINCT {string.Join(", ", columns)} FROM {table} WHERE {string.Join(" AND ", present)}";
        }
    }

    private long StepCount => long.CreateSaturating((((Int128)To.MicrosecondsSinceEpoch - From.MicrosecondsSinceEpoch) / (Every!.Value.Ticks / TimeSpan.TicksPerMicrosecond)) + 1);
}
