using System.Buffers;
using System.Buffers.Binary;

namespace Lepton.Data.Storage.Delta.DeletionVectors;

/// <summary>Bytes as text: Z85 (rfc.zeromq.org/spec/32), five letters for four bytes.</summary>
internal static class Base85
{
    private const string Letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

    private static readonly SearchValues<char> s_letters = SearchValues.Create(Letters);

    /// <summary>The first <paramref name="size"/> bytes of a text that holds them and at most three more.</summary>
    /// <returns>Null for another length, or what is no such text.</returns>
    internal static byte[]? Decode(string text, int size)
    {
        if (text.Length % 5 != 0 || size < 0 || text.Length / 5 != ((long)size + 3) / 4 || text.AsSpan().ContainsAnyExcept(s_letters)) return null;
        byte[] bytes = new byte[text.Length / 5 * 4];
        for (int i = 0; i < text.Length; i += 5)
        {
            ulong value = 0;
            for (int j = i; j < i + 5; j++) value = (value * 85) + (ulong)Letters.IndexOf(text[j], StringComparison.Ordinal);
            if (value > uint.MaxValue) return null;
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(i / 5 * 4), (uint)value);
        }
        return size == bytes.Length ? bytes : bytes[..size];
    }
}
