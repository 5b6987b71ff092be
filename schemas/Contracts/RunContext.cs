using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Schemas.Contracts;

/// <summary>What all that reads or writes data takes along: who asks, what time it is, how much memory there is, whom to tell.</summary>
/// <param name="Id">Names the work in logs, run records and commits.</param>
/// <param name="Access">On whose behalf.</param>
/// <param name="Time">The clock; the wall clock is not asked anywhere else.</param>
/// <param name="Memory">What the work may hold.</param>
/// <param name="Progress">Told how far the work is, from any thread; null where nobody looks.</param>
public sealed record RunContext(RunId Id, AccessContext Access, TimeProvider Time, MemoryBudget Memory, IProgress<StepProgress>? Progress = null);

/// <summary>The name of one run: sortable by start, unique without coordination.</summary>
/// <param name="Value"><c>yyyyMMddTHHmmss-xxxxxxxx</c>: start in UTC, and 32 random bits in hexadecimal.</param>
public sealed record RunId(string Value)
{
    /// <summary>A new name for a run that starts now.</summary>
    public static RunId Create(TimeProvider time)
    {
        Span<byte> random = stackalloc byte[4];
        System.Security.Cryptography.RandomNumberGenerator.Fill(random);
        return new RunId($"{time.GetUtcNow().UtcDateTime.ToString("yyyyMMdd'T'HHmmss", System.Globalization.CultureInfo.InvariantCulture)}-{Convert.ToHexStringLower(random)}");
    }

    private static readonly System.Buffers.SearchValues<char> s_hexadecimal = System.Buffers.SearchValues.Create("0123456789abcdef");

    /// <summary>Whether <paramref name="text"/> has the form of a run's name.</summary>
    public static bool IsValid(string text)
        => text.Length == 24 && text[8] == 'T' && text[15] == '-' && text.AsSpan(0, 8).IndexOfAnyExceptInRange('0', '9') < 0 && text.AsSpan(9, 6).IndexOfAnyExceptInRange('0', '9') < 0
           && text.AsSpan(16).IndexOfAnyExcept(s_hexadecimal) < 0;

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>Who asks, and what for. Until governance exists there is one: the owner of the lake.</summary>
/// <param name="Principal">The person or service, for the audit.</param>
/// <param name="Purpose">What the data is read for; null where no policy asks.</param>
public sealed record AccessContext(string Principal, string? Purpose = null)
{
    /// <summary>Who owns the folder sees all.</summary>
    public static AccessContext Owner { get; } = new("owner");
}

/// <summary>How far a piece of work is.</summary>
/// <param name="Step">Whose work, for example a step's name.</param>
/// <param name="Activity">What is being done; a key of the message catalogue such as <c>engines.reading</c>.</param>
/// <param name="Fraction">From 0 to 1; null where it is unknown.</param>
/// <param name="Rows">Rows done so far, where they are counted.</param>
/// <param name="Bytes">Bytes read or made so far, where they are counted.</param>
public sealed record StepProgress(string Step, string Activity, double? Fraction = null, long? Rows = null, long? Bytes = null);
