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
    /// <summary>Writes <c>report.html</c> into the project's folder; where there are several reports, <c>report-name.html</c> for each. A file is kept where nothing that it rests on has changed.</summary>
    /// <param name="path">Where to write instead, if there is only one report.</param>
    /// <param name="run">On whose behalf.</param>
    /// <param name="cancellationToken">Cancelled, no file is changed.</param>
    /// <exception cref="LeptonDataException">Nothing ran yet; a report's file is not as it must be; a panel's query failed; a file cannot be written.</exception>
    public async Task<IReadOnlyList<WrittenReport>> WriteAsync(string? path, RunContext run, CancellationToken cancellationToken = default)
    {
        List<(ReportDefinition Definition, byte[] Text)> definitions = [.. project.ReportFiles.Select(file => (Project.ReadFile(file), Project.DisplayPath(file))).Select(file => (ReportDefinition.Format.Read(file.Item1, file.Item2), file.Item1))];
        if (definitions.Count == 0) definitions.Add((new ReportDefinition { Name = "report", Title = new ReportText(project.Name, null) }, []));
        if (path is not null && definitions.Count > 1) throw new LeptonDataException("jobs.report_path_for_several", [path, definitions.Count]);

        var builder = new ReportBuilder(project, context, run);
        var written = new List<WrittenReport>();
        foreach ((ReportDefinition definition, byte[] text) in definitions)
        {
            string target = Path.GetFullPath(path ?? Path.Combine(project.Folder, definitions.Count == 1 ? "report.html" : $"report-{definition.Name}.html"));
            ReportOutline outline = await builder.OutlineAsync(definition, cancellationToken);
            string? identity = await builder.IdentityAsync(outline, text, cancellationToken);
            if (identity is not null && await HtmlReport.IsAsWrittenAsync(target, identity, cancellationToken))
            {
                written.Add(new WrittenReport(target, IsKept: true));
                continue;
            }
            ReportModel model = await builder.DescribeAsync(outline, cancellationToken);
            try
            {
                await HtmlReport.WriteAsync(model, target, identity, cancellationToken);
            }
            catch (Exception failure) when (FileErrors.IsFileFailure(failure))
            {
                throw new LeptonDataException("jobs.report_not_written", [target, FileErrors.Reason(failure)], failure);
            }
            written.Add(new WrittenReport(target, IsKept: false));
        }
        return written;
    }
}

/// <summary>A report as it stands now.</summary>
/// <param name="Path">The file, absolute.</param>
/// <param name="IsKept">Whether it stood there already, and nothing that it rests on had changed.</param>
public sealed record WrittenReport(string Path, bool IsKept);
