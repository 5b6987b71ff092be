using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Predicates;
using NUnit.Framework;
using static Lepton.Data.Tests.Unit.Storage.Delta.DeltaFixture;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

/// <summary>Changes that rest on rows and remove none, against commits in between that add, remove and move rows: what goes through must have found the rows as they are.</summary>
public sealed class ConflictCheckTests
{
    [Test]
    public async Task Commit_RestsOnRowsReadBefore_GoesThroughOnlyIfTheyAreTheSame([Range(1, 3)] int seed)
    {
        var random = new Random(seed);
        using var t = new DeltaFixture();
        var ids = new Dictionary<string, int[]>(StringComparer.Ordinal);
        int done = 0, refused = 0;
        Snapshot current = await t.Table.CommitAsync(Append(null));
        for (int round = 0; round < 60; round++)
        {
            while (current.Files.Count < 4) await AddAsync();
            int low = random.Next(20), high = low + random.Next(6);
            RowPredicate? read = random.Next(5) == 0 ? null : RowPredicate.Between("id", (long)low, (long)high);
            TableChange change = Append(current, Write([100])) with { HasReadTable = true, ReadRows = read };
            string found = Found();
            for (int step = random.Next(4); step > 0; step--)
            {
                if (random.Next(3) == 0) await AddAsync();
                else if (random.Next(2) == 0) await MoveAsync();
                else current = await t.Table.CommitAsync(Append(current) with { Removed = [current.Files[random.Next(current.Files.Count)]], HasReadTable = true });
                if (current.Files.Count == 0) break;
            }
            try
            {
                string now = Found();
                current = await t.Open().CommitAsync(change);
                Assert.That(found, Is.EqualTo(now), $"seed {seed}, round {round}: {low} to {high}, all: {read is null}");
                done++;
            }
            catch (LeptonDataException failure) when (failure.Code == "storage.conflict")
            {
                refused++;
            }

            string Found() => string.Join(' ', current.Files.SelectMany(file => ids[file.Path]).Where(id => read is null || (id >= low && id <= high)).Order());
        }
        TestContext.Out.WriteLine($"seed {seed}: {done} done, {refused} refused");
        Assert.That((done >= 10, refused >= 10), Is.EqualTo((true, true)), $"seed {seed}: {done} done, {refused} refused");

        async Task AddAsync() => current = await t.Table.CommitAsync(Append(current, Write([.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => random.Next(20))])));

        async Task MoveAsync()
        {
            DataFile[] moved = [.. current.Files.Where(_ => random.Next(2) == 0)];
            if (moved.Length > 0) current = await t.Table.CommitAsync(Append(current, Write([.. moved.SelectMany(file => ids[file.Path])])) with { Removed = moved, IsRewrite = true });
        }

        DataFile Write(int[] own)
        {
            DataFile file = t.File($"f{ids.Count}", own.Length);
            ids.Add(file.Path, own);
            var statistics = new FileStatistics(own.Length, new Dictionary<string, ColumnStatistics> { ["id"] = new(0, (long)own.Min(), (long)own.Max()) });
            return file with { Statistics = statistics, ContentSum = new ContentSum(own.Length, (UInt128)own.Sum()) };
        }
    }
}
