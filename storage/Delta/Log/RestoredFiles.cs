using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta.DeletionVectors;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>
/// The files of a checkpoint, by column as they were read: of a hundred thousand most callers want to know a few, so that one becomes an object when it is asked for. Filled by one thread; then safe for several.
/// </summary>
/// <param name="table">What the table's folder is called outside.</param>
/// <param name="root">Likewise the store's root.</param>
/// <param name="place">The checkpoint.</param>
internal sealed class RestoredFiles(string table, string root, SourcePlace place)
{
    private static readonly byte[] s_contentSumTag = Encoding.UTF8.GetBytes(ActionWriter.ContentSumTag);

    private readonly List<Block> _blocks = [];
    private readonly List<Func<IReadOnlyList<(TextColumn Paths, TextColumn Texts)>>> _unreadStatistics = [];
    private volatile (int Start, TextColumn Texts)[]? _statistics;
    private volatile bool _hasFailed;
    private readonly Lock _reading = new();

    // Where a key stands: open addressing, each slot a row's number and one; and of each row its key's hash.
    private int[] _slots = new int[16];
    private int[] _hashes = [];

    // In every row of a file the first three stand, so that the query for the statistics finds the same rows by one of them.
    private static readonly (string Name, string Type)[] s_fields =
    [
        ("path", "VARCHAR"), ("size", "BIGINT"), ("modificationTime", "BIGINT"), ("partitionValues", "MAP(VARCHAR, VARCHAR)"), ("tags", "MAP(VARCHAR, VARCHAR)"),
        ("deletionVector", "STRUCT(storageType VARCHAR, pathOrInlineDv VARCHAR, \"offset\" INTEGER, sizeInBytes INTEGER, cardinality BIGINT)"),
    ];

    internal int Count { get; private set; }

    /// <summary>The query whose batches <see cref="Add"/> takes.</summary>
    /// <param name="rows">A checkpoint's rows, as what stands after FROM.</param>
    /// <param name="fields">The names that its <c>add</c> has.</param>
    internal static string FilesSql(string rows, IReadOnlyList<string> fields)
        => $"SELECT {string.Join(", ", s_fields.Select(field => $"{ValueSql(field.Name, field.Type, fields)} AS {field.Name}"))} FROM {rows} WHERE {string.Join(" OR ", s_fields.Take(3).Select(field => $"{ValueSql(field.Name, field.Type, fields)} IS NOT NULL"))}";

    /// <summary>The query for the statistics of the same rows, in the same order.</summary>
    internal static string StatisticsSql(string rows, IReadOnlyList<string> fields) 
        => $"SELECT {ValueSql("path", "VARCHAR", fields)} AS path, {ValueSql("stats", "VARCHAR", fields)} AS stats FROM {rows} WHERE {ValueSql("size", "BIGINT", fields)} IS NOT NULL";

    private static string ValueSql(string field, string type, IReadOnlyList<string> fields) => $"CAST({(fields.Contains(field, StringComparer.Ordinal) ? $"add.{field}" : "NULL")} AS {type})";

    /// <summary>Takes in rows.</summary>
    /// <exception cref="LeptonDataException"><c>storage.checkpoint</c>, <c>storage.log_path</c>, <c>storage.log_field</c>: a row is none that a table may have, or has been there before.</exception>
    internal void Add(RecordBatch batch)
    {
        ColumnView paths = batch.Column(0), sizes = batch.Column(1), times = batch.Column(2), vectors = batch.Column(5);
        if (paths.CountNulls() + sizes.CountNulls() + times.CountNulls() > 0) throw Broken();
        var block = new Block(Count, new TextColumn(paths), sizes.Values<long>().ToArray(), times.Values<long>().ToArray(), new TextMapColumn(batch.Column(3)), new TextMapColumn(batch.Column(4)));
        foreach (long size in block.Sizes)
            if (size < 0) throw Broken();
        foreach (long time in block.Times)
            if (time is < -ActionReader.MillisecondsMax or > ActionReader.MillisecondsMax) throw Broken();
        for (int i = 0; i < batch.RowCount; i++)
            if (VectorOf(vectors, i) is { } vector) block.Vectors.Add(i, vector);
        _blocks.Add(block);
        Reserve(Count + batch.RowCount);
        for (int i = 0; i < batch.RowCount; i++)
        {
            ReadOnlySpan<byte> key = KeyOf(block, i);
            int hash = HashOf(key);
            int slot = SlotOf(key, hash);
            if (_slots[slot] != 0) throw CheckpointReader.Broken(place, CheckpointReader.Reasons.Twice);
            _hashes[Count] = hash;
            _slots[slot] = ++Count;
        }
    }

    /// <summary>Says where the statistics of further rows come from, when the first is asked for: each with the paths that they are of, as the log has them.</summary>
    internal void AddStatistics(Func<IReadOnlyList<(TextColumn Paths, TextColumn Texts)>> read) => _unreadStatistics.Add(read);

    /// <summary>A file's statistics as JSON; empty for none, and where they cannot be read: they save work, and no answer rests on them alone.</summary>
    internal ReadOnlyMemory<byte> StatisticsOf(int row)
    {
        (int Start, TextColumn Texts)[] all = _statistics ?? ReadStatistics();
        if (all.Length == 0) return default;
        int at = all.Length - 1;
        while (all[at].Start > row) at--;
        return all[at].Texts.Memory(row - all[at].Start);
    }

    /// <summary>Whether all statistics can be read, which is then done.</summary>
    internal bool TryReadStatistics() => Count == 0 || (_statistics ?? ReadStatistics()).Length > 0;

    /// <summary>Whether it turned out that statistics cannot be read, so that these files are better read from somewhere else.</summary>
    internal bool HasFailed => _hasFailed;

    private (int Start, TextColumn Texts)[] ReadStatistics()
    {
        lock (_reading)
        {
            if (_statistics is not null) return _statistics;
            try
            {
                var all = new List<(int, TextColumn)>();
                int count = 0;
                foreach ((TextColumn paths, TextColumn texts) in _unreadStatistics.SelectMany(read => read()))
                {
                    // Read later, by another query: only what names the same files is believed.
                    for (int i = 0; i < paths.Count; i++, count++)
                        if (count >= Count || !paths[i].SequenceEqual(BlockOf(count, out int row).Paths[row])) throw Broken();
                    all.Add((count - paths.Count, texts));
                }
                _statistics = count == Count ? [.. all] : throw Broken();
            }
            catch (LeptonDataException)
            {
                (_hasFailed, _statistics) = (true, []);
            }
            _unreadStatistics.Clear();
            return _statistics;
        }
    }

    /// <summary>The row of a file, by what the log knows it by; -1 for none.</summary>
    internal int Find(string key)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(key);
        return _slots[SlotOf(utf8, HashOf(utf8))] - 1;
    }

    /// <summary>What the checkpoint says of a file.</summary>
    internal AddAction Read(int row)
    {
        Block block = BlockOf(row, out int i);
        IReadOnlyDictionary<string, string?> tags = TextsOf(block.Tags, i);
        ContentSum? sum = SumOf(block, i);
        if (sum is not null) tags = tags.Count == 1 ? AddAction.NoTexts : tags.Where(tag => tag.Key != ActionWriter.ContentSumTag).ToDictionary(StringComparer.Ordinal);
        return new AddAction(place, PathOf(block, i), TextsOf(block.PartitionValues, i), block.Sizes[i], block.Times[i], new StatisticsText(this, row))
        {
            ContentSum = sum,
            Tags = tags,
            DeletionVector = block.Vectors.GetValueOrDefault(i),
        };
    }

    /// <summary>The rows of which it is not plain that a snapshot may show them: all but those without deletion vector and with every partition value.</summary>
    /// <param name="partitionColumns">As the log calls them.</param>
    internal List<int> Doubtful(IReadOnlyList<string> partitionColumns)
    {
        byte[][] names = [.. partitionColumns.Select(Encoding.UTF8.GetBytes)];
        var rows = new List<int>();
        foreach (Block block in _blocks)
            for (int i = 0; i < block.Sizes.Length; i++)
                if (!IsPlain(block, i, names)) rows.Add(block.Start + i);
        return rows;
    }

    private static bool IsPlain(Block block, int i, byte[][] partitionColumns)
    {
        if (block.Vectors.ContainsKey(i) || block.PartitionValues.Count(i) != partitionColumns.Length) return false;
        foreach (byte[] name in partitionColumns)
            if (!block.PartitionValues.TryFind(i, name, out _)) return false;
        return true;
    }

    private static ContentSum? SumOf(Block block, int i) => block.Tags.TryFind(i, s_contentSumTag, out ReadOnlySpan<byte> text) && ContentSum.TryParse(text, out ContentSum sum) ? sum : null;

    private IReadOnlyDictionary<string, string?> TextsOf(TextMapColumn maps, int i) => maps.TryRead(i) ?? throw Broken();

    private FilePath PathOf(Block block, int i)
    {
        string text = block.Paths.Text(i);
        return PathEncoding.TryRead(text, table, root, out FilePath path) ? path : throw new LeptonDataException("storage.log_path", [text]) { Place = place };
    }

    private ReadOnlySpan<byte> KeyOf(Block block, int i)
    {
        ReadOnlySpan<byte> path = block.Paths[i];
        DeletionVector? vector = block.Vectors.GetValueOrDefault(i);
        return vector is null && PathEncoding.IsPlain(path) ? path : Encoding.UTF8.GetBytes(AddAction.KeyOf(PathOf(block, i), vector));
    }

    private DeletionVector? VectorOf(ColumnView vectors, int row)
    {
        if (vectors.IsNull(row)) return null;
        object?[] parts = (object?[])vectors.Value(row)!;
        return parts is [string type, string path, _, int size and >= 0, long cardinality and >= 0] && parts[2] is null or int and >= 0
            ? new DeletionVector(type, path, (int?)parts[2], size, cardinality).Checked(table, root, place)
            : throw Broken();
    }

    private Block BlockOf(int row, out int i)
    {
        int at = _blocks.Count - 1;
        while (_blocks[at].Start > row) at--;
        i = row - _blocks[at].Start;
        return _blocks[at];
    }

    private void Reserve(int count)
    {
        Array.Resize(ref _hashes, count);
        if (_slots.Length >= 2 * count) return;
        _slots = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)count * 2)];
        for (int row = 0; row < Count; row++)
        {
            int slot = _hashes[row] & (_slots.Length - 1);
            while (_slots[slot] != 0) slot = (slot + 1) & (_slots.Length - 1);
            _slots[slot] = row + 1;
        }
    }

    /// <summary>The slot of a key: its own, or the empty one where it would stand.</summary>
    private int SlotOf(ReadOnlySpan<byte> key, int hash)
    {
        int slot = hash & (_slots.Length - 1);
        for (; _slots[slot] != 0; slot = (slot + 1) & (_slots.Length - 1))
        {
            int row = _slots[slot] - 1;
            if (_hashes[row] == hash && KeyOf(BlockOf(row, out int i), i).SequenceEqual(key)) break;
        }
        return slot;
    }

    // Begins elsewhere in each process, so that nobody chooses names that all fall on one slot.
    private static int HashOf(ReadOnlySpan<byte> key)
    {
        var hash = new HashCode();
        hash.AddBytes(key);
        return hash.ToHashCode();
    }

    private LeptonDataException Broken() => CheckpointReader.Broken(place, CheckpointReader.Reasons.Row);

    private sealed record Block(int Start, TextColumn Paths, long[] Sizes, long[] Times, TextMapColumn PartitionValues, TextMapColumn Tags)
    {
        // Few files have one.
        internal Dictionary<int, DeletionVector> Vectors { get; } = [];
    }
}
