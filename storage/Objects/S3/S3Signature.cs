using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Lepton.Data.Storage.Objects.S3;

/// <summary>AWS Signature Version 4 in a header, as Amazon S3 wants it ("Authenticating Requests: Using the Authorization Header").</summary>
internal static class S3Signature
{
    /// <summary>SHA-256 of nothing.</summary>
    internal const string EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>The value of the header <c>Authorization</c>.</summary>
    /// <param name="method"><c>GET</c>, …</param>
    /// <param name="path">As it is sent: encoded by <see cref="Encode"/>, beginning with <c>/</c>.</param>
    /// <param name="query">As it is sent, encoded and in order.</param>
    /// <param name="headers">Those that are signed, names in lower case: <c>host</c>, <c>x-amz-content-sha256</c>, <c>x-amz-date</c> and whatever others.</param>
    /// <param name="time">When, as <c>x-amz-date</c> says it.</param>
    /// <param name="region">Where.</param>
    /// <param name="credentials">Who.</param>
    internal static string Authorization(
        string method, string path, string query, IReadOnlyCollection<(string Name, string Value)> headers, DateTimeOffset time, string region, S3Credentials credentials)
    {
        (string Name, string Value)[] signed = [.. headers.OrderBy(header => header.Name, StringComparer.Ordinal)];
        string names = string.Join(';', signed.Select(header => header.Name));
        var request = new StringBuilder();
        request.Append(method).Append('\n').Append(path).Append('\n').Append(query).Append('\n');
        foreach ((string name, string value) in signed) request.Append(name).Append(':').Append(value.Trim()).Append('\n');
        request.Append('\n').Append(names).Append('\n').Append(signed.First(header => header.Name == "x-amz-content-sha256").Value);

        string scope = $"{DateOf(time)}/{region}/s3/aws4_request";
        string text = $"{Algorithm}\n{TimeOf(time)}\n{scope}\n{Hash(Encoding.UTF8.GetBytes(request.ToString()))}";
        byte[] key = Encoding.UTF8.GetBytes($"AWS4{credentials.SecretAccessKey}");
        foreach (string part in scope.Split('/')) key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        string signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));
        return $"{Algorithm} Credential={credentials.AccessKeyId}/{scope},SignedHeaders={names},Signature={signature}";
    }

    /// <summary>A time as <c>x-amz-date</c> has it.</summary>
    internal static string TimeOf(DateTimeOffset time) => time.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A body's digest, in lower-case hexadecimal digits.</summary>
    internal static string Hash(ReadOnlySpan<byte> body) => body.IsEmpty ? EmptyHash : Convert.ToHexStringLower(SHA256.HashData(body));

    /// <summary>Each byte of UTF-8 outside RFC 3986's unreserved characters as <c>%XX</c>; a space is <c>%20</c>.</summary>
    /// <param name="text">A key, or a name or value of the query.</param>
    /// <param name="keepsSlash">Whether <c>/</c> stays: in a key's path it does, in a query it does not.</param>
    internal static string Encode(string text, bool keepsSlash)
    {
        var encoded = new StringBuilder(text.Length + 16);
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            char c = (char)value;
            if (char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~' || (c == '/' && keepsSlash)) encoded.Append(c);
            else encoded.Append('%').Append(value.ToString("X2", CultureInfo.InvariantCulture));
        }
        return encoded.ToString();
    }

    private static string DateOf(DateTimeOffset time) => time.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
}
