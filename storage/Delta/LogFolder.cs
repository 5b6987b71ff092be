using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Delta;

/// <summary>The folder <c>_delta_log</c> of one table: which commits there are, and what each says.</summary>
internal sealed class LogFolder(IObjectStore store, string tableFolder)
{
    /// <summary>The folder's name below the table.</summary>
    internal const string FolderName = "_delta_log";

    // A commit of a hundred thousand files takes about 100 MB; what is much larger is no commit.
    private const long EntrySizeMax = 1L << 30;
    private const int LineSizeMax = 1 << 26;

    private readonly string _folder = $"{tableFolder}/{FolderName}";

    internal string PathOf(long version) => string.Create(CultureInfo.InvariantCulture, $"{_folder}/{version:d20}.json");

    internal SourcePlace PlaceOf(long version) => new(store.Locate(PathOf(version)));

    internal ValueTask<ObjectInfo?> FindAsync(long version, CancellationToken cancellationToken) => store.FindAsync(PathOf(version), cancellationToken);

    internal ValueTask<bool> PutIfAbsentAsync(long version, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
        => store.PutIfAbsentAsync(PathOf(version), content, cancellationToken);

    /// <summary>The newest version of an unbroken log, or null where the table has no first commit.</summary>
    /// <exception cref="LeptonDataException"><c>storage.log_gap</c>; <c>storage.log_checkpoint</c> where the first commits are gone.</exception>
    internal async ValueTask<long?> NewestAsync(CancellationToken cancellationToken)
    {
        var versions = new List<long>();
        bool hasCheckpoint = false;
        await foreach (ObjectInfo entry in store.ListAsync(_folder, cancellationToken).ConfigureAwait(false))
        {
            if (VersionOf(entry.Name) is { } version) versions.Add(version);
            else hasCheckpoint |= entry.Name == "_last_checkpoint" || entry.Name.Contains(".checkpoint.", StringComparison.Ordinal);
        }
        if (versions.Count == 0) return hasCheckpoint ? throw new LeptonDataException("storage.log_checkpoint", [store.Locate(tableFolder)]) : null;
        versions.Sort();
        if (versions[0] != 0 && hasCheckpoint) throw new LeptonDataException("storage.log_checkpoint", [store.Locate(tableFolder)]);
        for (int i = 0; i < versions.Count; i++)
            if (versions[i] != i) throw new LeptonDataException("storage.log_gap", [i, versions[i]]) { Place = new SourcePlace(store.Locate(_folder)) };
        return versions[^1];
    }

    /// <summary>What the commit of one version says; null where there is none.</summary>
    internal async ValueTask<LogEntry?> ReadAsync(long version, CancellationToken cancellationToken)
    {
        if (await FindAsync(version, cancellationToken).ConfigureAwait(false) is not { IsFolder: false } info) return null;
        if (info.SizeBytes > EntrySizeMax) throw new LeptonDataException("storage.log_too_large", [EntrySizeMax, LineSizeMax]) { Place = PlaceOf(version) };
        Stream? stream = await store.OpenAsync(PathOf(version), cancellationToken: cancellationToken).ConfigureAwait(false);
        if (stream is null) return null;
        await using (stream.ConfigureAwait(false))
        {
            try
            {
                return await ReadAsync(stream, version, info.ModifiedAt, cancellationToken).ConfigureAwait(false);
            }
            catch (IOException failure)
            {
                throw FileErrors.Of(failure, store.Locate(PathOf(version)));
            }
        }
    }

    /// <summary>The bytes of one version's commit, for a writer that looks whether they are its own.</summary>
    internal async ValueTask<bool> HoldsAsync(long version, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (await FindAsync(version, cancellationToken).ConfigureAwait(false) is not { } info || info.SizeBytes != content.Length) return false;
        Stream? stream = await store.OpenAsync(PathOf(version), cancellationToken: cancellationToken).ConfigureAwait(false);
        if (stream is null) return false;
        await using (stream.ConfigureAwait(false))
        {
            byte[] found = new byte[content.Length];
            int read = await stream.ReadAtLeastAsync(found, found.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            return content.Span.SequenceEqual(found.AsSpan(0, read));
        }
    }

    internal async ValueTask<LogEntry> ReadAsync(Stream stream, long version, EventTime modifiedAt, CancellationToken cancellationToken)
    {
        SourcePlace place = PlaceOf(version);
        var actions = new List<LogAction>();
        byte[] buffer = new byte[1 << 16];
        int filled = 0, lineNumber = 0;
        bool hasAction = false;
        while (true)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(filled), cancellationToken).ConfigureAwait(false);
            filled += read;
            int start = 0;
            while (true)
            {
                int length = buffer.AsSpan(start, filled - start).IndexOf((byte)'\n');
                // The last line need not end with a line feed: delta-rs writes none.
                if (length < 0 && (read > 0 || start == filled)) break;
                Take(buffer.AsMemory(start, length < 0 ? filled - start : length));
                start = length < 0 ? filled : start + length + 1;
            }
            if (read == 0) break;
            buffer.AsSpan(start, filled - start).CopyTo(buffer);
            filled -= start;
            if (filled < buffer.Length) continue;
            if (buffer.Length >= LineSizeMax) throw new LeptonDataException("storage.log_too_large", [EntrySizeMax, LineSizeMax]) { Place = place with { LineNumber = lineNumber + 1 } };
            Array.Resize(ref buffer, buffer.Length * 2);
        }
        if (!hasAction) throw new LeptonDataException("storage.log_empty", []) { Place = place };
        return new LogEntry(version, actions, place, modifiedAt);

        void Take(ReadOnlyMemory<byte> line)
        {
            lineNumber++;
            if (line.Span.IndexOfAnyExcept(" \t\r"u8) < 0) return;
            hasAction = true;
            if (ActionReader.Read(line, place with { LineNumber = lineNumber }) is { } action) actions.Add(action);
        }
    }

    /// <summary>The version that a log file's name says; null for other files (checksums, checkpoints, what was written aside).</summary>
    private static long? VersionOf(string name)
        => name.Length == 25 && name.EndsWith(".json", StringComparison.Ordinal) && long.TryParse(name.AsSpan(0, 20), NumberStyles.None, CultureInfo.InvariantCulture, out long version) ? version : null;
}
