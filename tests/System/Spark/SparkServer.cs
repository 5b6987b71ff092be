using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Spark;

/// <summary>
/// A Spark Connect server with Delta Lake and a session of its Python client. Started by the first test that asks, ended after the last; made of what lies among the test assets
/// (tools/jars, tools/python).
/// </summary>
internal sealed class SparkServer : IDisposable
{
    // Java's modules that Spark looks into (its own launcher says so too).
    private static readonly string[] s_opened =
    [
        "java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio", "java.util", "java.util.concurrent", "java.util.concurrent.atomic", "jdk.internal.ref", "sun.nio.ch", "sun.nio.cs",
        "sun.security.action", "sun.util.calendar",
    ];

    private static readonly TimeSpan s_startLimit = TimeSpan.FromMinutes(2), s_answerLimit = TimeSpan.FromMinutes(5);

    private static SparkServer? s_running;

    private readonly TestFolder _folder = new();
    private readonly Process _server;
    private readonly Process _client;

    private SparkServer()
    {
        string classPath = Peers.Jars("spark", "tests/System/Spark/pom.xml");
        int port = Peers.FreePort();
        string log = _folder["server.log"];
        _server = Start("/bin/bash", ["-c", $"exec \"$@\" > '{log}' 2>&1", "spark", "java", .. ServerArguments(classPath, port)]);
        try
        {
            WaitForPort(port, log);
            _client = Start(Path.Combine(Peers.PythonFolder!, "bin/python"), [Path.Combine(LeptonProcess.Repository, "tests/System/Spark/session.py"), $"sc://127.0.0.1:{port}"]);
            Assert.That(Answer().TryGetProperty("version", out _), Is.True);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The server of this run; skips the test where there are no test assets.</summary>
    internal static SparkServer Running
    {
        get
        {
            Peers.NeedAssets("Spark");
            return s_running ??= new SparkServer();
        }
    }

    /// <summary>Ends the server, if one was started.</summary>
    internal static void End()
    {
        s_running?.Dispose();
        s_running = null;
    }

    /// <summary>Runs a statement.</summary>
    /// <returns>Its rows, as texts.</returns>
    internal string?[][] Sql(string sql)
        => [.. Ask(new Dictionary<string, string> { ["sql"] = sql }).GetProperty("rows").EnumerateArray().Select(row => row.EnumerateArray().Select(value => value.GetString()).ToArray())];

    /// <summary>Writes what a query returns to a Parquet file.</summary>
    /// <returns>How many rows.</returns>
    internal long Export(string sql, string path) => Ask(new Dictionary<string, string> { ["sql"] = sql, ["to"] = path }).GetProperty("rowCount").GetInt64();

    public void Dispose()
    {
        foreach (Process? process in new[] { _client, _server })
        {
            if (process is null) continue;
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }
        _folder.Dispose();
    }

    private JsonElement Ask(Dictionary<string, string> request)
    {
        _client.StandardInput.WriteLine(JsonSerializer.Serialize(request));
        _client.StandardInput.Flush();
        JsonElement answer = Answer();
        Assert.That(answer.TryGetProperty("error", out JsonElement error), Is.False, $"{request["sql"]}\n{error}");
        return answer;
    }

    private JsonElement Answer()
    {
        Task<string?> line = _client.StandardOutput.ReadLineAsync();
        Assert.That(line.Wait(s_answerLimit), Is.True, $"Spark gave no answer in {s_answerLimit}");
        return JsonDocument.Parse(line.Result ?? throw new InvalidOperationException($"Spark's client ended: {_client.StandardError.ReadToEnd()}")).RootElement;
    }

    private static Process Start(string program, IEnumerable<string> arguments)
        => Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = LeptonProcess.Repository })!;

    private void WaitForPort(int port, string log)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using var probe = new TcpClient();
                probe.Connect(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException) when (!_server.HasExited && waited.Elapsed < s_startLimit)
            {
                Thread.Sleep(100);
            }
            catch (SocketException)
            {
                throw new InvalidOperationException($"Spark did not start: {(File.Exists(log) ? File.ReadAllText(log) : "no log")}");
            }
        }
    }

    private IEnumerable<string> ServerArguments(string classPath, int port)
    {
        yield return "-XX:+IgnoreUnrecognizedVMOptions";
        yield return "--add-modules=jdk.incubator.vector";
        foreach (string package in s_opened) yield return $"--add-opens=java.base/{package}=ALL-UNNAMED";
        yield return "-Dio.netty.tryReflectionSetAccessible=true";
        yield return "-Xmx1g";
        yield return "-cp";
        yield return classPath;
        yield return "org.apache.spark.deploy.SparkSubmit";
        yield return "--class";
        yield return "org.apache.spark.sql.connect.service.SparkConnectServer";
        yield return "--master";
        yield return "local[2]";
        foreach (string setting in (string[])
        [
            "spark.connect.grpc.binding.address=127.0.0.1",
            $"spark.connect.grpc.binding.port={port}",
            "spark.connect.grpc.port.maxRetries=0",
            "spark.ui.enabled=false",
            "spark.driver.host=127.0.0.1",
            "spark.driver.bindAddress=127.0.0.1",
            "spark.sql.shuffle.partitions=2",
            "spark.sql.session.timeZone=UTC",
            "spark.sql.parquet.outputTimestampType=TIMESTAMP_MICROS",
            $"spark.local.dir={_folder["local"]}",
            $"spark.sql.warehouse.dir={_folder["warehouse"]}",
            "spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension",
            "spark.sql.catalog.spark_catalog=org.apache.spark.sql.delta.catalog.DeltaCatalog",
            "spark.databricks.delta.snapshotPartitions=1",
        ])
        {
            yield return "--conf";
            yield return setting;
        }
        yield return "spark-internal";
    }
}
