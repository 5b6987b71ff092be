using System.Net;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Jobs.Reports;

/// <summary>Puts a report's model, its page and ECharts into one HTML file that needs nothing else.</summary>
public static class HtmlReport
{
    // In the order in which they rely on each other.
    private static readonly string[] s_scripts =
        ["report.format.js", "report.dom.js", "report.charts.js", "report.sections.tables.js", "report.sections.features.js", "report.sections.leaks.js", "report.sections.panels.js", "report.main.js"];

    // Chinese stays readable in the file; <, > and & are still escaped, so that no data can end its script element.
    private static readonly ReportJson s_json = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All), PropertyNamingPolicy = JsonNamingPolicy.CamelCase });

    /// <summary>Writes the report beside <paramref name="path"/> and moves it there in one step.</summary>
    /// <param name="model">What it says.</param>
    /// <param name="path">Where.</param>
    /// <param name="identity">What it rests on, 64 hexadecimal digits; then <see cref="IsAsWrittenAsync"/> knows the file again. Null for none.</param>
    /// <param name="cancellationToken">Cancelled, what stood there stays.</param>
    /// <exception cref="IOException">The file cannot be written; what stood there stays.</exception>
    public static async Task WriteAsync(ReportModel model, string path, string? identity = null, CancellationToken cancellationToken = default)
    {
        string aside = path + ".new";
        try
        {
            byte[] page = Encoding.UTF8.GetBytes(Render(model));
            await File.WriteAllBytesAsync(aside, identity is null ? page : [.. page, .. Seal(page, identity)], cancellationToken);
            File.Move(aside, path, overwrite: true);
        }
        catch
        {
            Drop(aside);
            throw;
        }
    }

    /// <summary>Whether the file at <paramref name="path"/> is a report that rests on <paramref name="identity"/>, byte for byte as it was written.</summary>
    public static async Task<bool> IsAsWrittenAsync(string path, string identity, CancellationToken cancellationToken = default)
    {
        try
        {
            byte[] file = await File.ReadAllBytesAsync(path, cancellationToken);
            int length = file.Length - Seal([], identity).Length;
            return length >= 0 && file.AsSpan(length).SequenceEqual(Seal(file.AsSpan(0, length), identity));
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            return false;
        }
    }

    // The file's last line: what the report rests on, and a digest of all before it, so that an edit shows.
    private static byte[] Seal(ReadOnlySpan<byte> page, string identity)
        => Encoding.UTF8.GetBytes($"<!-- lepton.report {identity} {Convert.ToHexStringLower(SHA256.HashData(page))} -->\n");

    /// <summary>The model as the page reads it.</summary>
    internal static string Json(ReportModel model) => JsonSerializer.Serialize(model, s_json.ReportModel);

    // Why the report could not be written is the news, not that its beginning could not be taken away.
    private static void Drop(string aside)
    {
        try
        {
            File.Delete(aside);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
        }
    }

    /// <summary>The whole file.</summary>
    public static string Render(ReportModel model)
    {
        var parts = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["title"] = WebUtility.HtmlEncode(model.Title.En ?? model.Title.Zh ?? ""),
            ["css"] = Asset("report.css"),
            ["data"] = Json(model),
            ["texts"] = Asset("texts.json"),
            ["echarts"] = Asset("echarts.min.js"),
            ["script"] = $"(() => {{\n'use strict';\n{string.Join('\n', s_scripts.Select(Asset))}\n}})();",
        };
        return Fill(Asset("report.html"), parts);
    }

    internal static string Asset(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("Reports/" + name)
            ?? throw new InvalidOperationException($"the resource {name} is not embedded");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    // One pass: what is filled in is never looked through again, so data that holds {{script}} stays as it is.
    private static string Fill(string template, Dictionary<string, string> parts)
    {
        var html = new StringBuilder(template.Length + parts.Values.Sum(part => part.Length));
        int at = 0;
        while (template.IndexOf("{{", at, StringComparison.Ordinal) is int open and >= 0)
        {
            int close = template.IndexOf("}}", open, StringComparison.Ordinal);
            html.Append(template, at, open - at).Append(parts[template[(open + 2)..close]]);
            at = close + 2;
        }
        return html.Append(template, at, template.Length - at).ToString();
    }
}
