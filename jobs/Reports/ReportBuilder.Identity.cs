using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lepton.Data.FeatureStore.TrainingSets;

namespace Lepton.Data.Jobs.Reports;

/// <summary>What a report rests on: where that is as it was, the report says what it said.</summary>
internal sealed partial class ReportBuilder
{
    /// <summary>A digest of all that the report is made from: the software, the definition, the runs that made the tables, the versions of tables and training sets that its queries read.</summary>
    /// <param name="outline">What is known before the queries run.</param>
    /// <param name="definitionText">The definition as it stands in its file.</param>
    /// <param name="cancellationToken">Observed between panels.</param>
    /// <returns>64 hexadecimal digits; null where a panel asks for the time or for chance, so that it may say something else each time.</returns>
    public async Task<string?> IdentityAsync(ReportOutline outline, ReadOnlyMemory<byte> definitionText, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        // Of this assembly the very build: its page and scripts change the report, too.
        text.Append(CultureInfo.InvariantCulture, $"{typeof(ReportBuilder).Module.ModuleVersionId}\n{Convert.ToHexStringLower(SHA256.HashData(definitionText.Span))}\n{HtmlReport.Json(outline.Model)}\n");
        foreach (TrainingSetManifest set in outline.TrainingSets.Select(set => set.Manifest))
            text.Append(CultureInfo.InvariantCulture, $"{set.Name} {set.Version} {set.Identity} {set.ContentHash} {set.RunId}\n");
        foreach (PanelDefinition panel in outline.Definition.Panels)
        {
            if (await _queries.PinsAsync(panel.Sql, cancellationToken) is not { } pins) return null;
            text.Append(CultureInfo.InvariantCulture, $"{panel.Name} {pins}\n");
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
