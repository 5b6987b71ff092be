using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using NUnit.Framework;
using static Lepton.Data.Tests.Unit.Storage.Delta.DeltaFixture;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

/// <summary>Random operations from random bases, by several openers of one table, against a plain model that keeps every version whole.</summary>
public sealed class DeltaModelTests
{
    private static readonly string[] s_applications = ["p/a", "p/b", "流/0"];

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(4)]
    [TestCase(5)]
    [TestCase(6)]
    public async Task Commit_RandomOperations_AgreeWithTheModel(int seed)
    {
        const int operations = 120;
        var random = new Random(seed);
        using var t = new DeltaFixture();
        var model = new Model();
        DeltaTable[] openers = [t.Open(), t.Open(), t.Open()];
        // What somebody held on to: the base of a later change may be any of them.
        var held = new List<Snapshot?> { null };
        var outcomes = new Dictionary<string, int>();

        for (int i = 0; i < operations; i++)
        {
            string at = $"seed {seed}, operation {i}";
            DeltaTable table = random.Next(4) == 0 ? t.Open() : openers[random.Next(openers.Length)];
            // The newest bases are the usual ones; a base from long ago mostly conflicts.
            Snapshot? planned = random.Next(3) > 0 ? held[^1] : held[random.Next(held.Count)];
            TableChange change = RandomChange(t, random, planned, i);

            string expected = model.Judge(change);
            string actual;
            Snapshot? result = null;
            try
            {
                result = await table.CommitAsync(change);
                actual = "version " + result.Version;
            }
            catch (LeptonDataException failure)
            {
                actual = failure.Code;
            }
            Assert.That(actual, Is.EqualTo(expected), at);
            string kind = expected.Split(' ')[0];
            outcomes[kind] = outcomes.GetValueOrDefault(kind) + 1;
            if (result is not null)
            {
                model.AssertIs(result, at);
                held.Add(result);
            }
            if (random.Next(5) == 0 && model.Versions.Count > 0) model.AssertIs((await openers[random.Next(openers.Length)].ReadAsync())!, at);
        }

        Assert.That(outcomes.Keys, Is.SupersetOf(new[] { "version", "storage.conflict", "storage.fenced", "storage.schema_change" }), $"seed {seed}");
        DeltaTable fresh = t.Open();
        Assert.That((await fresh.ReadAsync())!.Version, Is.EqualTo(model.Versions.Count - 1));
        for (int version = 0; version < model.Versions.Count; version++) model.AssertIs((await fresh.ReadAsync(version))!, $"seed {seed}, read again");
    }

    private static TableChange RandomChange(DeltaFixture t, Random random, Snapshot? planned, int operation)
    {
        DataFile[] added = [.. Enumerable.Range(0, random.Next(3)).Select(file => t.File($"{operation}-{file}", random.Next(100)))];
        TableChange change = Append(planned, added);
        if (planned is null) return change;
        switch (random.Next(7))
        {
            case 0:
                change = Overwrite(planned, added);
                break;
            case 1 when planned.Files.Count > 0:
                // Removes some without resting on the others.
                change = change with { Removed = [.. planned.Files.Where(_ => random.Next(3) == 0)] };
                break;
            case 2:
                change = change with { Schema = new Schema([.. planned.Schema.Fields, new Field($"c{operation}", DataType.Date)]) };
                break;
            case 3 when planned.Schema.Count > 2:
                change = (random.Next(2) == 0 ? Overwrite(planned, added) : change) with { Schema = new Schema(planned.Schema.Fields.Take(planned.Schema.Count - 1)) };
                break;
            case 4:
                change = change with { HasReadTable = true };
                break;
        }
        if (random.Next(2) == 0) return change;
        return change with
        {
            Transactions =
            [
                .. s_applications.Where(_ => random.Next(2) == 0).Select(application =>
                {
                    long? found = planned.Transactions.TryGetValue(application, out long version) ? version : null;
                    long? expected = random.Next(8) == 0 ? random.Next(5) + 100 : found;
                    return new TransactionStep(application, expected, (expected ?? 0) + 1);
                }),
            ],
        };
    }

    /// <summary>The rules once more, over whole versions in memory.</summary>
    private sealed class Model
    {
        internal List<State> Versions { get; } = [];

        internal string Judge(TableChange change)
        {
            State? last = Versions.Count > 0 ? Versions[^1] : null;
            if (change.Transactions.Count > 0)
            {
                long? Found(string application) => last is not null && last.Transactions.TryGetValue(application, out long version) ? version : null;
                if (!change.Transactions.All(step => Found(step.Application) == step.Expected))
                {
                    if (!change.Transactions.All(step => Found(step.Application) == step.Next)) return "storage.fenced";
                    // The version at which the last of them was set.
                    int set = Versions.Count - 1;
                    while (set > 0 && change.Transactions.All(step => Versions[set - 1].Transactions.GetValueOrDefault(step.Application, -1) == step.Next && !Versions[set].Moved.Contains(step.Application))) set--;
                    return "version " + set;
                }
            }
            if (change.Base is null != last is null) return "storage.conflict";
            if (change.Base is not null)
            {
                foreach (State since in Versions.Skip((int)change.Base.Version + 1))
                    if (since.ChangedSchema || (change.HasReadTable && since.ChangedFiles)) return "storage.conflict";
                if (change.Removed.Any(file => !last!.Files.ContainsKey(file.Path))) return "storage.conflict";
                bool replacesAll = change.Removed.Count == last!.Files.Count;
                if (!replacesAll && change.Schema.Count < last.Schema.Count) return "storage.schema_change";
            }
            Versions.Add(new State(
                Without(last, change).Concat(change.Added.Select(file => KeyValuePair.Create(file.Path, file.Statistics!.RowCount))).ToDictionary(),
                (last?.Transactions ?? []).Where(pair => change.Transactions.All(step => step.Application != pair.Key)).Concat(change.Transactions.Select(step => KeyValuePair.Create(step.Application, step.Next))).ToDictionary(),
                change.Schema,
                last is null || !last.Schema.Equals(change.Schema),
                change.Added.Count + change.Removed.Count > 0,
                [.. change.Transactions.Select(step => step.Application)]));
            return $"version {Versions.Count - 1}";
        }

        internal void AssertIs(Snapshot snapshot, string at)
        {
            State state = Versions[(int)snapshot.Version];
            Assert.That(snapshot.Files.ToDictionary(file => file.Path, file => file.Statistics!.RowCount), Is.EquivalentTo(state.Files), at);
            Assert.That(snapshot.Transactions, Is.EquivalentTo(state.Transactions), at);
            Assert.That(snapshot.Schema, Is.EqualTo(state.Schema), at);
            Assert.That(snapshot.RowCount, Is.EqualTo(state.Files.Values.Sum()), at);
        }

        private static IEnumerable<KeyValuePair<string, long>> Without(State? last, TableChange change)
            => (last?.Files ?? []).Where(pair => change.Removed.All(file => file.Path != pair.Key));
    }

    private sealed record State(Dictionary<string, long> Files, Dictionary<string, long> Transactions, Schema Schema, bool ChangedSchema, bool ChangedFiles, HashSet<string> Moved);
}
