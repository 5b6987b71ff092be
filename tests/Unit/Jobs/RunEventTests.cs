using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Lepton.Data.Engines;
using Lepton.Data.Jobs;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Events;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Runs;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

/// <summary>What a run tells while it works: to a listener, and as OpenLineage to a file or a server.</summary>
public sealed class RunEventTests
{
    [Test]
    public async Task Listener_OfARun_HearsEachStepBeginAndEndWithWhatChanged()
    {
        await using ProjectFixture project = ProjectFixture.Shop();
        Heard first = await RunAsync(project);
        project.Csv("src", "id,amount\n1,10\n2,-5\n3,20\n4,30\n");
        Heard second = await RunAsync(project);
        Assert.Multiple(() =>
        {
            Assert.That(first.Events.Select(happened => happened switch { RunStarted => "run", StepStarted step => $"start {step.Step.Name}", StepEnded step => $"{step.Record.State} {step.Record.Name}", _ => "?" }), Is.EqualTo(new[] { "run", "start orders", "Done orders", "start totals", "Done totals" }));
            StepEnded orders = second.Events.OfType<StepEnded>().First();
            Assert.That((first.Events.OfType<StepEnded>().First().RowsBefore, orders.RowsBefore, orders.Record.RowsOut, orders.FileCount), Is.EqualTo(((long?)null, 2L, 3L, 1)));
            Assert.That(orders.SizeBytes, Is.GreaterThan(0));
            Assert.That(orders.Step.Inputs.Single().Dataset, Is.EqualTo(new RunningDataset("file", project.Folder["data/src.csv"])));
        });
    }

    [Test]
    public async Task OpenLineage_ToAFile_HasTheShapeOfItsSpecification()
    {
        await using ProjectFixture project = ProjectFixture.Shop();
        await SendAsync(project, "openlineage: { file: out/lineage.jsonl, namespace: shop }");
        JsonElement[] events = [.. File.ReadAllLines(project.Folder["out/lineage.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.That(events.Select(one => $"{Text(one, "eventType")} {Text(one, "job", "name")}"), Is.EqualTo(new[] { "START shop.orders", "COMPLETE shop.orders", "START shop.orders.rules", "COMPLETE shop.orders.rules", "START shop.totals", "COMPLETE shop.totals" }));
        foreach (JsonElement one in events) CheckShape(one);
        JsonElement orders = events[1];
        JsonElement output = orders.GetProperty("outputs")[0];
        Assert.Multiple(() =>
        {
            Assert.That(Text(events[0], "run", "runId"), Is.EqualTo(Text(orders, "run", "runId")).And.Not.EqualTo(Text(events[2], "run", "runId")));
            Assert.That(Text(events[2], "run", "runId"), Is.EqualTo(Text(events[3], "run", "runId")).And.Not.EqualTo(Text(events[4], "run", "runId")));
            Assert.That(Text(orders, "run", "facets", "parent", "job", "name"), Is.EqualTo("shop"));
            Assert.That(Text(orders.GetProperty("inputs")[0], "name"), Is.EqualTo(project.Folder["data/src.csv"]));
            Assert.That(Text(output, "name"), Is.EqualTo(Text(events[5].GetProperty("inputs")[0], "name")), "what one step makes is what the next reads");
            Assert.That(output.GetProperty("facets").GetProperty("schema").GetProperty("fields").EnumerateArray().Select(field => $"{Text(field, "name")} {Text(field, "type")}"), Is.EqualTo(new[] { "id BIGINT", "amount BIGINT" }));
            JsonElement lineage = output.GetProperty("facets").GetProperty("columnLineage").GetProperty("fields").GetProperty("amount").GetProperty("inputFields")[0];
            Assert.That((Text(lineage, "name"), Text(lineage, "field"), Text(lineage.GetProperty("transformations")[0], "type")), Is.EqualTo((project.Folder["data/src.csv"], "amount", "DIRECT")));
            JsonElement judged = events[3].GetProperty("inputs")[0];
            Assert.That(Text(judged, "name"), Is.EqualTo(Text(output, "name")), "rules are a job that reads the table");
            Assert.That(judged.GetProperty("inputFacets").GetProperty("dataQualityAssertions").GetProperty("assertions").EnumerateArray().Select(rule => (Text(rule, "assertion"), rule.GetProperty("success").GetBoolean(), Text(rule, "severity"))), Does.Contain(("positive: amount > 0", false, "warn")));
            Assert.That(output.GetProperty("facets").TryGetProperty("dataQualityAssertions", out _), Is.False);
            Assert.That(output.GetProperty("outputFacets").GetProperty("outputStatistics").GetProperty("rowCount").GetInt64(), Is.EqualTo(2));
        });
    }

    [Test]
    public async Task OpenLineage_ToAServer_IsPostedInOrderWithTheKey()
    {
        await using ProjectFixture project = ProjectFixture.Shop();
        using var server = new Listening();
        Environment.SetEnvironmentVariable("LEPTON_TEST_LINEAGE_KEY", "secret");
        OpenLineage sent = await SendAsync(project, $"openlineage: {{ url: \"{server.Url}\", api_key_variable: LEPTON_TEST_LINEAGE_KEY }}");
        Assert.That(sent.Undelivered, Is.Null);
        Assert.That(server.Received.Select(one => (one.Key, one.Type, Text(JsonDocument.Parse(one.Body).RootElement, "eventType"))), Is.EqualTo(new[]
        {
            ("Bearer secret", "application/json", "START"), ("Bearer secret", "application/json", "COMPLETE"), ("Bearer secret", "application/json", "START"), ("Bearer secret", "application/json", "COMPLETE"), ("Bearer secret", "application/json", "START"), ("Bearer secret", "application/json", "COMPLETE"),
        }));
    }

    [Test]
    public async Task OpenLineage_ServerThatRefuses_FailsNoRunAndIsCounted()
    {
        await using ProjectFixture project = ProjectFixture.Shop();
        using var server = new Listening { Status = HttpStatusCode.InternalServerError };
        OpenLineage sent = await SendAsync(project, $"openlineage: {{ url: \"{server.Url}\" }}");
        Assert.That(sent.Undelivered, Is.EqualTo(("HTTP 500", 6)));
        Assert.That((await project.SnapshotAsync("orders"))!.RowCount, Is.EqualTo(2));
    }

    [Test]
    public async Task OpenLineage_StepThatFails_SaysWhyAndWhatNeverRan()
    {
        await using ProjectFixture project = ProjectFixture.Shop();
        project.Pipeline(ProjectFixture.ShopPipeline.Replace("{ sql: amount > 0 }", "{ sql: amount > 0, on_failure: fail }", StringComparison.Ordinal));
        await SendAsync(project, "openlineage: { file: lineage.jsonl }");
        JsonElement[] events = [.. File.ReadAllLines(project.Folder["lineage.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement)];
        foreach (JsonElement one in events) CheckShape(one);
        Assert.That(events.Select(one => Text(one, "eventType")), Is.EqualTo(new[] { "START", "FAIL", "START", "ABORT" }));
        Assert.That(Text(events[1], "run", "facets", "errorMessage", "message"), Does.Contain("positive"));
    }

    [TestCase("openlineage: { }")]
    [TestCase("openlineage: { file: a, url: \"http://b\" }")]
    [TestCase("openlineage: { url: lineage.example }")]
    [TestCase("openlineage: { file: a, api_key_variable: KEY }")]
    public async Task OpenLineage_DeclaredWrongly_IsRefusedWithItsPlace(string yaml)
    {
        await using var project = new ProjectFixture();
        project.Folder.Write("lepton.yaml", $"project: test\n{yaml}\n");
        LeptonDataException refused = Assert.Throws<LeptonDataException>(() => Project.Load(project.Folder.Path))!;
        Assert.That(refused.Place?.LineNumber, Is.EqualTo(2), refused.Message);
    }

    // What https://openlineage.io/spec/2-0-2/OpenLineage.json requires.
    private static void CheckShape(JsonElement one)
    {
        Assert.That(DateTimeOffset.Parse(Text(one, "eventTime"), System.Globalization.CultureInfo.InvariantCulture).Offset, Is.EqualTo(TimeSpan.Zero));
        Assert.That(Text(one, "eventType"), Is.AnyOf("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"));
        Assert.That(Uri.IsWellFormedUriString(Text(one, "producer"), UriKind.Absolute));
        Assert.That(Text(one, "schemaURL"), Is.EqualTo("https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"));
        Assert.That(Guid.TryParse(Text(one, "run", "runId"), out _));
        Assert.That(Text(one, "job", "namespace"), Is.Not.Empty);
        foreach (JsonElement dataset in one.GetProperty("inputs").EnumerateArray().Concat(one.GetProperty("outputs").EnumerateArray()))
        {
            Assert.That(Text(dataset, "namespace"), Is.Not.Empty);
            Assert.That(Text(dataset, "name"), Is.Not.Empty);
            foreach (string kind in (string[])["facets", "inputFacets", "outputFacets"])
                if (dataset.TryGetProperty(kind, out JsonElement facets)) CheckFacets(facets);
        }
        CheckFacets(one.GetProperty("run").GetProperty("facets"));
        CheckFacets(one.GetProperty("job").GetProperty("facets"));
    }

    private static void CheckFacets(JsonElement facets)
    {
        foreach (JsonProperty facet in facets.EnumerateObject())
        {
            Assert.That(Uri.IsWellFormedUriString(Text(facet.Value, "_producer"), UriKind.Absolute), facet.Name);
            Assert.That(Text(facet.Value, "_schemaURL"), Does.Match($"^https://openlineage.io/spec/facets/[0-9]-[0-9]-[0-9]/[A-Za-z]+Facet.json#/[$]defs/[A-Za-z]+Facet$"), facet.Name);
        }
    }

    private static string Text(JsonElement element, params string[] path) => path.Aggregate(element, (at, name) => at.GetProperty(name)).GetString()!;

    private static async Task<Heard> RunAsync(ProjectFixture project)
    {
        var heard = new Heard();
        await RunWithAsync(project, heard);
        return heard;
    }

    private static async Task<OpenLineage> SendAsync(ProjectFixture project, string yaml)
    {
        project.Folder.Write("lepton.yaml", $"project: test\n{yaml}\n");
        var loaded = Project.Load(project.Folder.Path);
        var lineage = new OpenLineage(loaded.OpenLineage!, loaded);
        await RunWithAsync(project, lineage);
        await lineage.DisposeAsync();
        return lineage;
    }

    private static async Task RunWithAsync(ProjectFixture project, IRunListener listener)
    {
        var loaded = Project.Load(project.Folder.Path);
        IReadOnlyList<PipelineDefinition> pipelines = loaded.LoadPipelines();
        using var frontEnd = new DuckDbFrontEnd();
        await using var engine = new DuckDbEngine(new DuckDbEngineOptions { ThreadCount = 2, MemoryLimitBytes = 512L << 20, AllowedFolders = loaded.FoldersToReach(pipelines) });
        await new PipelineRunner(project.Lake, engine, frontEnd) { Listener = listener }.RunAsync(loaded, pipelines, project.Context(), new RunOptions(), CancellationToken.None);
    }

    private sealed class Heard : IRunListener
    {
        internal List<RunEvent> Events { get; } = [];

        public void Report(RunEvent happened)
        {
            lock (Events) Events.Add(happened);
        }
    }

    /// <summary>A server of one page on a free port, as small as a server can be.</summary>
    private sealed class Listening : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Task _serving;

        internal Listening()
        {
            _listener.Start();
            _serving = Task.Run(ServeAsync);
        }

        internal string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/api/v1/lineage";

        internal HttpStatusCode Status { get; init; } = HttpStatusCode.Created;

        internal List<(string Key, string Type, string Body)> Received { get; } = [];

        public void Dispose()
        {
            _listener.Stop();
            _serving.Wait(TimeSpan.FromSeconds(10));
        }

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using TcpClient client = await _listener.AcceptTcpClientAsync();
                    using NetworkStream stream = client.GetStream();
                    using var reader = new StreamReader(stream, Encoding.Latin1);
                    while (await reader.ReadLineAsync() is { Length: > 0 })
                    {
                        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
                        while (await reader.ReadLineAsync() is { Length: > 0 } header) headers[header[..header.IndexOf(':', StringComparison.Ordinal)]] = header[(header.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
                        char[] body = new char[int.Parse(headers["Content-Length"], System.Globalization.CultureInfo.InvariantCulture)];
                        await reader.ReadBlockAsync(body);
                        Received.Add((headers.GetValueOrDefault("Authorization", ""), headers["Content-Type"], new string(body)));
                        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {(int)Status} x\r\nContent-Length: 0\r\n\r\n"));
                    }
                }
            }
            catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException or InvalidOperationException or IOException)
            {
                // The test is over. Between two visitors the listener says so in words of its own.
            }
        }
    }
}
