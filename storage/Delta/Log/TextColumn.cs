using System.Text;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>A copy of a batch's column of text: two arrays, however many rows.</summary>
internal sealed class TextColumn
{
    private readonly int[] _offsets;
    private readonly byte[] _data;

    internal TextColumn(ColumnView texts)
    {
        _offsets = texts.Offsets.ToArray();
        _data = texts.Data.ToArray();
    }

    internal int Count => _offsets.Length - 1;

    /// <summary>The text's UTF-8; empty also for NULL.</summary>
    internal ReadOnlySpan<byte> this[int row] => _data.AsSpan(_offsets[row].._offsets[row + 1]);

    internal ReadOnlyMemory<byte> Memory(int row) => _data.AsMemory(_offsets[row].._offsets[row + 1]);

    internal string Text(int row) => Encoding.UTF8.GetString(this[row]);
}

/// <summary>Likewise a column of maps from text to text.</summary>
internal sealed class TextMapColumn
{
    private readonly int[] _offsets;
    private readonly TextColumn _keys;
    private readonly TextColumn _values;
    private readonly bool[] _isNull;

    internal TextMapColumn(ColumnView maps)
    {
        ColumnView values = maps.Child(1);
        _offsets = maps.Offsets.ToArray();
        (_keys, _values, _isNull) = (new TextColumn(maps.Child(0)), new TextColumn(values), new bool[values.Count]);
        if (values.MayHaveNulls)
            for (int i = 0; i < _isNull.Length; i++) _isNull[i] = values.IsNull(i);
    }

    /// <summary>How many entries; 0 also for NULL.</summary>
    internal int Count(int row) => _offsets[row + 1] - _offsets[row];

    /// <summary>The first entry of a key.</summary>
    /// <returns>False where there is none.</returns>
    internal bool TryFind(int row, ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        for (int i = _offsets[row]; i < _offsets[row + 1]; i++)
        {
            if (!_keys[i].SequenceEqual(key)) continue;
            value = _values[i];
            return true;
        }
        value = default;
        return false;
    }

    /// <summary>The entries of a row; null where a key occurs twice.</summary>
    internal IReadOnlyDictionary<string, string?>? TryRead(int row)
    {
        if (Count(row) == 0) return AddAction.NoTexts;
        var texts = new Dictionary<string, string?>(StringComparer.Ordinal);
        for (int i = _offsets[row]; i < _offsets[row + 1]; i++)
            if (!texts.TryAdd(_keys.Text(i), _isNull[i] ? null : _values.Text(i))) return null;
        return texts;
    }
}
