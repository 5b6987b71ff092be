using System.Globalization;
using System.Text.RegularExpressions;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>Which commits and checkpoints lie in the log's folder, or those from one version on.</summary>
internal sealed partial class LogListing
{
    private readonly List<long> _commits = [];
    private readonly List<CheckpointFiles> _checkpoints = [];

    private LogListing()
    {
    }

    /// <summary>The newest version that a commit or a complete checkpoint says; null for none.</summary>
    internal long? Newest { get; private set; }

    /// <summary>The oldest version that has a commit; null for none.</summary>
    internal long? OldestCommit => _commits.Count == 0 ? null : _commits[0];

    /// <summary>Whether there are checkpoints, complete or not.</summary>
    internal bool HasCheckpoints { get; private set; }

    /// <param name="store">Where the folder lies.</param>
    /// <param name="folder">The log's folder.</param>
    /// <param name="start">The first version to look at.</param>
    /// <param name="cancellationToken">Observed between entries.</param>
    internal static async ValueTask<LogListing> ReadAsync(IObjectStore store, string folder, long start, CancellationToken cancellationToken)
    {
        var listing = new LogListing();
        var parts = new Dictionary<(long Version, int PartCount), List<ObjectInfo>>();
        await foreach (ObjectInfo entry in store.ListAsync(folder, start == 0 ? null : start.ToString("d20", CultureInfo.InvariantCulture), cancellationToken).ConfigureAwait(false))
        {
            string name = entry.Name;
            if (name.Length < 21 || entry.IsFolder || !long.TryParse(name.AsSpan(0, 20), NumberStyles.None, CultureInfo.InvariantCulture, out long version)) continue;
            if (name.Length == 25 && name.EndsWith(".json", StringComparison.Ordinal)) listing._commits.Add(version);
            else if (CheckpointForm().Match(name) is { Success: true } match)
            {
                listing.HasCheckpoints = true;
                if (!match.Groups["count"].Success) listing._checkpoints.Add(new CheckpointFiles(version, [entry]));
                else if (int.TryParse(match.Groups["count"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int count)
                    && int.TryParse(match.Groups["part"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int part) && part >= 1 && part <= count)
                {
                    if (!parts.TryGetValue((version, count), out List<ObjectInfo>? found)) parts.Add((version, count), found = []);
                    found.Add(entry);
                }
            }
        }
        // A name says its part, so that as many names as parts are all of them; one that is not complete is none.
        foreach (((long version, int count), List<ObjectInfo> found) in parts)
            if (found.Count == count) listing._checkpoints.Add(new CheckpointFiles(version, found));
        listing._commits.Sort();
        listing._checkpoints.Sort((a, b) => b.Version != a.Version ? b.Version.CompareTo(a.Version) : string.CompareOrdinal(b.Files[0].Path, a.Files[0].Path));
        if (listing._commits.Count > 0) listing.Newest = listing._commits[^1];
        if (listing._checkpoints.Count > 0) listing.Newest = Math.Max(listing.Newest ?? -1, listing._checkpoints[0].Version);
        return listing;
    }

    /// <summary>The complete checkpoints of a version and those before it, newest first.</summary>
    internal IEnumerable<CheckpointFiles> CheckpointsUpTo(long version) => _checkpoints.Where(checkpoint => checkpoint.Version <= version);

    /// <summary>The first version from <paramref name="start"/> to <paramref name="end"/> that has no commit; null where all have.</summary>
    internal long? FirstMissing(long start, long end)
    {
        int index = _commits.BinarySearch(start);
        for (long version = start; version <= end; version++, index++)
            if (index < 0 || index >= _commits.Count || _commits[index] != version) return version;
        return null;
    }

    [GeneratedRegex(@"\A\d{20}\.checkpoint\.((?<part>\d{10})\.(?<count>\d{10})\.parquet|parquet|[0-9A-Za-z-]{1,64}\.(parquet|json))\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex CheckpointForm();
}

/// <summary>One complete checkpoint: a single file, all of its parts, or a top file that names others.</summary>
/// <param name="Version">The version that it holds.</param>
/// <param name="Files">What to read.</param>
internal sealed record CheckpointFiles(long Version, IReadOnlyList<ObjectInfo> Files);
