using System.Globalization;
using Lepton.Data.Engines;
using Lepton.Data.Jobs.Profiles;
using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.Delta;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs.Profiles;

/// <summary>Differences of tables against the obvious loop.</summary>
[TestFixture]
internal sealed class TableComparerTests
{
    private sealed record Row(long? Key, long? Value, string? Word);

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(4)]
    public async Task Compare_RandomTables_AgreesWithTheLoop(int seed)
    {
        var random = new Random(seed);
        string?[] words = [null, "", "a", "中", "it's"];
        Row[] left = [.. Enumerable.Range(0, 200).Select(i => new Row(i == 7 ? null : random.Next(150), random.Next(4) == 0 ? null : random.Next(5), words[random.Next(words.Length)]))];
        Row[] right = [.. left.Where(_ => random.Next(10) > 0).Select(row => random.Next(4) == 0 ? row with { Value = random.Next(5) } : row).Concat(Enumerable.Range(0, 15).Select(_ => new Row(random.Next(140, 180), 1, "new")))];
        TableDiff byKey = await CompareAsync(left, right, "key");
        TableDiff byRow = await CompareAsync(left, right);
        ILookup<long?, Row> l = left.ToLookup(row => row.Key);
        ILookup<long?, Row> r = right.ToLookup(row => row.Key);
        (Row, Row)[] pairs = [.. l.Where(group => group.Count() == 1 && r[group.Key].Count() == 1).Select(group => (group.Single(), r[group.Key].Single()))];
        Assert.Multiple(() =>
        {
            KeyDiff keys = byKey.Keys!;
            Assert.That((keys.AddedCount, keys.RemovedCount), Is.EqualTo(((long)r.Count(group => !l.Contains(group.Key)), (long)l.Count(group => !r.Contains(group.Key)))), $"seed {seed}");
            Assert.That((keys.LeftRepeatedCount, keys.RightRepeatedCount), Is.EqualTo(((long)l.Count(group => group.Count() > 1), (long)r.Count(group => group.Count() > 1))), $"seed {seed}");
            Assert.That((keys.ChangedCount, keys.EqualCount), Is.EqualTo(((long)pairs.Count(pair => pair.Item1 != pair.Item2), (long)pairs.Count(pair => pair.Item1 == pair.Item2))), $"seed {seed}");
            Assert.That(byKey.Columns.Single(column => column.Left.Field.Name == "value").ChangedCount, Is.EqualTo(pairs.Count(pair => pair.Item1.Value != pair.Item2.Value)), $"seed {seed}");
            Assert.That(byKey.Columns.Single(column => column.Left.Field.Name == "word").ChangedCount, Is.EqualTo(pairs.Count(pair => pair.Item1.Word != pair.Item2.Word)), $"seed {seed}");
            (Row First, Row Second)[] changes = [.. pairs.Where(pair => pair.Item1.Value != pair.Item2.Value).OrderBy(pair => pair.Item1.Key ?? long.MaxValue).Take(TableComparer.ExampleCount)];
            Assert.That(
                byKey.Columns.Single(column => column.Left.Field.Name == "value").Examples.Select(change => $"{change.Key[0]}: {change.Left} -> {change.Right}"),
                Is.EqualTo(changes.Select(change => string.Create(CultureInfo.InvariantCulture, $"{change.First.Key}: {change.First.Value} -> {change.Second.Value}"))), $"seed {seed}");

            Dictionary<Row, int> balance = [];
            foreach (Row row in right) balance[row] = balance.GetValueOrDefault(row) + 1;
            foreach (Row row in left) balance[row] = balance.GetValueOrDefault(row) - 1;
            Assert.That((byRow.Rows!.AddedCount, byRow.Rows.RemovedCount), Is.EqualTo(((long)balance.Values.Where(n => n > 0).Sum(), (long)-balance.Values.Where(n => n < 0).Sum())), $"seed {seed}");
            Assert.That((byKey.AreEqual, byRow.AreEqual, byRow.LeftRowCount, byRow.RightRowCount), Is.EqualTo((false, false, (long?)left.Length, (long?)right.Length)));
            ValueShift added = byRow.Columns.Single(column => column.Left.Field.Name == "word").Shifts.Single(shift => shift.Value == "new");
            Assert.That((added.LeftCount, added.RightCount), Is.EqualTo((0L, 15L)));
        });
    }

    [Test]
    public async Task Compare_RowsInAnotherOrder_AreEqualByHashAloneAndByRows()
    {
        Row[] rows = [.. Enumerable.Range(0, 50).Select(i => new Row(i, i % 3, "x"))];
        TableDiff byHash = await CompareAsync(rows, [.. rows.Reverse()]);
        Assert.That((byHash.AreEqual, byHash.ContentHash, byHash.LeftRowCount), Is.EqualTo((true, byHash.ContentHash, (long?)null)));
        Assert.That(byHash.ContentHash, Is.Not.Null);
        TableDiff byRows = await CompareAsync(rows, [.. rows.Reverse()], hasHash: false);
        Assert.That((byRows.AreEqual, byRows.ContentHash, byRows.Rows!.AddedCount, byRows.Columns.Max(column => column.Psi)), Is.EqualTo((true, (string?)null, 0L, (double?)0)));
        Assert.That((await CompareAsync(rows, [.. rows.Reverse()], "key", hasHash: false)).AreEqual);
        Assert.That((await CompareAsync(rows, [.. rows, rows[0]], "key", hasHash: false)).AreEqual, Is.False, "a row twice is not once");
    }

    [Test]
    public async Task Compare_OtherColumnsAndTypes_SaysWhichAndComparesTheRest()
    {
        await using var project = new ProjectFixture();
        project.Csv("a", "id,n,gone\n1,1,x\n2,2,x\n");
        project.Csv("b", "id,n,new\n1,1.0,x\n2,2.5,x\n");
        project.Pipeline("pipeline: p\nsources: { a: { format: csv, path: data/a.csv }, b: { format: csv, path: data/b.csv } }\nsteps: { ta: { sql: \"SELECT id, n, gone FROM a\" }, tb: { sql: \"SELECT id, n, new FROM b\" } }");
        await project.RunWellAsync();
        TableDiff diff = await CompareAsync(project, "ta", "tb", ["ID"], hasHash: true);
        Assert.Multiple(() =>
        {
            Assert.That(diff.AddedColumns.Select(field => field.Name), Is.EqualTo(new[] { "new" }));
            Assert.That(diff.RemovedColumns.Select(field => field.Name), Is.EqualTo(new[] { "gone" }));
            Assert.That(diff.Columns.Select(column => (column.Left.Field.Name, column.ChangedCount)), Is.EqualTo(new (string, long?)[] { ("id", null), ("n", 1) }), "1 and 1.0 are the same number");
            Assert.That(async () => await CompareAsync(project, "ta", "tb", ["gone"], hasHash: true), Throws.TypeOf<LeptonDataException>().With.Property("Code").EqualTo("jobs.no_column"));
        });
    }

    [Test]
    public async Task Compare_PersonalColumns_HasCountsAndNoValue([Values("id", "who")] string key)
    {
        await using var project = new ProjectFixture();
        project.Csv("a", "id,who,pay\n1,ada,81234\n2,bob,81235\n3,cleo,81236\n");
        project.Csv("b", "id,who,pay\n1,ada,91234\n2,dora,91235\n4,egon,91236\n");
        const string Columns = "columns: { who: { personal: true }, pay: { personal: true } }";
        project.Pipeline($"pipeline: p\nsources: {{ a: {{ format: csv, path: data/a.csv, {Columns} }}, b: {{ format: csv, path: data/b.csv, {Columns} }} }}\nsteps: {{ ta: {{ sql: \"SELECT id, who, pay FROM a\" }}, tb: {{ sql: \"SELECT id, who, pay FROM b\" }} }}");
        await project.RunWellAsync();
        TableDiff diff = await CompareAsync(project, "ta", "tb", [key], hasHash: true);
        ColumnDiff[] personal = [.. diff.Columns.Where(column => column.Left.Field.Name is "who" or "pay")];
        Assert.Multiple(() =>
        {
            Assert.That(personal, Has.Length.EqualTo(2).And.All.Property("IsPersonal").True);
            Assert.That(personal.Select(column => (column.Psi, column.Shifts.Count, column.Examples.Count, column.Left.Mean, column.Right.Mean, column.Left.Quantiles.Count, column.Left.Min)), Is.All.EqualTo(((double?)null, 0, 0, (double?)null, (double?)null, 0, (object?)null)));
            Assert.That(personal.Select(column => column.Left.DistinctCount), Is.All.EqualTo(3));
            if (key == "id")
            {
                Assert.That(personal.Select(column => column.ChangedCount), Is.EqualTo(new long?[] { 1, 2 }));
                Assert.That((diff.Keys!.AddedExamples.Single(), diff.Keys.RemovedExamples.Single()), Is.EqualTo((new[] { "4" }, new[] { "3" })));
            }
            else
            {
                Assert.That((diff.Keys!.AddedCount, diff.Keys.AddedExamples.Count, diff.Keys.RemovedCount, diff.Keys.RemovedExamples.Count), Is.EqualTo((2L, 0, 2L, 0)));
                Assert.That(diff.Columns.Select(column => column.Examples.Count), Is.All.Zero);
            }
        });
    }

    // By hand: halves become a quarter and three quarters: (0.25 - 0.5) ln(0.25 / 0.5) + (0.75 - 0.5) ln(0.75 / 0.5) = 0.1733 + 0.1014.
    [Test]
    public void Psi_OfHalvesThatBecomeQuarters_MatchesTheHandWorkedValue()
    {
        Assert.That(DistributionShifts.PsiOf([50, 50], [25, 75]), Is.EqualTo(0.25 * Math.Log(2) + (0.25 * Math.Log(1.5))).Within(1e-12));
        Assert.That(DistributionShifts.PsiOf([5, 5, 0], [50, 50, 0]), Is.Zero);
        Assert.That(DistributionShifts.PsiOf([10, 0], [0, 10]), Is.EqualTo(2 * (1 - 0.0001) * Math.Log(10_000)).Within(1e-9), "an empty bin counts as 0.0001");
    }

    private static async Task<TableDiff> CompareAsync(Row[] left, Row[] right, string? key = null, bool hasHash = true)
    {
        await using var project = new ProjectFixture();
        string Csv(Row[] rows) => "key,value,word\n" + string.Concat(rows.Select(row => string.Create(CultureInfo.InvariantCulture, $"{row.Key},{row.Value},{(row.Word is null ? "" : $"\"{row.Word}\"")}\n")));
        project.Csv("a", Csv(left));
        project.Csv("b", Csv(right));
        const string Columns = "columns: { key: { type: BIGINT }, value: { type: BIGINT }, word: { type: VARCHAR } }";
        project.Pipeline($"pipeline: p\nsources: {{ a: {{ format: csv, path: data/a.csv, {Columns} }}, b: {{ format: csv, path: data/b.csv, {Columns} }} }}\nsteps: {{ ta: {{ sql: SELECT * FROM a }}, tb: {{ sql: SELECT * FROM b }} }}");
        await project.RunWellAsync();
        return await CompareAsync(project, "ta", "tb", key is null ? [] : [key], hasHash);
    }

    private static async Task<TableDiff> CompareAsync(ProjectFixture project, string left, string right, string[] key, bool hasHash)
    {
        using var frontEnd = new DuckDbFrontEnd();
        await using var engine = new DuckDbEngine(new DuckDbEngineOptions { ThreadCount = 2, MemoryLimitBytes = 512L << 20, AllowedFolders = [project.Lake.RootPath] });
        async Task<ComparedRelation> SideAsync(string table)
        {
            Snapshot snapshot = (await project.SnapshotAsync(table))!;
            return new ComparedRelation(table, new SnapshotInput(snapshot), hasHash ? snapshot.ContentHash?.ToString() : null);
        }
        return await new TableComparer(engine, new Binder(frontEnd)).CompareAsync(await SideAsync(left), await SideAsync(right), key, project.Context(), CancellationToken.None);
    }
}
