using System.Diagnostics;
using Lepton.Data.Storage.Objects.S3;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.S3;

/// <summary>s3proxy over a folder, on a free port: a server that checks signatures and was not written by us. Started by the first test that asks, ended after the last; each test has a prefix of its own.</summary>
internal sealed class S3Server : IDisposable
{
    internal const string Bucket = "lake-bucket", Key = "test-key", Secret = "test/secret+key";

    private static readonly TimeSpan s_startLimit = TimeSpan.FromMinutes(2);

    private static readonly Lazy<S3Server> s_shared = new(() => new S3Server());

    private readonly TestFolder _folder = new();
    private readonly Process _process;

    private S3Server()
    {
        string classPath = Peers.Jars("s3proxy", "tests/System/S3/pom.xml");
        Endpoint = $"http://127.0.0.1:{Peers.FreePort()}";
        Directory.CreateDirectory(_folder[$"data/{Bucket}"]);
        _folder.Write("s3proxy.conf", $"""
            s3proxy.endpoint={Endpoint}
            s3proxy.authorization=aws-v4
            s3proxy.identity={Key}
            s3proxy.credential={Secret}
            s3proxy.v4-max-non-chunked-request-size=134217728
            jclouds.provider=filesystem-nio2
            jclouds.filesystem.basedir={_folder["data"]}
            """);
        // All that it says is that it is ready.
        _folder.Write("logback.xml", """
            <configuration>
              <appender name="out" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%msg%n</pattern></encoder></appender>
              <logger name="org.gaul.shaded.org.eclipse.jetty.server.Server" level="info"><appender-ref ref="out"/></logger>
              <root level="off"/>
            </configuration>
            """);
        // It lives for seconds: the code of the second compiler would come too late.
        _process = Process.Start(new ProcessStartInfo("java",
            ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", $"-Dlogback.configurationFile={_folder["logback.xml"]}", "-cp", classPath, "org.gaul.s3proxy.Main", "--properties", _folder["s3proxy.conf"]])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            Task<string> error = _process.StandardError.ReadToEndAsync();
            Task<bool> ready = ReadyAsync();
            if (!ready.Wait(s_startLimit)) Assert.Fail($"s3proxy was not ready within {s_startLimit}");
            if (!ready.Result) Assert.Fail($"s3proxy ended: {error.Result}");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The server of this run; skips the test where there are no test assets.</summary>
    internal static S3Server Shared
    {
        get
        {
            Peers.NeedAssets("s3proxy");
            return s_shared.Value;
        }
    }

    internal string Endpoint { get; }

    /// <summary>Ends the server, if one was started.</summary>
    internal static void End()
    {
        if (s_shared.IsValueCreated) s_shared.Value.Dispose();
    }

    /// <summary>The keys of the bucket that begin so, in order.</summary>
    internal string[] Keys(string prefix) => [.. _folder.Files($"data/{Bucket}").Where(key => key.StartsWith(prefix, StringComparison.Ordinal))];

    /// <summary>The file in which the server keeps an object.</summary>
    internal string FileOf(string key) => _folder[$"data/{Bucket}/{key}"];

    /// <summary>A store of this process, as another machine has it: with a cache of its own.</summary>
    /// <param name="cacheFolder">Of the cache.</param>
    /// <param name="prefix">In the bucket.</param>
    /// <param name="partSize">Of uploads.</param>
    /// <param name="wire">The way to the server; null for the straight one.</param>
    /// <param name="cacheSize">Of the copies at most.</param>
    internal S3ObjectStore Store(string cacheFolder, string prefix, int partSize = 16 << 20, Wire? wire = null, long cacheSize = 1L << 30) => new(
        new S3Options
        {
            Bucket = Bucket,
            Prefix = prefix,
            Endpoint = new Uri(wire?.Endpoint ?? Endpoint),
            Credentials = () => new S3Credentials(Key, Secret),
            CacheFolder = cacheFolder,
            CacheSizeBytesMax = cacheSize,
            PartSizeBytes = partSize,
            RetryDelay = wire is null ? TimeSpan.FromMilliseconds(200) : TimeSpan.FromMilliseconds(1),
        },
        TimeProvider.System);

    /// <summary>The environment of a process that knows the server.</summary>
    /// <param name="cacheFolder">Absolute.</param>
    /// <param name="wire">The way to the server; null for the straight one.</param>
    internal IReadOnlyDictionary<string, string> Environment(string cacheFolder, Wire? wire = null) => new Dictionary<string, string>
    {
        ["AWS_ENDPOINT_URL_S3"] = wire?.Endpoint ?? Endpoint,
        ["AWS_ACCESS_KEY_ID"] = Key,
        ["AWS_SECRET_ACCESS_KEY"] = Secret,
        ["AWS_REGION"] = "eu-central-1",
        ["XDG_CACHE_HOME"] = cacheFolder,
    };

    /// <summary>The command, in such an environment.</summary>
    internal LeptonProcess Lepton(TestFolder project, string cache = "cache", Wire? wire = null)
        => Environment(project[cache], wire).Aggregate(project.Lepton, (lepton, variable) => lepton.With(variable.Key, variable.Value));

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _folder.Dispose();
    }

    // Reads on to the end, so that the server is never kept waiting.
    private async Task<bool> ReadyAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith("Started ", StringComparison.Ordinal)) continue;
            _ = _process.StandardOutput.ReadToEndAsync();
            return true;
        }
        return false;
    }
}
