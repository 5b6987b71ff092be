using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects.S3;
using Lepton.Data.Storage.Runs;
using Lepton.Data.Testing;
using Lepton.Data.Tests.Unit.Storage.Delta;
using Lepton.Data.Tests.Unit.Storage.Objects.S3;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Runs;

/// <summary>One run at a time in a bucket. Each cache folder stands for a machine.</summary>
public sealed class RunLeaseTests
{
    [Test]
    public void Take_FromTwoMachines_IsRefusedUntilItIsLetGo()
    {
        using var world = new World();
        using (RunLock hold = RunLock.Take(world.One, "run one"))
        {
            Assert.That(hold.ProvesDeath);
            LeptonDataException refused = Refusal.Of("storage.run_in_progress", () => RunLock.Take(world.Two, "run two").Dispose());
            Assert.That(refused.Message, Does.Contain("run one"));
            Refusal.Of("storage.run_in_progress", () => RunLock.Take(world.One, "run three").Dispose());
            hold.EnsureHeld();
        }
        using RunLock next = RunLock.Take(world.Two, "run two");
        Assert.That(next.ProvesDeath);
        Assert.That(world.Server.Objects.Keys.Where(key => key.Contains("run.lock", StringComparison.Ordinal)), Is.EqualTo(new[] { "lake/_lepton/run.lock/00000000000000000003" }));
    }

    [Test]
    public void Take_FromOneThatDied_SucceedsAtOnceHereAndAfterAMinuteElsewhere()
    {
        using var world = new World();
        world.PutHolder(world.One);
        using (RunLock here = RunLock.Take(world.One, "run two")) Assert.That(here.ProvesDeath, "its lock file is free");

        world.PutHolder(world.One);
        world.Server.Now += TimeSpan.FromSeconds(59);
        Refusal.Of("storage.run_in_progress", () => RunLock.Take(world.Two, "run three").Dispose());
        world.Server.Now += TimeSpan.FromSeconds(2);
        using RunLock there = RunLock.Take(world.Two, "run three");
        Assert.That(there.ProvesDeath, Is.False, "it may only be slow");
    }

    [TestCase("torn {")]
    [TestCase("""{"holder":7}""")]
    [TestCase("[]")]
    public void Take_LeaseThatCannotBeRead_CountsAsHeldForAMinute(string content)
    {
        using var world = new World();
        world.One.Store.PutIfAbsentAsync("_lepton/run.lock/00000000000000000001", System.Text.Encoding.UTF8.GetBytes(content)).AsTask().GetAwaiter().GetResult();
        LeptonDataException refused = Refusal.Of("storage.run_in_progress", () => RunLock.Take(world.One, "run two").Dispose());
        Assert.That(refused.Message, Does.Contain("by whom cannot be read").And.Contain("free again a minute after"));
        world.Server.Now += TimeSpan.FromSeconds(61);
        using RunLock hold = RunLock.Take(world.One, "run two");
        Assert.That(hold.ProvesDeath, Is.False, "whoever it is may only be slow");
    }

    [TestCase("GET")]
    [TestCase("PUT")]
    public void Take_LeaseThatIsShownAndNotGivenOrTheReverse_IsRefusedAfterSomeAttempts(string method)
    {
        using var world = new World();
        world.PutHolder(world.One);
        int asked = 0;
        world.Server.Before = request =>
        {
            if (!request.RequestUri!.AbsolutePath.Contains("run.lock/0", StringComparison.Ordinal) || request.Method.Method != method) return null;
            if (++asked > 100) throw new InvalidOperationException("it goes on for ever");
            return FakeS3.Error(method == "GET" ? 404 : 412, method == "GET" ? "NoSuchKey" : "PreconditionFailed");
        };
        LeptonDataException refused = Refusal.Of("storage.run_in_progress", () => RunLock.Take(world.One, "run two").Dispose());
        Assert.That(refused.Message, Does.Contain("by whom cannot be read"));
        Assert.That(asked, Is.GreaterThan(1));
    }

    [Test]
    public void EnsureHeld_TakenOverByAnother_Says()
    {
        using var world = new World();
        var time = new FakeTime();
        using RunLock hold = RunLock.Take(world.One, "run one", time);
        hold.EnsureHeld();
        time.Advance(TimeSpan.FromSeconds(61));
        Refusal.Of("storage.lock_lost", hold.EnsureHeld);
    }

    [TestCase(1, 0)]
    [TestCase(2, 1)]
    [TestCase(9, 3)]
    public async Task Vacuum_LeaseTakenOverBeforeADeletion_DeletesNoMore(int deletion, int expected)
    {
        using var world = new World();
        var time = new FakeTime();
        ITable table = world.One.Table(TableName.Parse("main.t"));
        Snapshot? last = null;
        for (int i = 0; i < 4; i++) last = await table.CommitAsync(last is null ? DeltaFixture.Append(null, File(i)) : DeltaFixture.Overwrite(last, File(i)));
        using RunLock hold = RunLock.Take(world.One, "vacuum", time);
        RunLock? other = null;
        int asked = 0;
        var options = new VacuumOptions
        {
            Now = new EventTime(DeltaFixture.Noon.MicrosecondsSinceEpoch * 2),
            EnsureMayDelete = () =>
            {
                // This machine sleeps for a minute, and another takes over.
                if (++asked == deletion)
                {
                    time.Advance(TimeSpan.FromSeconds(61));
                    world.Server.Now += TimeSpan.FromSeconds(61);
                    other = RunLock.Take(world.Two, "run two");
                }
                hold.EnsureHeld();
            },
        };
        if (expected == 3) await table.VacuumAsync(options);
        else await Refusal.Of("storage.lock_lost", () => table.VacuumAsync(options).AsTask());
        other?.Dispose();
        Assert.That(world.Server.Objects.Keys.Count(key => key.StartsWith("lake/main/t/part", StringComparison.Ordinal)), Is.EqualTo(4 - expected));

        DataFile File(int number)
        {
            world.One.Store.PutIfAbsentAsync($"main/t/part{number}", new byte[1]).AsTask().GetAwaiter().GetResult();
            return new DataFile($"part{number}", 1, default, new FileStatistics(1, new Dictionary<string, ColumnStatistics>()), null);
        }
    }

    [Test]
    public async Task Take_ManyMachinesAtOnce_OneHolds()
    {
        using var world = new World();
        Lake[] lakes = [.. Enumerable.Range(0, 4).Select(i => world.Machine($"many{i}"))];
        int holding = 0, most = 0, taken = 0;
        // Threads of their own: a lease is taken on the caller's thread, and the pool's few are needed by what it waits for.
        await Task.WhenAll(lakes.Select(lake => Task.Factory.StartNew(() =>
        {
            for (int round = 0; round < 10; round++)
            {
                try
                {
                    using RunLock hold = RunLock.Take(lake, "run");
                    most = Math.Max(most, Interlocked.Increment(ref holding));
                    Interlocked.Increment(ref taken);
                    Thread.Yield();
                    Interlocked.Decrement(ref holding);
                }
                catch (LeptonDataException refused) when (refused.Code == "storage.run_in_progress")
                {
                    Thread.Yield();
                }
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        Assert.That(most, Is.EqualTo(1));
        Assert.That(taken, Is.GreaterThan(0));
    }

    private sealed class World : IDisposable
    {
        private readonly List<TempFolder> _folders = [];
        private readonly List<S3ObjectStore> _stores = [];

        internal World() => (One, Two) = (Machine("one"), Machine("two"));

        internal FakeS3 Server { get; } = new();

        internal Lake One { get; }

        internal Lake Two { get; }

        internal Lake Machine(string _)
        {
            var folder = new TempFolder();
            _folders.Add(folder);
            S3ObjectStore store = Server.Store(folder);
            _stores.Add(store);
            return Lake.Create(store);
        }

        /// <summary>Leaves the lease as a process that was killed does.</summary>
        internal void PutHolder(Lake lake)
        {
            string newest = Server.Objects.Keys.LastOrDefault(key => key.Contains("run.lock/0", StringComparison.Ordinal)) ?? "lake/_lepton/run.lock/00000000000000000000";
            long number = long.Parse(newest[^20..], System.Globalization.CultureInfo.InvariantCulture) + 1;
            lake.Store.PutIfAbsentAsync($"_lepton/run.lock/{number:d20}", new LeaseHolder("run dead", lake.Store.LockIdentity!).Write()).AsTask().GetAwaiter().GetResult();
        }

        public void Dispose()
        {
            foreach (S3ObjectStore store in _stores) store.Dispose();
            foreach (TempFolder folder in _folders) folder.Dispose();
            Server.Dispose();
        }
    }
}
