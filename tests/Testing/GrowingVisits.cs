using System.Globalization;
using System.Text;

namespace Lepton.Data.Testing;

/// <summary>A pipeline of which each step grows in a mode of its own, over files of visits that come and go.</summary>
public static class GrowingVisits
{
    /// <summary>Its tables, then their quarantines.</summary>
    public static IReadOnlyList<string> Tables { get; } = ["visits", "by_shop", "hourly", "visits__quarantine", "by_shop__quarantine", "hourly__quarantine"];

    /// <summary>A file of <c>pipelines/</c>; it reads <c>data/part-*.csv</c>.</summary>
    public const string PipelineYaml = """
        pipeline: visits
        sources:
          src: { format: csv, path: data/part-*.csv, columns: { id: { type: BIGINT }, seen: { type: TIMESTAMP, zone: UTC }, shop: { type: VARCHAR }, amount: { type: BIGINT } } }
        steps:
          visits:
            sql: SELECT id, shop, seen, amount FROM src
            grows: append
            expect: { positive: { sql: amount > 0 } }
          by_shop:
            sql: SELECT shop, count(*) AS visits, sum(amount) AS amount FROM visits GROUP BY shop
            grows: { by_key: shop }
            expect: { odd: { sql: visits % 2 = 1 } }
          hourly:
            sql: SELECT date_trunc('hour', seen) AS hour, sum(amount) AS amount FROM visits GROUP BY hour
            grows: { by_window: 1h, time: hour }
            expect: { small: { sql: amount % 5 <> 0 } }

        """;

    /// <summary>The text of one file: visits of four shops at hours of twenty days, some of them refused.</summary>
    public static string File(Random random, int rowCount)
    {
        ArgumentNullException.ThrowIfNull(random);
        var text = new StringBuilder("id,shop,seen,amount\n");
        for (int i = 0; i < rowCount; i++)
            text.Append(CultureInfo.InvariantCulture, $"{random.Next(1_000_000)},{"abcd"[random.Next(4)]},2001-01-{random.Next(1, 21):D2} {random.Next(24):D2}:10:00,{random.Next(-2, 1000)}\n");
        return text.ToString();
    }
}
