using System.Globalization;

namespace Lepton.Data.Operators.Checks;

/// <summary>Numbers that carry their own check: whether the check holds, which no number typed wrong in one place does. Texts are UTF-8; what is no such number at all is false.</summary>
internal static class CheckDigits
{
    // GB 11643-1999: weights of the 17 digits, powers of two modulo 11, and the check character for each remainder.
    private static readonly int[] s_residentWeights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

    private const string ResidentChecks = "10X98765432";

    /// <summary>Luhn's sum (ISO/IEC 7812-1, annex B), as on payment cards: 2 digits or more, single spaces or hyphens between them.</summary>
    internal static bool IsLuhn(ReadOnlySpan<byte> text)
    {
        int sum = 0;
        int count = 0;
        bool wasDigit = false;
        for (int i = text.Length - 1; i >= 0; i--)
        {
            byte c = text[i];
            if (c is (byte)' ' or (byte)'-')
            {
                if (!wasDigit || i == 0) return false;
                wasDigit = false;
                continue;
            }
            if (!char.IsAsciiDigit((char)c)) return false;
            wasDigit = true;
            // From the right, each second digit counts twice; the digits of what comes out are added.
            int digit = c - '0';
            if (count++ % 2 == 1) digit = digit > 4 ? (2 * digit) - 9 : 2 * digit;
            sum += digit;
        }
        return count >= 2 && sum % 10 == 0;
    }

    /// <summary>An IBAN (ISO 13616-1): two letters, two digits, 11 to 30 letters and digits, whose number modulo 97 (ISO/IEC 7064) is 1; single spaces between are taken, lengths by country are not looked up.</summary>
    internal static bool IsIban(ReadOnlySpan<byte> text)
    {
        Span<byte> plain = stackalloc byte[34];
        int count = 0;
        bool isBetween = true;
        foreach (byte c in text)
        {
            if (c == ' ')
            {
                if (isBetween) return false;
                isBetween = true;
                continue;
            }
            isBetween = false;
            if (!char.IsAsciiLetterOrDigit((char)c) || count == plain.Length) return false;
            plain[count++] = (byte)char.ToUpperInvariant((char)c);
        }
        if (isBetween || count < 15 || !char.IsAsciiLetter((char)plain[0]) || !char.IsAsciiLetter((char)plain[1]) || !char.IsAsciiDigit((char)plain[2]) || !char.IsAsciiDigit((char)plain[3])) return false;
        int remainder = 0;
        for (int i = 0; i < count; i++)
        {
            // The first four stand at the end; letters count as 10 to 35.
            byte c = plain[(i + 4) % count];
            remainder = char.IsAsciiDigit((char)c) ? ((remainder * 10) + c - '0') % 97 : ((remainder * 100) + c - 'A' + 10) % 97;
        }
        // 00, 01 and 99 come out right for some and are never given.
        return remainder == 1 && !plain[2..4].SequenceEqual("00"u8) && !plain[2..4].SequenceEqual("01"u8) && !plain[2..4].SequenceEqual("99"u8);
    }

    /// <summary>A Chinese resident identity number (GB 11643-1999): six digits of a place, a date of birth, three digits, and a check character, X for ten. The place is not looked up.</summary>
    internal static bool IsResidentId(ReadOnlySpan<byte> text)
    {
        if (text.Length != 18) return false;
        int sum = 0;
        for (int i = 0; i < 17; i++)
        {
            if (!char.IsAsciiDigit((char)text[i])) return false;
            sum += (text[i] - '0') * s_residentWeights[i];
        }
        return char.ToUpperInvariant((char)text[17]) == ResidentChecks[sum % 11]
            && DateOnly.TryParseExact(System.Text.Encoding.ASCII.GetString(text[6..14]), "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
    }
}
