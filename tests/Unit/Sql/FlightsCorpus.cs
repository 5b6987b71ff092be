namespace Lepton.Data.Tests.Unit.Sql;

/// <summary>The queries of the flights example, over a few made-up rows.</summary>
internal static class FlightsCorpus
{
    internal static (string Name, string Columns, string Rows)[] Tables { get; } =
    [
        ("flights_raw", "date TIMESTAMPTZ, delay BIGINT, distance BIGINT, origin VARCHAR, destination VARCHAR",
            "SELECT TIMESTAMPTZ '2001-01-01 00:00:00+00' + to_minutes(CAST(i * 37 % 600 AS BIGINT)), i * 13 % 90 - 20, 100 + i * 97 % 2000, ['ORD', 'JFK', '北京'][i % 3 + 1], ['LAX', 'ATL'][i % 2 + 1] FROM range(200) r(i)"),
        ("flights", "origin VARCHAR, destination VARCHAR, date TIMESTAMPTZ, known_at TIMESTAMPTZ, distance INTEGER, delay INTEGER",
            "SELECT DISTINCT origin, destination, date, date + INTERVAL 30 MINUTE + to_seconds(8 * distance), CAST(distance AS INTEGER), CAST(delay AS INTEGER) FROM flights_raw"),
    ];

    internal static string[] Queries { get; } =
    [
        """
        SELECT DISTINCT
          origin,
          destination,
          date,
          date + INTERVAL 30 MINUTE + to_seconds(8 * distance) AS known_at,
          CAST(distance AS INTEGER) AS distance,
          CAST(delay AS INTEGER) AS delay
        FROM flights_raw
        """,
        """
        SELECT
          origin,
          date_trunc('hour', known_at) + INTERVAL 1 HOUR AS event_time,
          date_trunc('hour', known_at) + INTERVAL 75 MINUTE AS created_time,
          count(*) AS flights,
          avg(delay) AS mean_delay,
          avg(CASE WHEN delay > 15 THEN 1 ELSE 0 END) AS share_late,
          quantile_disc(delay, 0.9) AS p90_delay,
          max(known_at) AS last_landing
        FROM flights
        GROUP BY origin, date_trunc('hour', known_at)
        """,
        """
        SELECT origin, destination, date AS event_time, distance, delay, delay > 15 AS late
        FROM flights
        WHERE date < TIMESTAMPTZ '2001-07-01 00:00:00+00'
        ORDER BY md5(origin || '|' || destination || '|' || epoch_us(date) || '|' || distance || '|' || delay)
        LIMIT 50
        """,
        """
        WITH scored AS (
          SELECT late, share_late, rank() OVER (ORDER BY share_late) AS r, count(*) OVER (PARTITION BY share_late) AS ties
          FROM (SELECT delay > 15 AS late, delay % 7 AS share_late FROM flights))
        SELECT (sum(CASE WHEN late THEN r + (ties - 1) / 2 ELSE 0 END) - count(*) FILTER (WHERE late) * (count(*) FILTER (WHERE late) + 1) / 2)
          / (count(*) FILTER (WHERE late) * count(*) FILTER (WHERE NOT late)) AS auc
        FROM scored
        """,
    ];
}
