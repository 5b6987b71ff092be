using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Lepton.Data.Storage.Objects.S3;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.S3;

/// <summary>s3proxy over a folder, on a free port, ended with the test: a server that checks signatures and was not written by us.</summary>
internal sealed class S3Server : IDisposable
{
    internal const string Bucket = "lake-bucket", Key = "test-key", Secret = "test/secret+key";

    private readonly TestFolder _folder = new();
    private readonly Process _process;

    private S3Server(string classPath, int port)
    {
        Endpoint = $"http://127.0.0.1:{port}";
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
        _folder.Write("quiet.xml", "<configuration><root level=\"off\"/></configuration>");
        _process = Process.Start(new ProcessStartInfo("java", ["-Xmx512m", $"-Dlogback.configurationFile={_folder["quiet.xml"]}", "-cp", classPath, "org.gaul.s3proxy.Main", "--properties", _folder["s3proxy.conf"]])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    internal string Endpoint { get; }

    /// <summary>The files of the bucket, as the server keeps them.</summary>
    internal string[] Files() => _folder.Files($"data/{Bucket}");

    internal static S3Server Start()
    {
        var server = new S3Server(Peers.Jars("s3proxy", "tests/System/S3/pom.xml"), Peers.FreePort());
        for (int attempt = 0; ; attempt++)
        {
            using var client = new TcpClient();
            try
            {
                client.Connect(IPAddress.Loopback, new Uri(server.Endpoint).Port);
                return server;
            }
            catch (SocketException) when (attempt < 600 && !server._process.HasExited)
            {
                Thread.Sleep(100);
            }
        }
    }

    /// <summary>A store of this process, as another machine has it: with a cache of its own.</summary>
    internal S3ObjectStore Store(string cacheFolder, string prefix, int partSize = 16 << 20) => new(
        new S3Options
        {
            Bucket = Bucket,
            Prefix = prefix,
            Endpoint = new Uri(Endpoint),
            Credentials = () => new S3Credentials(Key, Secret),
            CacheFolder = cacheFolder,
            PartSizeBytes = partSize,
        },
        TimeProvider.System);

    /// <summary>The command, in an environment that knows the server.</summary>
    internal LeptonProcess Lepton(TestFolder project, string cache = "cache") => project.Lepton
        .With("AWS_ENDPOINT_URL_S3", Endpoint).With("AWS_ACCESS_KEY_ID", Key).With("AWS_SECRET_ACCESS_KEY", Secret).With("XDG_CACHE_HOME", project[cache]).With("AWS_REGION", "eu-central-1");

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _folder.Dispose();
    }
}
