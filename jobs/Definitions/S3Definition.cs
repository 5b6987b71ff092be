using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Storage.Objects.S3;

namespace Lepton.Data.Jobs.Definitions;

/// <summary>What <c>s3</c> in <c>lepton.yaml</c> says. Secrets do not stand there: it names the variables of the environment that hold them.</summary>
/// <param name="Endpoint">The server; null for Amazon's, or what AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL says.</param>
/// <param name="Region">The region; null for AWS_REGION, AWS_DEFAULT_REGION or us-east-1.</param>
/// <param name="UsesPathStyle">Where the bucket's name stands; null for what fits the server.</param>
/// <param name="AccessKeyVariable">The variable of the key's name.</param>
/// <param name="SecretKeyVariable">The variable of the key.</param>
/// <param name="SessionTokenVariable">The variable of a temporary key's token.</param>
/// <param name="CacheFolder">Where copies lie, relative to the project's folder; null for the user's cache folder.</param>
/// <param name="CacheSizeBytes">How much of them stays.</param>
public sealed record S3Definition(
    Uri? Endpoint, string? Region, bool? UsesPathStyle, string AccessKeyVariable, string SecretKeyVariable, string SessionTokenVariable, string? CacheFolder, long? CacheSizeBytes)
{
    private const long CacheSizeBytesMin = 1L << 20;

    /// <summary>What holds where nothing is said.</summary>
    public static S3Definition Default { get; } = new(null, null, null, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", null, null);

    /// <summary>Reads <c>s3</c>.</summary>
    public static RecordFormat<S3Definition> Format { get; } = RecordFormat.Declare<S3Definition>(
        new("bucket", "存储桶"),
        "How to speak to the server of a lake in a bucket.",
        "如何访问存储桶中数据湖所在的服务器。",
        format =>
        {
            Property<string> endpoint = format.Optional("endpoint", Kinds.Text, "The server, as `https://host:port`; AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or Amazon S3 where it is not said.", "服务器，形如 `https://host:port`；省略时取 AWS_ENDPOINT_URL_S3、AWS_ENDPOINT_URL 或 Amazon S3。");
            Property<string> region = format.Optional("region", Kinds.Text, "The region that requests are signed for; AWS_REGION, AWS_DEFAULT_REGION or `us-east-1` where it is not said.", "请求签名所用的区域；省略时取 AWS_REGION、AWS_DEFAULT_REGION 或 `us-east-1`。");
            Property<string> addressing = format.Optional("addressing", Kinds.Choice(("path", "path"), ("host", "host")), "Whether the bucket stands in the path or in the host's name; in the path where there is an endpoint or a dot in its name, else in the host's.", "存储桶名称位于路径还是主机名中；指定了服务器或名称含点时位于路径，否则位于主机名。");
            Property<string> accessKey = format.Optional("access_key_variable", Kinds.Text, Default.AccessKeyVariable, "The environment variable that holds the access key's id.", "存放访问密钥 ID 的环境变量。");
            Property<string> secretKey = format.Optional("secret_key_variable", Kinds.Text, Default.SecretKeyVariable, "The environment variable that holds the secret key.", "存放私有密钥的环境变量。");
            Property<string> token = format.Optional("session_token_variable", Kinds.Text, Default.SessionTokenVariable, "The environment variable that holds a temporary key's token; it may be unset.", "存放临时密钥令牌的环境变量；可以不设置。");
            Property<string> cache = format.Optional("cache", Kinds.Text, "The folder of local copies, relative to the project's folder; `lepton` in the user's cache folder where it is not said.", "本地副本所在的文件夹，相对于项目文件夹；省略时为用户缓存文件夹中的 `lepton`。");
            Property<long> cacheSize = format.Optional("cache_size", Kinds.ByteSize, "20GiB", "How much of the copies is kept.", "保留的副本总量。");
            return values =>
            {
                Uri? server = null;
                if (values.Find(endpoint) is { } text && !TryEndpoint(text, out server)) throw values.Error(endpoint, "jobs.s3_endpoint", text);
                if (values.Find(cacheSize) < CacheSizeBytesMin) throw values.Error(cacheSize, "jobs.s3_cache_too_small", CacheSizeBytesMin >> 20);
                return new S3Definition(
                    server, values.Find(region), values.Find(addressing) is { } style ? style == "path" : null,
                    values.Get(accessKey), values.Get(secretKey), values.Get(token), values.Find(cache), values.Find(cacheSize));
            };
        });

    /// <summary>The bucket that <paramref name="lake"/> names.</summary>
    /// <param name="lake"><c>s3://bucket/prefix</c>.</param>
    /// <param name="projectFolder">Absolute.</param>
    /// <exception cref="LeptonDataException"><c>jobs.s3_location</c>; <c>jobs.s3_endpoint</c> where the environment names none.</exception>
    internal S3Options OptionsFor(string lake, string projectFolder)
    {
        string[] parts = lake[Project.S3Scheme.Length..].TrimEnd('/').Split('/');
        if (!IsBucket(parts[0]) || parts.Skip(1).Any(part => part is "" or "." or "..")) throw new LeptonDataException("jobs.s3_location", [lake]);
        Uri? server = Endpoint;
        if (server is null && (Variable("AWS_ENDPOINT_URL_S3") ?? Variable("AWS_ENDPOINT_URL")) is { } named && !TryEndpoint(named, out server)) throw new LeptonDataException("jobs.s3_endpoint", [named]);
        string cache = Variable("XDG_CACHE_HOME") is { } folder && Path.IsPathRooted(folder) ? folder : Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return new S3Options
        {
            Bucket = parts[0],
            Prefix = string.Join('/', parts.Skip(1)),
            Endpoint = server,
            Region = Region ?? Variable("AWS_REGION") ?? Variable("AWS_DEFAULT_REGION") ?? "us-east-1",
            UsesPathStyle = UsesPathStyle,
            Credentials = () => S3Credentials.FromEnvironment(AccessKeyVariable, SecretKeyVariable, SessionTokenVariable),
            CacheFolder = CacheFolder is null ? Path.Join(cache, "lepton") : Path.GetFullPath(CacheFolder, projectFolder),
            CacheSizeBytesMax = CacheSizeBytes ?? 20L << 30,
        };
    }

    private static bool IsBucket(string name) => name.Length is >= 3 and <= 63 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.') && char.IsAsciiLetterOrDigit(name[0]);

    private static bool TryEndpoint(string text, out Uri? endpoint)
        => Uri.TryCreate(text, UriKind.Absolute, out endpoint) && endpoint.Scheme is "http" or "https" && endpoint.UserInfo.Length == 0 && endpoint.PathAndQuery == "/";

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
