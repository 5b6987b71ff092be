using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.FeatureStore.TrainingSets.Explain;

/// <summary>Judges the rows of one key, one after the other, and keeps of each fate those that came closest.</summary>
/// <param name="view">The rule's terms.</param>
/// <param name="at">The label's time.</param>
/// <param name="candidatesMax">How many of each fate are kept.</param>
internal sealed class CandidateRanking(FeatureView view, EventTime at, int candidatesMax)
{
    private readonly Dictionary<Verdict, List<Candidate>> _closest = [];
    private readonly Dictionary<Verdict, long> _counts = [];

    /// <summary>How many rows met each fate; complete after <see cref="Close"/>.</summary>
    internal IReadOnlyDictionary<Verdict, long> Counts => _counts;

    /// <summary>Judges one row: e, c, s, value, file number, row number.</summary>
    internal void Add(RecordBatch batch, int row, string file)
    {
        EventTime? Time(int column) => batch.Column(column).IsNull(row) ? null : new EventTime(batch.Column(column).Values<long>()[row]);
        EventTime? e = Time(0), c = view.CreatedTime is null ? e : Time(1);
        long? s = batch.Column(2).IsNull(row) ? null : batch.Column(2).Values<long>()[row];
        var candidate = new Candidate(Verdict.Older, file, batch.Column(5).Values<long>()[row], e, c, s, batch.Column(3).Value(row));
        Keep(candidate with { Verdict = Judge(candidate) });
    }

    /// <summary>Names the winner.</summary>
    /// <returns>What the label is told, and the candidates, the winner first.</returns>
    internal (string Status, object? Answer, IReadOnlyList<Candidate> Candidates) Close()
    {
        List<Candidate> visible = _closest.GetValueOrDefault(Verdict.Older) ?? [];
        var ordered = new List<Candidate>();
        string status = "absent";
        object? answer = null;
        if (visible is [var best, ..])
        {
            bool isExpired = view.Ttl is { } ttl && best.EventTime is { } e && at.MicrosecondsSinceEpoch - (Int128)e.MicrosecondsSinceEpoch > ttl.Ticks / TimeSpan.TicksPerMicrosecond;
            status = isExpired ? "expired" : best.Value is null ? "null" : "present";
            answer = isExpired ? null : best.Value;
            for (int i = 0; i < visible.Count; i++)
            {
                Verdict verdict = i == 0 ? isExpired ? Verdict.Expired : Verdict.Winner : Compare(visible[i], best, isWithPlace: false) == 0 ? Verdict.Twin : Verdict.Older;
                visible[i] = visible[i] with { Verdict = verdict };
                if (verdict == Verdict.Older) continue;
                _counts[Verdict.Older]--;
                _counts[verdict] = _counts.GetValueOrDefault(verdict) + 1;
            }
            if (_counts[Verdict.Older] == 0) _counts.Remove(Verdict.Older);
            // One was kept more, for the winner.
            ordered.AddRange(visible.Take(candidatesMax + 1));
        }
        foreach (Verdict verdict in Enum.GetValues<Verdict>())
            if (verdict != Verdict.Older && _closest.TryGetValue(verdict, out List<Candidate>? kept)) ordered.AddRange(kept);
        return (status, answer, ordered);
    }

    private Verdict Judge(Candidate row)
    {
        // Of a view without event time, the key says all.
        if (!view.IsPointInTime) return Verdict.Older;
        if (row.EventTime is not { } e) return Verdict.WithoutEventTime;
        if (row.CreatedTime is not { } c) return Verdict.WithoutCreatedTime;
        if (view.IsStrict ? e >= at : e > at) return Verdict.InTheFuture;
        if (c > at) return Verdict.KnownLater;
        return view.SkipsNulls && row.Value is null ? Verdict.Skipped : Verdict.Older;
    }

    private void Keep(Candidate candidate)
    {
        _counts[candidate.Verdict] = _counts.GetValueOrDefault(candidate.Verdict) + 1;
        if (!_closest.TryGetValue(candidate.Verdict, out List<Candidate>? kept)) _closest.Add(candidate.Verdict, kept = []);
        int place = kept.FindIndex(other => IsCloser(candidate, other));
        if (place < 0) place = kept.Count;
        if (place > candidatesMax) return;
        kept.Insert(place, candidate);
        int max = candidate.Verdict == Verdict.Older ? candidatesMax + 1 : candidatesMax;
        if (kept.Count > max) kept.RemoveAt(max);
    }

    // The newest of what had happened; of what had not, the next to come.
    private static bool IsCloser(Candidate left, Candidate right)
        => left.Verdict == Verdict.InTheFuture ? Compare(left, right, isWithPlace: true) < 0 : Compare(left, right, isWithPlace: true) > 0;

    // The order of the rule; of rows that tie in it, the one that stands first is greater.
    private static int Compare(Candidate left, Candidate right, bool isWithPlace)
    {
        int order = Nullable.Compare(left.EventTime, right.EventTime);
        if (order == 0) order = Nullable.Compare(left.CreatedTime, right.CreatedTime);
        if (order == 0) order = Nullable.Compare(left.Sequence, right.Sequence);
        if (order != 0 || !isWithPlace) return order;
        order = string.CompareOrdinal(right.File, left.File);
        return order != 0 ? order : right.RowNumber.CompareTo(left.RowNumber);
    }
}
