using System.Globalization;
using System.Text;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

/// <summary>Rules as SQL against rules as a loop over rows, on random rows full of NULLs, repetitions and edges.</summary>
[TestFixture]
internal sealed class RuleOracleTests
{
    private sealed record Row(int Id, long? A, string? B, DateOnly? C);

    private static readonly (string Name, string Yaml, Func<Row, IReadOnlyList<Row>, bool> IsBroken)[] s_rules =
    [
        ("between", "{ column: a, between: [-1, 2] }", (row, _) => row.A is < -1 or > 2),
        ("among", "{ column: b, in: [x, 'it''s', 中] }", (row, _) => row.B is not (null or "x" or "it's" or "中")),
        ("present", "{ not_null: [a, c] }", (row, _) => row.A is null || row.C is null),
        ("one", "{ unique: [a, b] }", (row, all) => row.A is not null && row.B is not null && all.Count(other => other.A == row.A && other.B == row.B) > 1),
        ("form", "{ column: b, matches: '[a-z]+|中' }", (row, _) => row.B is not null && !(row.B == "中" || row.B.All(char.IsAsciiLetterLower))),
        ("known", "{ column: a, in: allowed.v }", (row, _) => row.A is not (null or 0 or 1 or 2)),
        ("days", "{ column: c, between: [2001-01-02, 2001-01-03] }", (row, _) => row.C is { } day && (day < new DateOnly(2001, 1, 2) || day > new DateOnly(2001, 1, 3))),
        ("custom", "{ sql: \"a < 2 OR b <> 'x'\" }", (row, _) => row.A is not null && row.A >= 2 && row.B == "x"),
    ];

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public async Task Run_RandomRowsAndRules_AgreesWithTheLoop(int seed)
    {
        var random = new Random(seed);
        string?[] words = [null, "x", "it's", "中", "A", "zz top", "-"];
        Row[] rows = [.. Enumerable.Range(0, 300).Select(id => new Row(
            id,
            random.Next(5) == 0 ? null : random.Next(-2, 5),
            words[random.Next(words.Length)],
            random.Next(6) == 0 ? null : new DateOnly(2001, 1, 1).AddDays(random.Next(4))))];
        (string Name, string Yaml, Func<Row, IReadOnlyList<Row>, bool> IsBroken)[] chosen = [.. s_rules.Where(_ => random.Next(4) > 0)];

        await using var project = new ProjectFixture();
        var csv = new StringBuilder("id,a,b,c\n");
        foreach (Row row in rows) csv.Append(CultureInfo.InvariantCulture, $"{row.Id},{row.A},{row.B},{row.C:yyyy-MM-dd}\n");
        project.Csv("src", csv.ToString());
        project.Csv("allowed", "v\n0\n1\n2\n\n");
        project.Pipeline($$"""
            pipeline: p
            sources:
              src: { format: csv, path: data/src.csv, columns: { b: { type: VARCHAR }, a: { type: BIGINT } } }
              allowed_src: { format: csv, path: data/allowed.csv }
            steps:
              allowed: { sql: SELECT v FROM allowed_src }
              checked:
                sql: SELECT id, a, b, c FROM src
                expect: { {{string.Join(", ", chosen.Select(rule => $"{rule.Name}: {rule.Yaml}"))}} }
            """);
        await project.RunWellAsync();

        string[] bad = [.. rows
            .Select(row => (row.Id, Broken: string.Join(',', chosen.Where(rule => rule.IsBroken(row, rows)).Select(rule => rule.Name))))
            .Where(row => row.Broken.Length > 0)
            .Select(row => $"{row.Id}|{row.Broken}")
            .Order(StringComparer.Ordinal)];
        Assert.That(bad, Has.Length.InRange(1, rows.Length - 1), $"seed {seed}: the rules must divide the rows, else the test shows nothing");
        Assert.That(await project.RowsAsync("checked__quarantine", "id", "__rules"), Is.EqualTo(bad), $"seed {seed}");
        Assert.That(await project.RowsAsync("checked", "id"), Is.EqualTo(rows.Select(row => row.Id.ToString(CultureInfo.InvariantCulture)).Except(bad.Select(row => row.Split('|')[0])).Order(StringComparer.Ordinal)), $"seed {seed}");
    }
}
