using System.Runtime.CompilerServices;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.FeatureStore.Offline.Join;

/// <summary>
/// The slot merge. A row can be seen from a = max(e, c) on (strict: max(e + 1, c)). It is offered to the first label of its key at or after a, and each label keeps the greatest (e, c, sequence)
/// that it is offered; the best so far over a key's labels in order of time is then each label's winner, since what one label sees every later one sees too.
/// </summary>
/// <remarks>Rows may be offered by several threads at once, in any order and more than once: what is kept depends on the rows alone.</remarks>
internal sealed unsafe class WinnerSlots : IDisposable
{
    private const ulong Locked = 1UL << 63;
    private const ulong Tied = 1UL << 62;
    private const ulong NoPlace = Tied - 1;

    private readonly NativeArray<Slot> _slots;
    private readonly NativeArray<Late>? _late;

    /// <param name="slots">The labels.</param>
    /// <param name="hasCreatedTime">Whether rows may be known later than they happened.</param>
    /// <param name="budget">Charged.</param>
    internal WinnerSlots(LabelSlots slots, bool hasCreatedTime, MemoryBudget budget)
    {
        _slots = new NativeArray<Slot>(slots.Count, budget);
        try
        {
            if (hasCreatedTime) _late = new NativeArray<Late>(slots.Count, budget);
        }
        catch
        {
            _slots.Dispose();
            throw;
        }
        _slots.Span.Fill(new Slot { EventTime = long.MinValue, CreatedTime = long.MinValue, Sequence = long.MinValue, Place = NoPlace });
        _late?.Span.Fill(new Late { EventTime = long.MinValue, CreatedTime = long.MinValue });
    }

    /// <summary>What is offered to each slot.</summary>
    internal ref readonly Slot this[int slot] => ref _slots[slot];

    internal bool KeepsLate => _late is not null;

    /// <summary>Where a row lies, as one number that sorts as the places do.</summary>
    internal static ulong PlaceOf(long file, long row) => file < 1L << 22 && row < 1L << 40 ? ((ulong)file << 40) | (ulong)row : throw new InvalidOperationException($"row {row} of file {file} has no place");

    /// <summary>Offers a row to a slot.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Offer(int slot, long eventTime, long createdTime, long sequence, ulong place)
    {
        Slot* target = _slots.Pointer + slot;
        // What is kept only gets greater, so that a row which is less than it once is out for good.
        if (Volatile.Read(ref target->EventTime) > eventTime) return;
        OfferLocked(target, eventTime, createdTime, sequence, place);
    }

    /// <summary>Offers a row that was known late to the slot of the first label at or after its event time, which a join by event time alone would have given it to.</summary>
    internal void OfferLate(int slot, long eventTime, long createdTime)
    {
        Slot* gate = _slots.Pointer + slot;
        ulong place = Lock(gate);
        Late* target = _late!.Pointer + slot;
        if (eventTime > target->EventTime || (eventTime == target->EventTime && createdTime > target->CreatedTime)) *target = new Late { EventTime = eventTime, CreatedTime = createdTime };
        Volatile.Write(ref gate->Place, place);
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
            Late late = new() { EventTime = long.MinValue, CreatedTime = long.MinValue };
            for (int slot = slots.Starts[key]; slot < slots.Starts[key + 1]; slot++)
            {
                if (_slots[slot].Place != NoPlace && (best < 0 || IsGreater(in _slots[slot], in _slots[best]))) best = slot;
                origins[slot] = best;
                if (_late is null) continue;
                Late own = _late[slot];
                if (own.EventTime > late.EventTime || (own.EventTime == late.EventTime && own.CreatedTime > late.CreatedTime)) late = own;
                // Of the rows that a label could not see yet, only those that happened before it are kept here; a greater one that it could see would have won.
                if (late.CreatedTime > slots.Times[slot] && (best < 0 || late.EventTime > _slots[best].EventTime || (late.EventTime == _slots[best].EventTime && late.CreatedTime > _slots[best].CreatedTime))) fromFuture++;
            }
        }
    }

    public void Dispose()
    {
        _slots.Dispose();
        _late?.Dispose();
    }

    private static bool IsGreater(in Slot left, in Slot right) => Compare(left.EventTime, left.CreatedTime, left.Sequence, in right) > 0;

    private static int Compare(long eventTime, long createdTime, long sequence, in Slot other)
    {
        if (eventTime != other.EventTime) return eventTime > other.EventTime ? 1 : -1;
        if (createdTime != other.CreatedTime) return createdTime > other.CreatedTime ? 1 : -1;
        return sequence.CompareTo(other.Sequence);
    }

    private static ulong Lock(Slot* slot)
    {
        var wait = default(SpinWait);
        while (true)
        {
            ulong place = Volatile.Read(ref slot->Place);
            if ((place & Locked) == 0 && Interlocked.CompareExchange(ref slot->Place, place | Locked, place) == place) return place;
            wait.SpinOnce(sleep1Threshold: -1);
        }
    }

    private static void OfferLocked(Slot* target, long eventTime, long createdTime, long sequence, ulong place)
    {
        ulong kept = Lock(target);
        int comparison = kept == NoPlace ? 1 : Compare(eventTime, createdTime, sequence, in *target);
        if (comparison > 0)
        {
            (target->EventTime, target->CreatedTime, target->Sequence) = (eventTime, createdTime, sequence);
            kept = place;
        }
        // Of rows that tie the first by place is kept, so that chance has no say. Whether they differ is found out later, and only where they win.
        else if (comparison == 0 && place != (kept & NoPlace)) kept = Math.Min(kept & NoPlace, place) | Tied;
        Volatile.Write(ref target->Place, kept);
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
