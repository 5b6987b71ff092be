using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>Where a file of a table lies.</summary>
/// <param name="Path">Relative to the table's folder and decoded; as it is called outside (absolute, or a URL) where the file lies elsewhere in the store (a shallow clone).</param>
/// <param name="Written">As the log has it, where we would write it otherwise: other writers compare paths by these letters. Null where we would write the same.</param>
internal readonly record struct FilePath(string Path, string? Written)
{
    /// <summary>As it stands in the log.</summary>
    internal string InLog => Written ?? PathEncoding.Encode(Path);
}

/// <summary>File paths as the log holds them: relative, <c>/</c> between parts, each byte of UTF-8 outside RFC 3986's unreserved characters (and <c>=</c>) as <c>%XX</c>.</summary>
internal static class PathEncoding
{
    private const string S3Scheme = "s3://";

    private static readonly SearchValues<byte> s_plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/="u8);

    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    internal static string Encode(string path)
    {
        var encoded = new StringBuilder(path.Length + 16);
        foreach (byte value in s_strictUtf8.GetBytes(path))
        {
            char c = (char)value;
            if (char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~' or '/' or '=') encoded.Append(c);
            else encoded.Append('%').Append(value.ToString("X2", CultureInfo.InvariantCulture));
        }
        return encoded.ToString();
    }

    /// <summary>The file that a path in the log of a table means.</summary>
    /// <param name="encoded">As the log has it.</param>
    /// <param name="table">What the table's folder is called outside: an absolute path or a URL.</param>
    /// <param name="root">Likewise the store's root: no file beyond it is read. Empty where that was looked at before.</param>
    /// <param name="path">The file.</param>
    /// <returns>False for what is not well encoded, or leads out of the store.</returns>
    internal static bool TryRead(string encoded, string table, string root, out FilePath path)
    {
        // The names that writers make up are such: nothing to decode, and nothing to look at twice.
        path = new FilePath(encoded, null);
        if (IsPlain(Encoding.UTF8.GetBytes(encoded))) return true;
        path = default;
        if (SchemeOf(encoded) is not ({ } scheme, { } absolute))
        {
            if (!TryDecode(encoded, out string? relative)) return false;
            path = new FilePath(relative, Encode(relative) == encoded ? null : encoded);
            return true;
        }
        if (!TryUnescape(absolute, out string? rest) || !IsBelowFolder(rest.TrimStart('/')) || rest.StartsWith("//", StringComparison.Ordinal)) return false;
        string file = scheme + rest;
        if (file.StartsWith($"{table}/", StringComparison.Ordinal)) path = new FilePath(file[(table.Length + 1)..], encoded);
        else if (root.Length == 0 || file.StartsWith($"{root}/", StringComparison.Ordinal)) path = new FilePath(file, encoded);
        else return false;
        return true;
    }

    /// <summary>Whether a file's path is one as it is called outside, and not relative to its table's folder.</summary>
    internal static bool IsAbsolute(string path) => path.StartsWith('/') || path.StartsWith(S3Scheme, StringComparison.Ordinal);

    // Of an absolute path what our names of it begin with, and the rest. Hadoop calls S3 by other names, too.
    private static (string Scheme, string Path)? SchemeOf(string encoded)
    {
        if (encoded.StartsWith('/')) return ("", encoded);
        if (encoded.StartsWith("file:///", StringComparison.Ordinal)) return ("", encoded["file://".Length..]);
        if (encoded.StartsWith("file:/", StringComparison.Ordinal) && !encoded.StartsWith("file://", StringComparison.Ordinal)) return ("", encoded["file:".Length..]);
        foreach (string scheme in (string[])[S3Scheme, "s3a://", "s3n://"])
            if (encoded.StartsWith(scheme, StringComparison.Ordinal)) return (S3Scheme, encoded[scheme.Length..]);
        return null;
    }

    /// <summary>Whether a path in a log is the path that it means, relative and below the table's folder.</summary>
    internal static bool IsPlain(ReadOnlySpan<byte> encoded)
        => encoded is [not ((byte)'.' or (byte)'/'), ..] && encoded[^1] != '/' && !encoded.ContainsAnyExcept(s_plain) && encoded.IndexOf("/."u8) < 0 && encoded.IndexOf("//"u8) < 0;

    /// <summary>The path that <paramref name="encoded"/> means.</summary>
    /// <returns>False for what is not well encoded or not a path below the table's folder: absolute, with a scheme, with <c>.</c> or <c>..</c> or an empty part, or with a NUL.</returns>
    internal static bool TryDecode(string encoded, [NotNullWhen(true)] out string? path)
    {
        path = null;
        if (HasScheme(encoded)) return false;
        string decoded = encoded;
        if (encoded.Contains('%', StringComparison.Ordinal))
        {
            if (!TryUnescape(encoded, out decoded!)) return false;
        }
        if (!IsBelowFolder(decoded)) return false;
        path = decoded;
        return true;
    }

    /// <summary>Whether a decoded path is relative and stays in its folder.</summary>
    internal static bool IsBelowFolder(string path)
        => path.Length > 0 && !path.Contains('\0', StringComparison.Ordinal) && path.Split('/').All(part => part is not ("" or "." or "..")) && !HasLoneSurrogate(path);

    // "s3://bucket/x" and "file:/x": whatever comes before the first slash and holds a colon is a scheme (a colon in a name is written %3A).
    private static bool HasScheme(string encoded)
    {
        int colon = encoded.IndexOf(':', StringComparison.Ordinal);
        int slash = encoded.IndexOf('/', StringComparison.Ordinal);
        return colon >= 0 && (slash < 0 || colon < slash);
    }

    private static bool TryUnescape(string encoded, [NotNullWhen(true)] out string? decoded)
    {
        decoded = null;
        var bytes = new List<byte>(encoded.Length);
        try
        {
            for (int i = 0; i < encoded.Length;)
            {
                if (encoded[i] != '%')
                {
                    int end = encoded.IndexOf('%', i);
                    if (end < 0) end = encoded.Length;
                    bytes.AddRange(s_strictUtf8.GetBytes(encoded[i..end]));
                    i = end;
                    continue;
                }
                if (i + 2 >= encoded.Length || !char.IsAsciiHexDigit(encoded[i + 1]) || !char.IsAsciiHexDigit(encoded[i + 2])) return false;
                bytes.Add(byte.Parse(encoded.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                i += 3;
            }
            decoded = s_strictUtf8.GetString([.. bytes]);
            return true;
        }
        catch (ArgumentException)
        {
            // Bytes that are not UTF-8, or half a surrogate pair.
            return false;
        }
    }

    private static bool HasLoneSurrogate(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1])) return true;
            i++;
        }
        return false;
    }
}
