using Lepton.Data.Engines;
using Lepton.Data.FeatureStore;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>One engine for all tests of the room: it has no state that a test could leave behind.</summary>
[SetUpFixture]
public sealed class FeatureStoreWorld
{
    private static DuckDbEngine? s_engine;
    private static DuckDbFrontEnd? s_frontEnd;

    /// <summary>Where lakes of tests lie.</summary>
    internal static string Folder { get; } = Path.Combine(Path.GetTempPath(), $"lepton-featurestore-{Environment.ProcessId}");

    internal static IEngine Engine => s_engine!;

    internal static Binder Binder => new(s_frontEnd!);

    /// <summary>For joins over batches, which need no lake.</summary>
    internal static FeatureStoreContext ContextWithoutLake => ContextOf(Engine);

    internal static FeatureStoreContext ContextOf(IEngine engine) => new(null!, engine, Binder);

    internal static FeatureStoreContext ContextOf(Lake lake, bool readsLatest = true) => new(new LakeCatalog(lake, readsLatest), Engine, Binder);

    /// <summary>A run at a time that never changes.</summary>
    internal static RunContext NewRun(int hour = 12, long memoryBytes = 1L << 30)
    {
        var time = new FixedTime(new DateTimeOffset(2026, 11, 21, hour, 0, 0, TimeSpan.Zero));
        return new RunContext(RunId.Create(time), AccessContext.Owner, time, new MemoryBudget(memoryBytes));
    }

    [OneTimeSetUp]
    public void Open()
    {
        Directory.CreateDirectory(Folder);
        s_engine = new DuckDbEngine(new DuckDbEngineOptions { AllowedFolders = [Folder], ThreadCount = 2 });
        s_frontEnd = new DuckDbFrontEnd();
    }

    [OneTimeTearDown]
    public async Task Close()
    {
        await s_engine!.DisposeAsync();
        s_frontEnd!.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
