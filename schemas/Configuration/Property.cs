namespace Lepton.Data.Schemas.Configuration;

/// <summary>One key of a record's format.</summary>
public abstract class Property
{
    private protected Property(string key, ValueKind kind, bool isRequired, string? defaultText, BilingualText documentation, int index)
        => (Key, Kind, IsRequired, DefaultText, Documentation, Index) = (key, kind, isRequired, defaultText, documentation, index);

    /// <summary>As it is written in YAML.</summary>
    public string Key { get; }

    /// <summary>What may stand there.</summary>
    public ValueKind Kind { get; }

    /// <summary>Whether every record must have it.</summary>
    public bool IsRequired { get; }

    /// <summary>What leaving it out means, as YAML; null where there is no such value.</summary>
    public string? DefaultText { get; }

    /// <summary>What it is for.</summary>
    public BilingualText Documentation { get; }

    internal int Index { get; }
}

/// <inheritdoc/>
/// <typeparam name="T">What its value is read into.</typeparam>
public sealed class Property<T> : Property
{
    internal Property(string key, ValueKind<T> kind, bool isRequired, string? defaultText, BilingualText documentation, int index)
        : base(key, kind, isRequired, defaultText, documentation, index) { }
}
