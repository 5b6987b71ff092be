namespace Lepton.Data.Testing;

/// <summary>A clock that a test moves. Timers are the real ones of <see cref="TimeProvider"/>.</summary>
public sealed class FakeTime(DateTimeOffset start) : TimeProvider
{
    private readonly Lock _lock = new();
    private DateTimeOffset _now = start;

    /// <summary>A clock that stands at 2026-01-02T03:04:05Z.</summary>
    public FakeTime()
        : this(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)) { }

    /// <summary>How far the clock goes on by itself after each look at it; zero by default.</summary>
    public TimeSpan StepAfterEachLook { get; set; }

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Moves the clock.</summary>
    public void Advance(TimeSpan span)
    {
        lock (_lock) _now += span;
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            DateTimeOffset now = _now;
            _now += StepAfterEachLook;
            return now;
        }
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => GetUtcNow().UtcTicks;
}
