namespace Lepton.Data.Schemas.Configuration;

/// <summary>Finds what a person probably meant.</summary>
public static class Suggest
{
    // Longer words are nobody's typing mistake; the bound keeps the cost of hostile text small.
    private const int LengthMax = 64;

    /// <summary>The candidate nearest to <paramref name="word"/>, or null where none is near. Case does not count; of equally near ones the first wins.</summary>
    /// <param name="word">What was written.</param>
    /// <param name="candidates">What could have been meant.</param>
    /// <remarks>
    /// Near is: at most one mistake for every three letters (and one in words of two), where a mistake is a letter too many, missing, wrong, or swapped with its neighbour
    /// (the optimal string alignment distance of Damerau and Levenshtein).
    /// </remarks>
    public static string? Nearest(string word, IEnumerable<string> candidates)
    {
        if (word.Length is 0 or > LengthMax) return null;
        string? nearest = null;
        int nearestDistance = Math.Max(1, word.Length / 3) + 1;
        foreach (string candidate in candidates)
        {
            // The bound of a short candidate counts too: "x" is not "id" misspelt.
            int distanceMax = Math.Min(nearestDistance - 1, Math.Max(word.Length, candidate.Length) - 1);
            if (candidate.Length is 0 or > LengthMax || Math.Abs(candidate.Length - word.Length) > distanceMax) continue;
            int distance = Distance(word, candidate);
            if (distance <= distanceMax) (nearest, nearestDistance) = (candidate, distance);
        }
        return nearest;
    }

    /// <summary>How many letters are too many, missing, wrong or swapped between the two; case does not count.</summary>
    internal static int Distance(string left, string right)
    {
        Span<int> beforeLast = stackalloc int[right.Length + 1];
        Span<int> last = stackalloc int[right.Length + 1];
        Span<int> current = stackalloc int[right.Length + 1];
        for (int j = 0; j <= right.Length; j++) last[j] = j;
        for (int i = 1; i <= left.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int cost = Letter(left, i) == Letter(right, j) ? 0 : 1;
                current[j] = Math.Min(Math.Min(last[j] + 1, current[j - 1] + 1), last[j - 1] + cost);
                if (i > 1 && j > 1 && Letter(left, i) == Letter(right, j - 1) && Letter(left, i - 1) == Letter(right, j))
                    current[j] = Math.Min(current[j], beforeLast[j - 2] + 1);
            }
            Span<int> free = beforeLast;
            beforeLast = last;
            last = current;
            current = free;
        }
        return last[right.Length];
    }

    private static char Letter(string word, int number) => char.ToUpperInvariant(word[number - 1]);
}
