using System.Net;
using System.Reflection;
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
        ["report.format.js", "report.dom.js", "report.charts.js", "report.sections.tables.js", "report.sections.features.js", "report.sections.panels.js", "report.main.js"];

    // Chinese stays readable in the file; <, > and & are still escaped, so that no data can end its script element.
    private static readonly ReportJson s_json = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All), PropertyNamingPolicy = JsonNamingPolicy.CamelCase });

    /// <summary>Writes the report beside <paramref name="path"/> and moves it there in one step.</summary>
    /// <exception cref="IOException">The file cannot be written; what stood there stays.</exception>
    public static async Task WriteAsync(ReportModel model, string path, CancellationToken cancellationToken = default)
    {
        string aside = path + ".new";
        try
        {
            await File.WriteAllTextAsync(aside, Render(model), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), cancellationToken);
            File.Move(aside, path, overwrite: true);
        }
        catch
        {
            Drop(aside);
            throw;
        }
    }

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
            ["data"] = JsonSerializer.Serialize(model, s_json.ReportModel),
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
