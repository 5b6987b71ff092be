namespace Lepton.Data.Schemas;

/// <summary>Collects what is wrong with something, so that all of it can be said at once. Not safe for use by several threads.</summary>
public sealed class ProblemList
{
    private readonly List<LeptonDataException> _all = [];

    /// <summary>What was wrong, in the order in which it was found.</summary>
    public IReadOnlyList<LeptonDataException> All => _all;

    /// <summary>Adds a failure and what else it knows to be wrong.</summary>
    public void Add(LeptonDataException failure)
    {
        _all.Add(failure);
        _all.AddRange(failure.Others);
    }

    /// <summary>Does something; a failure is added.</summary>
    /// <returns>Whether it was done.</returns>
    public bool Try(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (LeptonDataException failure)
        {
            Add(failure);
            return false;
        }
    }

    /// <summary>Does something that gives a value; a failure is added.</summary>
    /// <returns>The value; the default where it failed.</returns>
    public T? Try<T>(Func<T> action)
    {
        T? value = default;
        Try(() => { value = action(); });
        return value;
    }

    /// <summary>Throws the first failure, which then knows the <see cref="LeptonDataException.Others"/>; does nothing where there is none.</summary>
    /// <exception cref="LeptonDataException">Something was wrong.</exception>
    public void ThrowIfAny()
    {
        if (_all is [var first, .. var others]) throw first.With(others);
    }
}
