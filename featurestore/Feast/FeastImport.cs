using Lepton.Data.Schemas;

namespace Lepton.Data.FeatureStore.Feast;

/// <summary>The objects of a Feast repository as files of a project of ours.</summary>
/// <param name="Features">A file for <c>features/</c>.</param>
/// <param name="Pipeline">A file for <c>pipelines/</c> that brings the views' tables; null where no view reads a file.</param>
/// <param name="Counts">How many entities, views and services were carried over.</param>
/// <param name="Left">What was not carried over, or means something else here, in the order found.</param>
public sealed record FeastImport(string Features, string? Pipeline, (int Entities, int Views, int Services) Counts, IReadOnlyList<FeastNote> Left)
{
    /// <summary>Reads what <c>feast registry-dump</c> printed.</summary>
    /// <param name="utf8">JSON.</param>
    /// <param name="path">What to call it in messages.</param>
    /// <exception cref="LeptonDataException"><c>featurestore.feast_broken</c></exception>
    public static FeastImport Read(ReadOnlyMemory<byte> utf8, string path) => new FeastReader(path).Read(utf8);
}

/// <summary>Something that a person should know of an import.</summary>
/// <param name="Object">For example <c>feature view driver_stats</c>.</param>
/// <param name="Text">What became of it.</param>
public sealed record FeastNote(string Object, BilingualText Text);
