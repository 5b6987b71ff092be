using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Objects.S3;

/// <summary>Which bucket of which server, and how to speak to it. Secrets are not part of it: they are asked for when a request is signed.</summary>
public sealed record S3Options
{
    /// <summary>The bucket's name.</summary>
    public required string Bucket { get; init; }

    /// <summary>What every key begins with, without <c>/</c> at its ends; empty for the whole bucket.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Scheme, host and port of a server other than Amazon's; null for Amazon S3 in <see cref="Region"/>.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The region that requests are signed for.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Whether the bucket stands in the path and not in the host's name; null: with an <see cref="Endpoint"/> or a dot in the bucket's name it does.</summary>
    public bool? UsesPathStyle { get; init; }

    /// <summary>Gives the credentials, each time a request is signed; null: requests are not signed (a public bucket).</summary>
    public Func<S3Credentials>? Credentials { get; init; }

    /// <summary>A folder of this machine, absolute, for copies of objects; processes share it. It must lie on a file system with hard links.</summary>
    public required string CacheFolder { get; init; }

    /// <summary>How much of the copies is kept, in bytes. What is read or written at a moment is there beyond it.</summary>
    public long CacheSizeBytesMax { get; init; } = 20L << 30;

    /// <summary>
    /// How long an answer may take to begin, and each read of it to bring a byte; a body to send has a second more for each 64 KiB. Until the server has answered once, all attempts of a request
    /// together take no longer.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a request is tried; from 1.</summary>
    public int AttemptsMax { get; init; } = 7;

    /// <summary>The longest wait before a second attempt; it doubles for each further one, and chance takes up to all of it off.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How large the parts of an upload are, in bytes: an object that is no larger goes in one request. From 5 MiB, Amazon's least.</summary>
    public int PartSizeBytes { get; init; } = 16 << 20;

    internal bool IsPathStyle => UsesPathStyle ?? (Endpoint is not null || Bucket.Contains('.', StringComparison.Ordinal));
}

/// <summary>What requests are signed with.</summary>
/// <param name="AccessKeyId">The name of the key.</param>
/// <param name="SecretAccessKey">The key.</param>
/// <param name="SessionToken">What belongs to a temporary key; null for a lasting one.</param>
public sealed record S3Credentials(string AccessKeyId, string SecretAccessKey, string? SessionToken = null)
{
    /// <summary>Takes them from the environment of this process.</summary>
    /// <param name="accessKeyId">The variable that holds the key's name.</param>
    /// <param name="secretAccessKey">The variable that holds the key.</param>
    /// <param name="sessionToken">The variable that holds the token of a temporary key; it may be unset.</param>
    /// <exception cref="LeptonDataException"><c>storage.s3_credentials</c>: one of the first two is not set, or holds a character that no header can.</exception>
    public static S3Credentials FromEnvironment(string accessKeyId = "AWS_ACCESS_KEY_ID", string secretAccessKey = "AWS_SECRET_ACCESS_KEY", string sessionToken = "AWS_SESSION_TOKEN")
        => new(Required(accessKeyId), Required(secretAccessKey), Optional(sessionToken)) { Names = (Variable(accessKeyId), Variable(secretAccessKey)) };

    /// <summary>What the two keys are called for a person who is to correct them.</summary>
    internal (BilingualText AccessKeyId, BilingualText SecretAccessKey) Names { get; private init; }
        = (new("the access key that S3Options.Credentials gives", "S3Options.Credentials 给出的访问密钥"), new("the secret key that S3Options.Credentials gives", "S3Options.Credentials 给出的私有密钥"));

    /// <summary>The key's name alone: the rest is secret.</summary>
    public override string ToString() => AccessKeyId;

    private static BilingualText Variable(string name) => new($"the environment variable {name}", $"环境变量 {name}");

    private static string Required(string variable) => Optional(variable) ?? throw new LeptonDataException("storage.s3_credentials", [variable]);

    private static string? Optional(string variable)
    {
        string? value = Environment.GetEnvironmentVariable(variable)?.Trim();
        if (string.IsNullOrEmpty(value)) return null;
        return value.All(c => c is > ' ' and < '\x7f') ? value : throw new LeptonDataException("storage.s3_credentials", [variable]);
    }
}
