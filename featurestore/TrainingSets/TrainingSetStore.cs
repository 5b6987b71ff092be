using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.FeatureStore.TrainingSets;

/// <summary>Makes, finds and verifies training sets (<c>_lepton/datasets</c>, docs/formats/training-set.md). Safe for use by several threads and processes.</summary>
/// <param name="context">The lake, and what runs queries.</param>
public sealed class TrainingSetStore(FeatureStoreContext context)
{
    /// <summary>Builds the next version of a training set, or finds that the newest was made from the very same.</summary>
    /// <param name="name">A training set of <paramref name="definitions"/>.</param>
    /// <param name="definitions">The project's definitions, which must be those in force; null takes those in force.</param>
    /// <param name="run">On whose behalf.</param>
    /// <param name="cancellationToken">Cancelled, nothing is left.</param>
    /// <exception cref="LeptonDataException">Unknown or not applied; labels without a total order; a NULL label time; a label outside every split; rows that tie.</exception>
    public ValueTask<TrainingSetResult> CreateAsync(string name, FeatureDefinitions? definitions, RunContext run, CancellationToken cancellationToken = default)
        => throw new LeptonDataException("featurestore.unfinished", [context, name, definitions, run, cancellationToken]);

    /// <summary>All versions of all training sets, by name, then version.</summary>
    public ValueTask<IReadOnlyList<TrainingSetVersion>> ListAsync(CancellationToken cancellationToken = default)
        => throw new LeptonDataException("featurestore.unfinished", [context, cancellationToken]);

    /// <summary>One version of a training set, or the newest where <paramref name="version"/> is null.</summary>
    /// <exception cref="LeptonDataException"><c>featurestore.unknown_training_set</c>; a manifest that cannot be read.</exception>
    public ValueTask<TrainingSetVersion> FindAsync(string name, int? version = null, CancellationToken cancellationToken = default)
        => throw new LeptonDataException("featurestore.unfinished", [context, name, version, cancellationToken]);

    /// <summary>Checks a version's files against its manifest, rebuilds it aside from the snapshots that it names, and compares content and bytes.</summary>
    /// <returns>What was found; an unfit version is an answer, not an exception.</returns>
    /// <exception cref="LeptonDataException">The training set does not exist, or the rebuild failed for a reason of its own.</exception>
    public ValueTask<VerificationResult> VerifyAsync(string name, int? version, RunContext run, CancellationToken cancellationToken = default)
        => throw new LeptonDataException("featurestore.unfinished", [context, name, version, run, cancellationToken]);

    /// <summary>The snapshots that training sets pin: vacuum keeps their files.</summary>
    public ValueTask<IReadOnlyList<PinnedSnapshot>> PinsAsync(CancellationToken cancellationToken = default)
        => throw new LeptonDataException("featurestore.unfinished", [context, cancellationToken]);
}

/// <summary>One published version of a training set.</summary>
/// <param name="Folder">Absolute.</param>
/// <param name="Manifest">What it is.</param>
public sealed record TrainingSetVersion(string Folder, TrainingSetManifest Manifest)
{
    /// <summary>The data files, absolute, in order.</summary>
    public IEnumerable<string> FilePaths => Manifest.Files.Select(file => Path.Combine(Folder, file.Path));
}

/// <summary>What <see cref="TrainingSetStore.CreateAsync"/> did.</summary>
/// <param name="Version">The version that holds the rows.</param>
/// <param name="IsNew">False where it had been made before from the very same.</param>
public sealed record TrainingSetResult(TrainingSetVersion Version, bool IsNew);

/// <summary>What <see cref="TrainingSetStore.VerifyAsync"/> found.</summary>
/// <param name="Version">The version that was looked at.</param>
/// <param name="Findings">What is wrong, in the order found, each an error with code and text; empty where all is well.</param>
/// <param name="ContentIsEqual">Whether the rebuilt rows are equal, order included; null where it could not be rebuilt.</param>
/// <param name="BytesAreEqual">Whether the rebuilt files have the same bytes; null where it could not be rebuilt.</param>
public sealed record VerificationResult(TrainingSetVersion Version, IReadOnlyList<LeptonDataException> Findings, bool? ContentIsEqual, bool? BytesAreEqual)
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool IsSound => Findings.Count == 0;
}
