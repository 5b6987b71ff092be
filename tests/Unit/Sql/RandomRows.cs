using System.Globalization;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Tests.Unit.Sql;

/// <summary>Other rows for the tables t and u of <see cref="SqlWorkbench"/>: few different values, so that they meet, with NULLs, NaN, zeros of both signs and Chinese among them.</summary>
internal static class RandomRows
{
    internal static void Replace(DuckDbConnection connection, Random random)
    {
        string Of(params string[] values) => values[random.Next(values.Length)];
        string Number() => Of("NULL", random.Next(-2, 6).ToString(CultureInfo.InvariantCulture));
        string Key() => Of("NULL", "'a'", "'b'", "'北京'", "''", "'O''Hare \"x\"'");
        string Time() => Of("NULL", $"TIMESTAMPTZ '2001-01-01 0{random.Next(4)}:00:00+00'");
        List<string> t = [.. Enumerable.Range(1, random.Next(25)).Select(i =>
            $"({i}, {Key()}, {Of("NULL", "'nan'", "'inf'", "-0.0", "0.0", "1.5", "2")}, {Number()}, {Of("NULL", "1.10", "2")}, {Of("NULL", "DATE '2001-01-01'")}, {Time()}, {Of("NULL", "true", "false")})")];
        List<string> u = [.. Enumerable.Range(1, random.Next(12)).Select(i => $"({Number()}, {Key()}, {Of("NULL", "'首都'", "'x'")}, {Time()}, {Number()})")];
        connection.Execute("DELETE FROM t");
        connection.Execute("DELETE FROM u");
        if (t.Count > 0) connection.Execute($"INSERT INTO t VALUES {string.Join(", ", t)}");
        if (u.Count > 0) connection.Execute($"INSERT INTO u VALUES {string.Join(", ", u)}");
    }
}
