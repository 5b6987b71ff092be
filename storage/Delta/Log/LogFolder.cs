using System.Globalization;
using System.Text.Json;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>The folder <c>_delta_log</c> of one table: which commits there are, and what each says.</summary>
internal sealed class LogFolder(IObjectStore store, string tableFolder)
{
    /// <summary>The folder's name below the table.</summary>
    internal const string FolderName = "_delta_log";

    /// <summary>The file that names the newest checkpoint.</summary>
    internal const string HintName = "_last_checkpoint";

    private const int HintSizeMax = 1 << 20;

    // A commit of a hundred thousand files takes about 100 MB; what is much larger is no commit.
    private const long EntrySizeMax = 1L << 30;
    private const int LineSizeMax = 1 << 26;

    private readonly string _folder = $"{tableFolder}/{FolderName}";
    private readonly ActionReader _reader = new(store.Locate(tableFolder), store.Locate(""));

    internal string PathOf(long version) => string.Create(CultureInfo.InvariantCulture, $"{_folder}/{version:d20}.json");

    internal SourcePlace PlaceOf(long version) => new(store.Locate(PathOf(version)));

    internal ValueTask<ObjectInfo?> FindAsync(long version, CancellationToken cancellationToken) => store.FindAsync(PathOf(version), cancellationToken);

    internal ValueTask<bool> PutIfAbsentAsync(long version, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
        => store.PutIfAbsentAsync(PathOf(version), content, cancellationToken);

    internal ValueTask<LogListing> ListAsync(CancellationToken cancellationToken) => LogListing.ReadAsync(store, _folder, 0, cancellationToken);

    /// <summary>The part of the folder from the checkpoint on that <c>_last_checkpoint</c> names: most often a few names of thousands. The file is a hint: it may be old, and it may be wrong.</summary>
    /// <returns>Null where it names none.</returns>
    internal async ValueTask<LogListing?> ListFromHintAsync(CancellationToken cancellationToken)
    {
        try
        {
            Stream? stream = await store.OpenAsync($"{_folder}/{HintName}", 0, HintSizeMax, cancellationToken).ConfigureAwait(false);
            if (stream is null) return null;
            await using (stream.ConfigureAwait(false))
            {
                using JsonDocument hint = await JsonDocument.ParseAsync(stream, cancellationToken: cancellationToken).ConfigureAwait(false);
                return hint.RootElement.TryGetProperty("version", out JsonElement member) && member.TryGetInt64(out long version) && version >= 0
                    ? await LogListing.ReadAsync(store, _folder, version, cancellationToken).ConfigureAwait(false)
                    : null;
            }
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or IOException or LeptonDataException)
        {
            return null;
        }
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

    /// <summary>Reads lines of actions.</summary>
    /// <param name="stream">The bytes.</param>
    /// <param name="version">The commit that they are, or whose state they hold.</param>
    /// <param name="modifiedAt">When the file was written.</param>
    /// <param name="cancellationToken">Observed between blocks.</param>
    /// <param name="source">What they were read from; null for the commit's own file.</param>
    internal async ValueTask<LogEntry> ReadAsync(Stream stream, long version, EventTime modifiedAt, CancellationToken cancellationToken, SourcePlace? source = null)
    {
        SourcePlace place = source ?? PlaceOf(version);
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
            if (_reader.Read(line, place with { LineNumber = lineNumber }) is { } action) actions.Add(action);
        }
    }
}
