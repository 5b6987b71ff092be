using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Predicates;
using Lepton.Data.Storage.Delta.Rewrites;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

/// <summary>
/// Random operations on rows, planned from new and old snapshots, against rows in memory. What a commit may do is what it would have done on the newest version: each that succeeds,
/// however old its plan, leaves just the rows that the operation makes of the newest ones; each that conflicts changes nothing.
/// </summary>
public sealed class OperationModelTests
{
    private static readonly string?[] s_cities = ["Oslo", "Sk/övde %", "it's = odd", "北京", null];

    [Test]
    public async Task Operations_FromAnyBase_AreAsIfDoneOneAfterAnother([Values] bool isPartitioned, [Range(1, 4)] int seed)
    {
        int rounds = Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 } ? 3000 : 150;
        using var world = new World(isPartitioned, seed);
        await world.CreateAsync();
        var outcomes = new Dictionary<string, int>();
        for (int round = 0; round < rounds; round++)
        {
            string outcome = await world.StepAsync($"seed {seed}, round {round}");
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        }
        TestContext.Out.WriteLine($"seed {seed}: {string.Join(", ", outcomes.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key} {pair.Value}"))}");
        await world.ReadAllAgainAsync($"seed {seed}");
        // Old plans must have gone through and have been refused, else the test shows nothing.
        int late = outcomes.Where(pair => pair.Key != "append late" && pair.Key.EndsWith("late", StringComparison.Ordinal)).Sum(pair => pair.Value);
        int conflicts = outcomes.Where(pair => pair.Key.EndsWith("conflict", StringComparison.Ordinal)).Sum(pair => pair.Value);
        Assert.That((late >= 3, conflicts >= 3), Is.EqualTo((true, true)), $"seed {seed}: {late} late, {conflicts} conflicts");
        Assert.That(outcomes.Keys, Has.None.EqualTo("append conflict"));
    }

    private sealed record Row(long Id, string? City, int Value);

    private sealed class World(bool isPartitioned, int seed) : IDisposable
    {
        private static readonly Schema s_schema = new([new Field("id", DataType.Int64), new Field("city", DataType.String), new Field("value", DataType.Int32)]);

        private readonly DeltaFixture _fixture = new();
        private readonly Random _random = new(seed);
        private readonly Dictionary<string, List<Row>> _files = new(StringComparer.Ordinal);
        private readonly List<List<Row>> _versions = [];
        private readonly List<Snapshot> _snapshots = [];
        private int _fileCount;

        internal async Task CreateAsync()
        {
            TableChange creation = DeltaFixture.Append(null) with { Schema = s_schema, PartitionColumns = isPartitioned ? ["city"] : [] };
            _snapshots.Add(await _fixture.Table.CommitAsync(creation));
            _versions.Add([]);
        }

        internal async Task<string> StepAsync(string at)
        {
            Snapshot current = _snapshots[Math.Max(0, _snapshots.Count - 1 - (_random.Next(3) == 0 ? _random.Next(1, 4) : 0))];
            (string kind, TableChange change, Func<List<Row>, List<Row>> meaning) = RandomOperation(current);
            bool isLate = current.Version < _versions.Count - 1;
            string what = $"{at}, {kind} from version {current.Version} of {_versions.Count - 1}";
            Snapshot done;
            try
            {
                done = await _fixture.Open().CommitAsync(change with { CommittedAt = TimeOf(_versions.Count) });
            }
            catch (LeptonDataException failure) when (failure.Code == "storage.conflict" && isLate)
            {
                AssertHolds((await _fixture.Open().ReadAsync())!, _versions.Count - 1, what);
                return $"{kind} conflict";
            }
            _versions.Add(meaning(_versions[^1]));
            _snapshots.Add(done);
            AssertHolds(done, _versions.Count - 1, what);
            return isLate ? $"{kind} late" : kind;
        }

        internal async Task ReadAllAgainAsync(string at)
        {
            DeltaTable table = _fixture.Open();
            for (int version = 0; version < _versions.Count; version++) AssertHolds((await table.ReadAsync(version))!, version, $"{at}, again");
            for (int i = 0; i < 5; i++)
            {
                int version = _random.Next(1, _versions.Count);
                Assert.That((await table.ReadAtAsync(new EventTime(TimeOf(version).MicrosecondsSinceEpoch + 1)))!.Version, Is.EqualTo(version), at);
            }
        }

        public void Dispose() => _fixture.Dispose();

        private static EventTime TimeOf(int version) => new(DeltaFixture.Noon.MicrosecondsSinceEpoch + (version * 60_000_000L));

        private (string Kind, TableChange Change, Func<List<Row>, List<Row>> Meaning) RandomOperation(Snapshot current)
        {
            switch (_random.Next(12))
            {
                case < 4:
                    List<Row> rows = RandomRows(_ => true);
                    return ("append", DeltaFixture.Append(current, Write(rows)), now => [.. now, .. rows]);
                case 4:
                    List<Row> all = RandomRows(_ => true);
                    return ("overwrite", DeltaFixture.Overwrite(current, Write(all)), _ => all);
                case 5 or 6:
                    RowPredicate doomed = RandomPredicate();
                    RewritePlan delete = RewritePlan.Of(current, doomed);
                    return ("delete", delete.Delete(Write([.. RowsOf(delete.Mixed).Where(row => !IsMeant(row, doomed))]), DeltaFixture.Noon), now => [.. now.Where(row => !IsMeant(row, doomed))]);
                case 7:
                    RowPredicate place = RandomPredicate();
                    RewritePlan overwrite = RewritePlan.Of(current, place);
                    List<Row> inside = RandomRows(row => IsMeant(row, place));
                    // One row a file, since only then the statistics prove that all rows are inside.
                    DataFile[] added = [.. inside.SelectMany(row => Write([row]))];
                    return ("overwrite-where", overwrite.Overwrite(added, Write([.. RowsOf(overwrite.Mixed).Where(row => !IsMeant(row, place))]), DeltaFixture.Noon), now => [.. now.Where(row => !IsMeant(row, place)), .. inside]);
                case 8 or 9:
                    List<Row> source = [.. RandomRows(_ => true).DistinctBy(row => row.Id)];
                    HashSet<long> keys = [.. source.Select(row => row.Id)];
                    RewritePlan upsert = RewritePlan.Of(current, RowPredicate.In("id", keys.Select(key => (object)key)));
                    List<Row> rewritten = [.. RowsOf([.. upsert.Matching, .. upsert.Mixed]).Where(row => !keys.Contains(row.Id)), .. source];
                    return ("upsert", upsert.Upsert(Write(rewritten), DeltaFixture.Noon), now => [.. now.Where(row => !keys.Contains(row.Id)), .. source]);
                case 10:
                    CompactionPlan plan = CompactionPlan.Of(current, targetBytes: 1 << 10, clusterBy: _random.Next(2) == 0 ? ["id"] : null);
                    return ("compact", plan.Commit(plan.Groups, [.. plan.Groups.SelectMany(group => Write(RowsOf(group.Files)))], DeltaFixture.Noon), now => now);
                default:
                    int target = _random.Next((int)current.Version + 1);
                    return ("restore", RestorePlan.Of(current, _snapshots[target], DeltaFixture.Noon), _ => _versions[target]);
            }
        }

        private List<Row> RandomRows(Func<Row, bool> where)
            => [.. Enumerable.Range(0, _random.Next(1, 6)).Select(_ => new Row(_random.Next(60), s_cities[_random.Next(s_cities.Length)], _random.Next(10))).Where(where)];

        private RowPredicate RandomPredicate()
        {
            int start = _random.Next(60);
            RowPredicate range = RowPredicate.Between("id", (long)start, start + _random.Next(20));
            RowPredicate city = s_cities[_random.Next(s_cities.Length)] is { } name ? RowPredicate.Compare("city", Comparison.Equal, name) : RowPredicate.IsNull("city");
            return _random.Next(3) switch { 0 => range, 1 => city, _ => range.And(city) };
        }

        private static bool IsMeant(Row row, RowPredicate predicate) => predicate.Of(new RowFactsOf(row)) == Truths.True;

        private DataFile[] Write(IReadOnlyList<Row> rows)
        {
            var files = new List<DataFile>();
            foreach (IGrouping<string?, Row> part in rows.GroupBy(row => isPartitioned ? row.City : ""))
            {
                Row[] own = [.. part];
                var values = new Dictionary<string, string?>();
                if (isPartitioned) values.Add("city", part.Key);
                string name = $"part-{_fileCount++}.parquet";
                DataFile file = _fixture.File(isPartitioned ? $"{PartitionValue.FolderOf(["city"], values)}/{name}" : name);
                var columns = new Dictionary<string, ColumnStatistics>
                {
                    ["id"] = new(0, own.Min(row => row.Id), own.Max(row => row.Id)),
                    ["value"] = new(0, own.Min(row => row.Value), own.Max(row => row.Value)),
                };
                string[] cities = [.. own.Select(row => row.City).OfType<string>().Order(StringComparer.Ordinal)];
                if (!isPartitioned) columns["city"] = new(own.Length - cities.Length, cities.FirstOrDefault(), cities.LastOrDefault());
                _files.Add(file.Path, [.. own]);
                files.Add(file with { Statistics = new FileStatistics(own.Length, columns), ContentSum = SumOf(own), PartitionValues = values });
            }
            return [.. files];
        }

        private List<Row> RowsOf(IEnumerable<DataFile> files) => [.. files.SelectMany(file => _files[file.Path])];

        private void AssertHolds(Snapshot snapshot, int version, string at)
        {
            Assert.That(snapshot.Version, Is.EqualTo(version), at);
            Assert.That(RowsOf(snapshot.Files).Select(row => row.ToString()).Order(StringComparer.Ordinal), Is.EqualTo(_versions[version].Select(row => row.ToString()).Order(StringComparer.Ordinal)), at);
            Assert.That(ContentSum.Total(snapshot.Files.Select(file => file.ContentSum!.Value)), Is.EqualTo(SumOf(_versions[version])), at);
        }

        private static ContentSum SumOf(IReadOnlyCollection<Row> rows) => ContentSum.Total(rows.Select(row =>
            new ContentSum(1, ((UInt128)row.Id * 1_000_003) + ((UInt128)row.Value * 7919) + (UInt128)(row.City?.Sum(c => c) ?? 17) * 104_729)));

        private sealed class RowFactsOf(Row row) : IRowFacts
        {
            public ColumnFacts Of(string column)
            {
                object? value = column switch { "id" => row.Id, "city" => row.City, _ => (long)row.Value };
                return new ColumnFacts(value is null, value is not null, value, value, MayBeNan: false);
            }
        }
    }
}
