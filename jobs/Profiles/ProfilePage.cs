using System.Globalization;
using System.Net;
using System.Text;
using Lepton.Data.Jobs.Reports;
using Lepton.Data.Schemas;

namespace Lepton.Data.Jobs.Profiles;

/// <summary>A profile as one HTML file that needs nothing else and runs no script.</summary>
public static class ProfilePage
{
    private const int TopShown = 8;
    private const int ChartWidth = 320;
    private const int ChartHeight = 64;

    /// <summary>The whole file.</summary>
    /// <param name="profile">What it says.</param>
    /// <param name="culture">In which language.</param>
    public static string Render(TableProfile profile, CultureInfo culture)
    {
        string T(string code, params object?[] arguments) => WebUtility.HtmlEncode(MessageCatalog.Format(code, culture, arguments));
        var html = new StringBuilder();
        string title = T("jobs.profile_title", profile.Name);
        html.Append(CultureInfo.InvariantCulture, $"""
            <!DOCTYPE html>
            <html lang="{(culture.TwoLetterISOLanguageName == "zh" ? "zh" : "en")}" data-theme="light">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
            <meta name="generator" content="Lepton.Data">
            <link rel="icon" href="data:,">
            <title>{title}</title>
            <style>{HtmlReport.Asset("report.css")}
            .bars rect {"{ fill: var(--accent-mid); }"} .bars line {"{ stroke: var(--line); }"} .ends {"{ display: flex; justify-content: space-between; font-size: 13px; color: var(--muted); max-width: 320px; }"}
            .share {"{ display: inline-block; height: 8px; background: var(--accent-mid); border-radius: 2px; vertical-align: middle; margin-right: 8px; }"}
            .facts {"{ display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 8px 40px; }"} .facts td, .facts th[scope=row] {"{ padding-top: 4px; padding-bottom: 4px; font-size: 14px; }"}
            @media (max-width: 700px) {"{ .facts { grid-template-columns: minmax(0, 1fr); } }"}
            </style>
            </head>
            <body><div class="page"><header class="top"><div class="bar"><span class="brand"><b>Lepton.Data</b></span></div>
            <h1>{title}</h1></header>
            <div class="figures"><div><span class="n">{profile.RowCount:N0}</span><span class="l">{T("jobs.profile_rows")}</span></div><div><span class="n">{profile.Columns.Count:N0}</span><span class="l">{T("jobs.profile_columns")}</span></div></div>

            """);
        html.Append(CultureInfo.InvariantCulture, $"<section><table><thead><tr><th>{T("jobs.profile_column")}</th><th>{T("jobs.profile_type")}</th><th class=\"n\">NULL</th><th class=\"n\">{T("jobs.profile_distinct")}</th><th>{T("jobs.profile_min")}</th><th>{T("jobs.profile_max")}</th></tr></thead><tbody>\n");
        for (int i = 0; i < profile.Columns.Count; i++)
        {
            ColumnProfile column = profile.Columns[i];
            html.Append(CultureInfo.InvariantCulture, $"<tr><th scope=\"row\"><a href=\"#c{i}\"><code>{E(column.Field.Name)}</code></a></th><td><code>{E(column.Field.Type.ToString())}</code></td><td class=\"n\">{E(ProfileText.Share(column.NullCount, profile.RowCount))}</td><td class=\"n\">{E(Distinct(column))}</td><td>{Shown(column.Field.Type, column.Min)}</td><td>{Shown(column.Field.Type, column.Max)}</td></tr>\n");
        }
        html.Append("</tbody></table></section>\n");
        for (int i = 0; i < profile.Columns.Count; i++) Column(html, profile, i, T);
        return html.Append("</div></body></html>\n").ToString();
    }

    private static void Column(StringBuilder html, TableProfile profile, int index, Func<string, object?[], string> text)
    {
        ColumnProfile column = profile.Columns[index];
        DataType type = column.Field.Type;
        html.Append(CultureInfo.InvariantCulture, $"<section id=\"c{index}\" class=\"card\" style=\"margin-top:20px\"><h4><code>{E(column.Field.Name)}</code> <span class=\"tag\">{E(type.ToString())}</span></h4><div class=\"facts\"><div><table><tbody>\n");
        void Row(string code, string? value)
        {
            if (value is not null) html.Append(CultureInfo.InvariantCulture, $"<tr><th scope=\"row\">{text(code, [])}</th><td>{E(value)}</td></tr>\n");
        }
        string Number(double value) => ProfileText.Number(value);
        Row("jobs.profile_nulls", string.Create(CultureInfo.InvariantCulture, $"{column.NullCount:N0} ({ProfileText.Share(column.NullCount, profile.RowCount)})"));
        Row("jobs.profile_distinct", Distinct(column));
        Row("jobs.profile_mean", column.Mean is { } mean ? Number(mean) : null);
        Row("jobs.profile_deviation", column.StandardDeviation is { } deviation ? Number(deviation) : null);
        DataType quantileType = type.Id is TypeId.Date or TypeId.Instant or TypeId.NaiveTime ? type : DataType.Float64;
        for (int i = 0; i < column.Quantiles.Count; i++)
            html.Append(CultureInfo.InvariantCulture, $"<tr><th scope=\"row\">{text("jobs.profile_quantile", [(int)Math.Round(Profiler.Quantiles[i] * 100)])}</th><td>{(column.AreQuantilesExact ? "" : "≈ ")}{E(ProfileText.Value(quantileType, column.Quantiles[i]))}</td></tr>\n");
        Row("jobs.profile_nan", column.NanCount is > 0 and var nan ? nan.ToString("N0", CultureInfo.InvariantCulture) : null);
        Row("jobs.profile_infinite", column.InfiniteCount is > 0 and var infinite ? infinite.ToString("N0", CultureInfo.InvariantCulture) : null);
        Row("jobs.profile_empty", column.EmptyCount is > 0 and var empty ? empty.ToString("N0", CultureInfo.InvariantCulture) : null);
        Row("jobs.profile_length", column.Lengths is var (shortest, middle, longest) ? $"{shortest} – {Number(middle)} – {longest}" : null);
        html.Append("</tbody></table></div><div>\n");
        if (column.IsPersonal) html.Append(CultureInfo.InvariantCulture, $"<p class=\"small\">{text("jobs.profile_personal", [])}</p>\n");
        if (column.Histogram is { } histogram) Bars(html, histogram, column);
        if (column.Top.Count > 0)
        {
            html.Append(CultureInfo.InvariantCulture, $"<table><caption>{text("jobs.profile_top", [])}</caption><tbody>\n");
            long most = column.Top[0].Count;
            foreach (ValueCount value in column.Top.Take(TopShown))
                html.Append(CultureInfo.InvariantCulture, $"<tr><th scope=\"row\">{Shown(type, value.Value)}</th><td><span class=\"share\" style=\"width:{Math.Max(1, 100.0 * value.Count / most):0}px\"></span>{value.Count:N0} <span class=\"small\">({E(ProfileText.Share(value.Count, profile.RowCount))})</span></td></tr>\n");
            html.Append("</tbody></table>\n");
        }
        html.Append("</div></div></section>\n");
    }

    private static void Bars(StringBuilder html, Histogram histogram, ColumnProfile column)
    {
        double width = (double)ChartWidth / histogram.Counts.Count;
        long max = histogram.Counts.Max();
        html.Append(CultureInfo.InvariantCulture, $"<svg class=\"bars\" role=\"img\" aria-label=\"{E(ProfileText.Sparkline(histogram))}\" width=\"{ChartWidth}\" height=\"{ChartHeight}\" viewBox=\"0 0 {ChartWidth} {ChartHeight}\" style=\"max-width:100%\">");
        for (int i = 0; i < histogram.Counts.Count; i++)
        {
            if (histogram.Counts[i] == 0) continue;
            double height = Math.Max(1, (ChartHeight - 2) * ((double)histogram.Counts[i] / max));
            html.Append(CultureInfo.InvariantCulture, $"<rect x=\"{(i * width) + 0.5:0.##}\" y=\"{ChartHeight - 1 - height:0.##}\" width=\"{width - 1:0.##}\" height=\"{height:0.##}\"/>");
        }
        html.Append(CultureInfo.InvariantCulture, $"<line x1=\"0\" x2=\"{ChartWidth}\" y1=\"{ChartHeight - 0.5}\" y2=\"{ChartHeight - 0.5}\"/></svg><div class=\"ends\"><span>{Shown(column.Field.Type, column.Min)}</span><span>{Shown(column.Field.Type, column.Max)}</span></div>\n");
    }

    private static string Distinct(ColumnProfile column) => column.DistinctCount is { } count ? string.Create(CultureInfo.InvariantCulture, $"{(column.IsDistinctExact ? "" : "≈ ")}{count:N0}") : "–";

    // Long texts would make a page of one value.
    private static string Shown(DataType type, object? value)
    {
        if (value is null) return "–";
        string text = ProfileText.Value(type, value);
        return E(text.Length <= 80 ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[78]) ? 78 : 79), "…"));
    }

    private static string E(string? text) => WebUtility.HtmlEncode(text ?? "");
}
