using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.S3;

/// <summary>Promise 1 of the design, in a bucket: <c>kill -9</c> at any request, and after the next run every record is in the tables once.</summary>
[TestFixture]
internal sealed class S3KillTests
{
    private const int Killed = 137;

    private S3Server _server = null!;

    [OneTimeSetUp]
    public void StartServer() => _server = S3Server.Shared;

    [Test]
    [Category("Torture")]
    public void Run_KilledAtRandomRequests_LeavesWholeTablesAndTheNextRunFinishes()
    {
        int kills = IsTorture ? 60 : 5, seed = 20010621;
        TestContext.Out.WriteLine($"seed {seed}, {kills} kills");
        var random = new Random(seed);
        using TestFolder local = SmallProject.Create(), remote = SmallProject.Create();
        remote.Replace("lepton.yaml", "lake: lake", $"lake: s3://{S3Server.Bucket}/killed");
        Make(local);
        using var wire = new Wire(_server.Endpoint);
        _server.Lepton(remote, wire: wire).Done("run");
        int requests = wire.RequestCount;
        for (int kill = 1; kill <= kills; kill++)
        {
            int at = random.Next(1, requests);
            bool isDone = random.Next(2) == 0;
            KillAt(remote, wire, (request, _) => request == at, isDone, $"seed {seed}, kill {kill} at request {at} of {requests}", "run", "--full-refresh");
        }
        Make(remote);
        Assert.That(Tables(remote), Is.EqualTo(Tables(local)), $"seed {seed}");
        Assert.That(DatasetHash(remote), Is.EqualTo(DatasetHash(local)), $"seed {seed}");
        Assert.That(Directory.GetFileSystemEntries(remote["cache/lepton"], "session-*"), Is.Empty, "what the killed ones kept is gone");
    }

    /// <summary>Moments of an upload in parts.</summary>
    private static readonly (string Name, Func<string, bool> IsIt, bool IsDone)[] s_moments =
    [
        ("a part was not taken", line => line.Contains("partNumber=2&", StringComparison.Ordinal), false),
        ("it was completed, and the run was not told", line => line.StartsWith("POST ", StringComparison.Ordinal) && line.Contains("uploadId=", StringComparison.Ordinal), true),
        ("it had not begun", line => line.Contains("?uploads=", StringComparison.Ordinal), false),
        ("it had just begun", line => line.Contains("?uploads=", StringComparison.Ordinal), true),
        ("a part was taken", line => line.Contains("partNumber=1&", StringComparison.Ordinal), true),
        ("it was not completed", line => line.StartsWith("POST ", StringComparison.Ordinal) && line.Contains("uploadId=", StringComparison.Ordinal), false),
    ];

    [Test]
    [Category("Torture")]
    public void Run_KilledInTheMiddleOfAnUpload_LeavesNothingToSeeAndTheNextRunFinishes()
    {
        const string Rows = "parts/main/numbers/part-";
        using TestFolder local = NumbersProject("lake"), remote = NumbersProject($"s3://{S3Server.Bucket}/parts");
        local.Lepton.Done("run");
        using var wire = new Wire(_server.Endpoint);
        foreach ((string name, Func<string, bool> isIt, bool isDone) in IsTorture ? s_moments : s_moments[..2])
        {
            KillAt(remote, wire, (_, line) => isIt(line), isDone, name, "run");
            Assert.That(Tables(remote), Does.Not.Contain("numbers"), name);
            // A file that no commit names.
            if (!isDone || !name.Contains("completed", StringComparison.Ordinal)) Assert.That(_server.Keys(Rows), Is.Empty, name);
        }
        _server.Lepton(remote).Done("run");
        Assert.That(Tables(remote), Is.EqualTo(Tables(local)));
        Assert.That(_server.Keys(Rows), Has.Length.EqualTo(1), "what the killed ones had uploaded is gone");
        Assert.That(Directory.GetFileSystemEntries(remote["cache/lepton"], "session-*"), Is.Empty, "what the killed ones kept is gone");
    }

    // A bucket has no folder aside: what is built lies on this machine, and another process there finds it.
    [Test]
    public void DatasetCreate_KilledWhileItPublishes_TakesWhatItHadWritten()
    {
        using TestFolder local = SmallProject.Create(), remote = SmallProject.Create();
        remote.Replace("lepton.yaml", "lake: lake", $"lake: s3://{S3Server.Bucket}/resumed");
        Make(local);
        _server.Lepton(remote).Done("run");
        _server.Lepton(remote).Done("apply");
        using var wire = new Wire(_server.Endpoint);
        KillAt(remote, wire, (_, line) => line.StartsWith("PUT ", StringComparison.Ordinal) && line.Contains("/datasets/big_orders/v1/", StringComparison.Ordinal), isDone: false, "its rows are uploaded", "dataset", "create");
        Assert.That(_server.Lepton(remote, wire: wire).Done("dataset", "create", "--output", "json").Json.GetProperty("training_sets")[0].GetProperty("files_taken").GetInt32(), Is.EqualTo(1));
        Assert.That(DatasetHash(remote), Is.EqualTo(DatasetHash(local)));
        Assert.That(Directory.GetFileSystemEntries(remote["cache/lepton"], ".building-*", SearchOption.AllDirectories), Is.Empty, "nothing is left");
    }

    private static bool IsTorture => Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 };

    /// <summary>Runs a command that is killed at a request: before the server sees it, or after it was done and before its answer comes.</summary>
    private void KillAt(TestFolder project, Wire wire, Func<int, string, bool> isIt, bool isDone, string what, params string[] command)
    {
        var started = new TaskCompletionSource<RunningLepton>(TaskCreationOptions.RunContinuationsAsynchronously);
        int isKilled = 0;
        wire.RequestCount = 0;
        wire.Request = (request, line) =>
        {
            if (!isIt(request, line) || Interlocked.Exchange(ref isKilled, 1) == 1) return WireFault.None;
            if (isDone) return WireFault.AnswerLost;
            started.Task.Result.Process.Kill();
            return WireFault.RequestLost;
        };
        wire.Lost = () => started.Task.Result.Process.Kill();
        using RunningLepton running = _server.Lepton(project, wire: wire).Start(command);
        started.SetResult(running);
        Answer answer = running.WaitForEnd();
        (wire.Request, wire.Lost) = ((_, _) => WireFault.None, () => { });
        Assert.That(answer.ExitCode, Is.EqualTo(Killed), $"{what}: {answer}");
    }

    /// <summary>A table of one file that is uploaded in two parts: numbers of eight bytes that do not compress.</summary>
    private static TestFolder NumbersProject(string lake)
    {
        var folder = new TestFolder();
        folder.Write("lepton.yaml", $"project: numbers\nlake: {lake}\n");
        folder.Write("pipelines/numbers.yaml", """
            pipeline: numbers
            sources:
              numbers_raw: { format: parquet, path: data/numbers.parquet }
            steps:
              numbers:
                sql: SELECT number FROM numbers_raw

            """);
        Directory.CreateDirectory(folder["data"]);
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [folder.Path] });
        using DuckDbConnection connection = database.Connect();
        connection.Execute($"COPY (SELECT CAST(hash(i) >> 1 AS BIGINT) AS number FROM range(2300000) AS s(i)) TO {SqlLiteral.Text(folder["data/numbers.parquet"])} (FORMAT parquet)");
        return folder;
    }

    private void Make(TestFolder folder)
    {
        _server.Lepton(folder).Done("run");
        _server.Lepton(folder).Done("apply");
        _server.Lepton(folder).Done("dataset", "create");
    }

    private string Tables(TestFolder folder) => S3ServerTests.Tables(_server.Lepton(folder));

    private string? DatasetHash(TestFolder folder) => _server.Lepton(folder).Done("dataset", "describe", "big_orders", "--output", "json").Json.GetProperty("content_hash").GetString();
}
