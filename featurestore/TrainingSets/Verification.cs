using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.FeatureStore.TrainingSets;

/// <summary>Checks one version of a training set: its files, the snapshots that it names, and whether they still give the same rows.</summary>
internal sealed class Verification(FeatureStoreContext context, TrainingSetVersion version, RunContext run)
{
    private readonly List<LeptonDataException> _findings = [];
    private readonly TrainingSetManifest _manifest = version.Manifest;

    private Lake Lake => context.Catalog.Lake;

    internal async ValueTask<VerificationResult> RunAsync(CancellationToken cancellationToken)
    {
        await CheckFilesAsync(cancellationToken).ConfigureAwait(false);
        Dictionary<string, Snapshot>? tables = await FindSnapshotsAsync(cancellationToken).ConfigureAwait(false);
        if (_manifest.RuleVersion != TrainingSetManifest.CurrentRuleVersion)
        {
            _findings.Add(Finding("featurestore.rule_differs", _manifest.RuleVersion, TrainingSetManifest.CurrentRuleVersion));
            tables = null;
        }
        if (tables is null) return new VerificationResult(version, _findings, null, null);
        BuiltTrainingSet? rebuilt = await RebuildAsync(tables, cancellationToken).ConfigureAwait(false);
        if (rebuilt is null) return new VerificationResult(version, _findings, null, null);
        bool contentIsEqual = rebuilt.ContentHash == _manifest.ContentHash && rebuilt.RowCount == _manifest.RowCount;
        // A file's name may carry its digest, or not.
        bool bytesAreEqual = rebuilt.Files.Select(file => file.Sha256).SequenceEqual(_manifest.Files.Select(file => file.Sha256));
        if (!contentIsEqual) _findings.Add(Finding("featurestore.content_differs", _manifest.ContentHash, rebuilt.ContentHash));
        // Another version of the software may write the same rows in other bytes; this one may not.
        else if (!bytesAreEqual && _manifest.Software == SnapshotPins.Software) _findings.Add(Finding("featurestore.bytes_differ"));
        CheckCounts(rebuilt, contentIsEqual);
        return new VerificationResult(version, _findings, contentIsEqual, bytesAreEqual);
    }

    private async ValueTask CheckFilesAsync(CancellationToken cancellationToken)
    {
        string folder = TrainingSetFolder.PathOf(_manifest.Name, _manifest.Version);
        foreach (TrainingSetFile file in _manifest.Files)
        {
            string path = Path.Join(version.Folder, file.Path), inStore = $"{folder}/{file.Path}";
            await FindAsync(path, async () =>
            {
                if (await Lake.Store.FindAsync(inStore, cancellationToken).ConfigureAwait(false) is not { IsFolder: false } found) _findings.Add(Finding("featurestore.file_missing", path));
                else if (found.SizeBytes != file.SizeBytes) _findings.Add(Finding("featurestore.file_size_differs", path, found.SizeBytes, file.SizeBytes));
                else
                {
                    using LocalFiles here = await Lake.Store.FetchAsync([inStore], cancellationToken).ConfigureAwait(false);
                    string sha256 = await TrainingSetBuilder.Sha256Async(here.PathOf(inStore), cancellationToken).ConfigureAwait(false);
                    if (sha256 != file.Sha256) _findings.Add(Finding("featurestore.file_changed", path, sha256, file.Sha256));
                }
            }).ConfigureAwait(false);
        }
        await FindAsync(version.Folder, () =>
        {
            foreach (ObjectInfo entry in TrainingSetFolder.List(Lake, folder))
                if (entry.Name != TrainingSetFolder.ManifestName && !_manifest.Files.Any(file => file.Path == entry.Name)) _findings.Add(Finding("featurestore.file_unexpected", Path.Join(version.Folder, entry.Name)));
            return ValueTask.CompletedTask;
        }).ConfigureAwait(false);
    }

    /// <summary>Looks at a file or folder; what the system refuses is a finding, too.</summary>
    private async ValueTask FindAsync(string path, Func<ValueTask> look)
    {
        try
        {
            await look().ConfigureAwait(false);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            _findings.Add(FileErrors.Of(failure, path));
        }
        catch (LeptonDataException failure) when (!failure.IsTransient)
        {
            _findings.Add(failure);
        }
    }

    /// <summary>The snapshots that the manifest names, or null where one cannot be read whole.</summary>
    private async ValueTask<Dictionary<string, Snapshot>?> FindSnapshotsAsync(CancellationToken cancellationToken)
    {
        var tables = new Dictionary<string, Snapshot>(StringComparer.OrdinalIgnoreCase);
        int findings = _findings.Count;
        foreach (PinnedSnapshot pin in _manifest.Snapshots)
        {
            Snapshot? snapshot = null;
            try
            {
                snapshot = await Lake.Table(TableName.Parse(pin.Table)).ReadAsync(pin.Version, cancellationToken).ConfigureAwait(false);
            }
            catch (LeptonDataException failure) when (!failure.IsTransient)
            {
                _findings.Add(new LeptonDataException("featurestore.snapshot_missing", [$"{_manifest.Name} v{_manifest.Version}", pin.Table, pin.Version, failure.Message], failure));
                continue;
            }
            if (snapshot is null) _findings.Add(Finding("featurestore.table_missing", pin.Table, pin.Version));
            else if (snapshot.TableId != pin.TableId) _findings.Add(Finding("featurestore.snapshot_of_other_table", pin.Table, snapshot.TableId, pin.TableId));
            else if (pin.ContentHash is not null && snapshot.ContentHash?.ToString() != pin.ContentHash) _findings.Add(Finding("featurestore.snapshot_changed", pin.Table, pin.Version));
            else
            {
                foreach (string path in snapshot.FilePaths)
                    if (await Lake.Store.FindAsync(Lake.Store.PathOf(path)!, cancellationToken).ConfigureAwait(false) is null) _findings.Add(Finding("featurestore.snapshot_file_missing", pin.Table, pin.Version, path));
                tables.Add(pin.Table, snapshot);
            }
        }
        return _findings.Count == findings ? tables : null;
    }

    private async ValueTask<BuiltTrainingSet?> RebuildAsync(Dictionary<string, Snapshot> tables, CancellationToken cancellationToken)
    {
        IReadOnlyList<PinnedSnapshot> pins = SnapshotPins.Of(Lake, tables);
        BoundFeatures features = BoundFeatures.Bind(_manifest.Resolved, table => tables[table.ToString()].Schema, context.Binder, run.Access);
        string identity = ManifestJson.IdentityOf(_manifest.Definition, features, pins, _manifest.RuleVersion);
        if (identity != _manifest.Identity) _findings.Add(Finding("featurestore.identity_differs", _manifest.Identity, identity));
        using BuildFolder aside = BuildFolder.Open(Lake, _manifest.Name, identity: null, run);
        // Divided as it is: an older version of the software wrote one file.
        var sizes = new BuildSizes(_manifest.Files.Count > 1 ? Math.Max(1, _manifest.Files[0].RowCount) : long.MaxValue);
        try
        {
            return await TrainingSetBuilder.BuildAsync(context, _manifest.Definition, features, tables, aside, sizes, run, cancellationToken).ConfigureAwait(false);
        }
        catch (LeptonDataException failure) when (identity != _manifest.Identity)
        {
            // What the manifest says was altered, and no longer makes sense.
            _findings.Add(failure);
            return null;
        }
    }

    // The counts in a manifest are read by people and reports, so they must be true as well.
    private void CheckCounts(BuiltTrainingSet rebuilt, bool contentIsEqual)
    {
        if (!contentIsEqual) return;
        if (!rebuilt.Schema.Equals(_manifest.Schema)) _findings.Add(Finding("featurestore.manifest_differs", "columns"));
        if (!rebuilt.Splits.SequenceEqual(_manifest.Splits)) _findings.Add(Finding("featurestore.manifest_differs", "splits"));
        if (rebuilt.LeftOut != _manifest.LeftOut) _findings.Add(Finding("featurestore.manifest_differs", "left_out"));
        if (!rebuilt.Features.SequenceEqual(_manifest.Features)) _findings.Add(Finding("featurestore.manifest_differs", "features"));
        if (!rebuilt.ViewStatistics.SequenceEqual(_manifest.ViewStatistics)) _findings.Add(Finding("featurestore.manifest_differs", "view_rows"));
    }

    private LeptonDataException Finding(string code, params object?[] arguments) => new(code, [$"{_manifest.Name} v{_manifest.Version}", .. arguments]);
}

/// <summary>What <see cref="TrainingSetStore.VerifyAsync"/> found.</summary>
/// <param name="Version">The version that was looked at.</param>
/// <param name="Findings">What is wrong, in the order found, each an error with code and text; empty where all is well.</param>
/// <param name="ContentIsEqual">Whether the rebuilt rows are equal, order included; null where it could not be rebuilt.</param>
/// <param name="BytesAreEqual">Whether the rebuilt files have the same bytes; null where it could not be rebuilt. Another version of the software may write other bytes.</param>
public sealed record VerificationResult(TrainingSetVersion Version, IReadOnlyList<LeptonDataException> Findings, bool? ContentIsEqual, bool? BytesAreEqual)
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool IsSound => Findings.Count == 0;
}
