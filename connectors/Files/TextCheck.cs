using System.Text;
using System.Text.Unicode;
using Lepton.Data.Schemas;

namespace Lepton.Data.Connectors.Files;

/// <summary>Looks at the bytes of a text as they stream by: bytes that are no UTF-8 end DuckDB's CSV reader for good (its database has to be opened anew), so none may reach it.</summary>
/// <param name="path">The file, for messages.</param>
/// <param name="place">Where the person names it.</param>
/// <param name="encoding">The encoding that holds.</param>
internal sealed class TextCheck(string path, SourcePlace place, string encoding)
{
    private readonly byte[] _rest = new byte[4];
    private int _restCount;
    private long _lineNumber = 1;
    private long _sizeBytes;
    private bool _isStart = true;

    /// <summary>Takes in the next bytes.</summary>
    /// <exception cref="LeptonDataException">A byte order mark of another encoding, NUL characters, bytes that are no UTF-8.</exception>
    internal void Process(ReadOnlySpan<byte> block)
    {
        if (_isStart)
        {
            _isStart = false;
            if (block is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] && encoding != "utf-16") throw Error("connectors.csv_utf16", path);
        }
        _sizeBytes += block.Length;
        if (encoding == "utf-16") return;
        int nul = block.IndexOf((byte)0);
        if (nul >= 0) throw Error("connectors.csv_nul", path, LineOf(block, nul));
        if (encoding == "utf-8") CheckUtf8(block);
        _lineNumber += block.Count((byte)'\n');
    }

    /// <summary>Tells that the text has ended.</summary>
    internal void Complete()
    {
        if (encoding == "utf-16" && _sizeBytes % 2 != 0) throw Error("connectors.csv_utf16_cut", path, _sizeBytes);
        if (_restCount > 0) throw Error("connectors.csv_not_utf8", path, _lineNumber);
    }

    private void CheckUtf8(ReadOnlySpan<byte> block)
    {
        // A character may be cut by the end of a block; what began in the last one is put together with what follows.
        int taken = 0;
        while (_restCount > 0 && taken < block.Length)
        {
            _rest[_restCount++] = block[taken++];
            System.Buffers.OperationStatus status = Rune.DecodeFromUtf8(_rest.AsSpan(0, _restCount), out _, out _);
            if (status == System.Buffers.OperationStatus.Done) _restCount = 0;
            else if (status == System.Buffers.OperationStatus.InvalidData) throw Error("connectors.csv_not_utf8", path, _lineNumber);
        }
        ReadOnlySpan<byte> whole = block[taken..];
        int cut = CutLength(whole);
        if (!Utf8.IsValid(whole[..^cut])) throw Error("connectors.csv_not_utf8", path, LineOf(block, taken + FirstInvalid(whole)));
        whole[^cut..].CopyTo(_rest.AsSpan(_restCount));
        _restCount += cut;
    }

    private static int CutLength(ReadOnlySpan<byte> bytes)
    {
        for (int back = 1; back <= Math.Min(3, bytes.Length); back++)
        {
            byte b = bytes[^back];
            if ((b & 0xC0) == 0x80) continue;
            int length = b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : b >= 0xC0 ? 2 : 1;
            return length > back ? back : 0;
        }
        return 0;
    }

    private static int FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        while (at < bytes.Length && Rune.DecodeFromUtf8(bytes[at..], out _, out int size) == System.Buffers.OperationStatus.Done) at += size;
        return at;
    }

    private long LineOf(ReadOnlySpan<byte> block, int index) => _lineNumber + block[..index].Count((byte)'\n');

    private LeptonDataException Error(string code, params ReadOnlySpan<object?> arguments) => new(code, arguments.ToArray()) { Place = place };
}
