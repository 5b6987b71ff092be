using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.FeatureStore.Offline.Join;

/// <summary>
/// The slot merge. A row can be seen from a = max(e, c) on (strict: max(e + 1, c)). It is offered to the first label of its key at or after a, and each label keeps the greatest (e, c, sequence)
/// that it is offered; the best so far over a key's labels in order of time is then each label's winner, since what one label sees every later one sees too.
/// </summary>
/// <remarks>Rows may be offered by several threads at once, in any order and more than once: what is kept depends on the rows alone.</remarks>
internal sealed unsafe class WinnerSlots : IDisposable
{
    // The highest bit of a place is set while a thread works on its slot.
    private const ulong Tied = 1UL << 62;
    private const ulong NoPlace = Tied - 1;

    // A slot is its place, its event time and, where they count, its created time and its sequence: two or four numbers, so that none lies across two cache lines.
    private const int EventTime = 1, CreatedTime = 2, Sequence = 3;

    private readonly NativeArray<long> _slots;
    private readonly NativeArray<Late>? _late;
    private readonly int _shift;

    /// <param name="slots">The labels.</param>
    /// <param name="hasCreatedTime">Whether rows may be known later than they happened.</param>
    /// <param name="hasSequence">Whether a sequence orders rows of equal times.</param>
    /// <param name="budget">Charged.</param>
    internal WinnerSlots(LabelSlots slots, bool hasCreatedTime, bool hasSequence, MemoryBudget budget)
    {
        _shift = hasCreatedTime || hasSequence ? 2 : 1;
        _slots = new NativeArray<long>(checked(slots.Count << _shift), budget);
        try
        {
            if (hasCreatedTime) _late = new NativeArray<Late>(slots.Count, budget);
        }
        catch
        {
            _slots.Dispose();
            throw;
        }
        Span<long> all = _slots.Span;
        all.Fill(long.MinValue);
        for (int at = 0; at < all.Length; at += 1 << _shift) all[at] = (long)NoPlace;
        _late?.Span.Fill(new Late { EventTime = long.MinValue, CreatedTime = long.MinValue });
    }

    /// <summary>What is offered to each slot.</summary>
    internal Slot this[int slot]
    {
        get
        {
            long* at = At(slot);
            return new Slot { Place = (ulong)*at, EventTime = at[EventTime], CreatedTime = _shift > 1 ? at[CreatedTime] : at[EventTime], Sequence = _shift > 1 ? at[Sequence] : 0 };
        }
    }

    internal bool KeepsLate => _late is not null;

    /// <summary>Where a row lies, as one number that sorts as the places do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong PlaceOf(long file, long row) => (ulong)file < 1UL << 22 && (ulong)row < 1UL << 40 ? ((ulong)file << 40) | (ulong)row : throw new InvalidOperationException($"row {row} of file {file} has no place");

    /// <summary>Brings a slot near, which is going to be offered a row: slots are met at random, and there are many.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Prefetch(int slot)
    {
        if (Sse.IsSupported) Sse.Prefetch0(At(slot));
    }

    /// <summary>Offers a row to a slot.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Offer(int slot, long eventTime, long createdTime, long sequence, ulong place)
    {
        long* target = At(slot);
        // What is kept only gets greater, so that a row which is less than it once is out for good.
        if (Volatile.Read(ref target[EventTime]) > eventTime) return;
        OfferLocked(target, eventTime, createdTime, sequence, place);
    }

    /// <summary>Offers a row that was known late to the slot of the first label at or after its event time, which a join by event time alone would have given it to.</summary>
    internal void OfferLate(int slot, long eventTime, long createdTime)
    {
        long* gate = At(slot);
        ulong place = Lock(gate);
        Late* target = _late!.Pointer + slot;
        if (eventTime > target->EventTime || (eventTime == target->EventTime && createdTime > target->CreatedTime)) *target = new Late { EventTime = eventTime, CreatedTime = createdTime };
        Volatile.Write(ref *gate, (long)place);
    }

    /// <summary>Finds each label's winner: the slot that it was offered to, or -1. Called once all rows were offered.</summary>
    /// <param name="slots">The labels.</param>
    /// <param name="origins">For each slot.</param>
    /// <param name="fromFuture">How many labels a join by event time alone would have given a row that nobody knew yet.</param>
    internal void Finish(LabelSlots slots, Span<int> origins, out long fromFuture)
    {
        fromFuture = 0;
        for (int key = 0; key < slots.Keys.Count; key++)
        {
            int best = -1;
            Slot kept = default;
            Late late = new() { EventTime = long.MinValue, CreatedTime = long.MinValue };
            for (int slot = slots.Starts[key]; slot < slots.Starts[key + 1]; slot++)
            {
                if ((ulong)*At(slot) != NoPlace)
                {
                    Slot own = this[slot];
                    if (best < 0 || Compare(own.EventTime, own.CreatedTime, own.Sequence, in kept) > 0) (best, kept) = (slot, own);
                }
                origins[slot] = best;
                if (_late is null) continue;
                Late lately = _late[slot];
                if (lately.EventTime > late.EventTime || (lately.EventTime == late.EventTime && lately.CreatedTime > late.CreatedTime)) late = lately;
                // Of the rows that a label could not see yet, only those that happened before it are kept here; a greater one that it could see would have won.
                if (late.CreatedTime > slots.Times[slot] && (best < 0 || late.EventTime > kept.EventTime || (late.EventTime == kept.EventTime && late.CreatedTime > kept.CreatedTime))) fromFuture++;
            }
        }
    }

    public void Dispose()
    {
        _slots.Dispose();
        _late?.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long* At(int slot) => _slots.Pointer + ((long)slot << _shift);

    private static int Compare(long eventTime, long createdTime, long sequence, in Slot other)
    {
        if (eventTime != other.EventTime) return eventTime > other.EventTime ? 1 : -1;
        if (createdTime != other.CreatedTime) return createdTime > other.CreatedTime ? 1 : -1;
        return sequence.CompareTo(other.Sequence);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Lock(long* slot)
    {
        long place = Volatile.Read(ref *slot);
        return place >= 0 && Interlocked.CompareExchange(ref *slot, place | long.MinValue, place) == place ? (ulong)place : LockSlowly(slot);
    }

    private static ulong LockSlowly(long* slot)
    {
        var wait = default(SpinWait);
        while (true)
        {
            wait.SpinOnce(sleep1Threshold: -1);
            long place = Volatile.Read(ref *slot);
            if (place >= 0 && Interlocked.CompareExchange(ref *slot, place | long.MinValue, place) == place) return (ulong)place;
        }
    }

    private void OfferLocked(long* target, long eventTime, long createdTime, long sequence, ulong place)
    {
        ulong kept = Lock(target);
        int comparison = kept == NoPlace ? 1 : eventTime.CompareTo(target[EventTime]);
        if (comparison == 0 && _shift > 1)
        {
            comparison = createdTime.CompareTo(target[CreatedTime]);
            if (comparison == 0) comparison = sequence.CompareTo(target[Sequence]);
        }
        if (comparison > 0)
        {
            target[EventTime] = eventTime;
            if (_shift > 1) (target[CreatedTime], target[Sequence]) = (createdTime, sequence);
            kept = place;
        }
        // Of rows that tie the first by place is kept, so that chance has no say. Whether they differ is found out later, and only where they win.
        else if (comparison == 0 && place != (kept & NoPlace)) kept = Math.Min(kept & NoPlace, place) | Tied;
        Volatile.Write(ref *target, (long)kept);
    }

    /// <summary>The best row that was offered, or nothing.</summary>
    internal struct Slot
    {
        internal long EventTime;
        internal long CreatedTime;
        internal long Sequence;
        internal ulong Place;

        internal readonly bool IsTied => (Place & Tied) != 0;

        internal readonly int File => (int)((Place & NoPlace) >> 40);

        internal readonly long Row => (long)(Place & ((1UL << 40) - 1));
    }

    private struct Late
    {
        internal long EventTime;
        internal long CreatedTime;
    }
}
