using Lepton.Data.FeatureStore;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Jobs.Reports;

/// <summary>Writes a project's reports: one for each file of <c>reports/</c>, or a plain one where there is none.</summary>
/// <param name="project">The project.</param>
/// <param name="context">Its lake, and what runs queries.</param>
public sealed class ReportWriter(Project project, FeatureStoreContext context)
{
    /// <summary>Writes <c>report.html</c> into the project's folder; where there are several reports, <c>report-name.html</c> for each.</summary>
    /// <param name="path">Where to write instead, if there is only one report.</param>
    /// <param name="run">On whose behalf.</param>
    /// <param name="cancellationToken">Cancelled, no file is changed.</param>
    /// <exception cref="LeptonDataException">Nothing ran yet; a report's file is not as it must be; a panel's query failed; a file cannot be written.</exception>
    public async Task<IReadOnlyList<WrittenReport>> WriteAsync(string? path, RunContext run, CancellationToken cancellationToken = default)
    {
        List<ReportDefinition> definitions = [.. project.ReportFiles.Select(file => ReportDefinition.Format.Read(Project.ReadFile(file), Project.DisplayPath(file)))];
        if (definitions.Count == 0) definitions.Add(new ReportDefinition { Name = "report", Title = new ReportText(project.Name, null) });
        if (path is not null && definitions.Count > 1) throw new LeptonDataException("jobs.report_path_for_several", [path, definitions.Count]);

        var builder = new ReportBuilder(project, context, run);
        var written = new List<WrittenReport>();
        foreach (ReportDefinition definition in definitions)
        {
            ReportModel model = await builder.BuildAsync(definition, cancellationToken);
            string target = Path.GetFullPath(path ?? Path.Combine(project.Folder, definitions.Count == 1 ? "report.html" : $"report-{definition.Name}.html"));
            try
            {
                await HtmlReport.WriteAsync(model, target, cancellationToken);
            }
            catch (Exception failure) when (FileErrors.IsFileFailure(failure))
            {
                throw new LeptonDataException("jobs.report_not_written", [target, FileErrors.Reason(failure)], failure);
            }
            written.Add(new WrittenReport(target, model));
        }
        return written;
    }
}

/// <summary>A report that was written.</summary>
/// <param name="Path">The file, absolute.</param>
/// <param name="Model">What it says.</param>
public sealed record WrittenReport(string Path, ReportModel Model);
