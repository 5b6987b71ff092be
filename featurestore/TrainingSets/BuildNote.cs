using System.Text.Json;
using System.Text.Json.Serialization;
using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Offline.Join;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.FeatureStore.TrainingSets;

/// <summary>What is noted of a durable file of a build, so that another process can go on behind it.</summary>
/// <param name="Identity">What is being built, snapshots included: where the lake has moved on, this is another, and the build begins anew.</param>
/// <param name="Build">The very build of the software, since another may write other bytes.</param>
/// <param name="File">The file.</param>
/// <param name="CountedUpTo">Labels that <paramref name="Counts"/> speak of: those of this file, and as many behind it as the join had answered with them.</param>
/// <param name="Counts">How the labels were answered so far; no row tells it afterwards.</param>
internal sealed record BuildNote(string Identity, string Build, TrainingSetFile File, long CountedUpTo, JoinCounts Counts)
{
    internal static string ThisBuild { get; } = string.Join('/', new[] { typeof(BuildNote), typeof(DuckDbEngine), typeof(ParquetWriter) }.Select(type => type.Module.ModuleVersionId.ToString("n")));

    internal static BuildNote? Read(byte[] utf8) => JsonSerializer.Deserialize(utf8, BuildNoteJson.Default.BuildNote) is { Identity: not null, Build: not null, File: { Path: not null, Sha256: not null }, Counts: not null } note ? note : null;

    internal byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, BuildNoteJson.Default.BuildNote);

    /// <summary>Whether the counts are of a join with this plan.</summary>
    internal bool Fits(JoinPlan plan) => CountedUpTo >= 0 && Counts.Rows?.Length == plan.Winners.Count && Counts.FromFuture?.Length == plan.Winners.Count && Counts.Answers?.Length == plan.Answers.Count && Counts.Answers.All(answer => answer.Ages is not null);

    internal static JoinCounts CountsOf(RangeStatistics statistics) => new(
        [.. statistics.Rows], [.. statistics.FromFuture], [.. statistics.Answers.Select(answer => new AnswerCounts(answer.Absent, answer.Expired, answer.Ages.Counts.ToDictionary()))]);

    /// <summary>The counts, for a join to add to.</summary>
    internal RangeStatistics Statistics(JoinPlan plan)
    {
        var statistics = new RangeStatistics(plan, CountedUpTo);
        Counts.Rows.CopyTo(statistics.Rows, 0);
        Counts.FromFuture.CopyTo(statistics.FromFuture, 0);
        foreach ((AnswerCounts noted, AnswerStatistics answer) in Counts.Answers.Zip(statistics.Answers))
        {
            (answer.Absent, answer.Expired) = (noted.Absent, noted.Expired);
            foreach ((int step, long count) in noted.Ages) answer.Ages.Add(step, count);
        }
        return statistics;
    }
}

/// <summary><see cref="RangeStatistics"/> as it is noted.</summary>
internal sealed record JoinCounts(RowCounts[] Rows, long[] FromFuture, AnswerCounts[] Answers);

/// <summary><see cref="AnswerStatistics"/> as it is noted; of ages the steps that are not empty.</summary>
internal sealed record AnswerCounts(long Absent, long Expired, Dictionary<int, long> Ages);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BuildNote))]
internal sealed partial class BuildNoteJson : JsonSerializerContext;
