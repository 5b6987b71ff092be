using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Reports;

/// <summary>What a report is made from, before any query ran.</summary>
/// <param name="Definition">What the project asks for.</param>
/// <param name="Model">What it says so far.</param>
/// <param name="Steps">As the runs that made the tables recorded them.</param>
/// <param name="TrainingSets">The newest version of each.</param>
internal sealed record ReportOutline(ReportDefinition Definition, ReportModel Model, IReadOnlyList<MadeStep> Steps, IReadOnlyList<TrainingSetVersion> TrainingSets);

/// <summary>A step, as the run that made its table recorded it.</summary>
internal sealed record MadeStep(string Pipeline, StepRecord Step, bool IsReused);
