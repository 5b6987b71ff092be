using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.Jobs.Definitions;

/// <summary>How a step's table grows when one of its inputs does. A step without one is computed anew as a whole.</summary>
/// <param name="Place">Where it is said.</param>
/// <param name="Of">The input whose changes are followed; null for the only one that the step reads.</param>
public abstract record GrowthDefinition(SourcePlace Place, Located<string>? Of)
{
    // Shorter ones would be keys for nearly each row.
    private static readonly TimeSpan s_widthMin = TimeSpan.FromSeconds(1);

    // Each touched window brings as many with it.
    private const int WindowsInLookbackMax = 1_000;

    /// <summary>What the mode is called in YAML and in records.</summary>
    public abstract string Mode { get; }

    private static readonly RecordFormat<GrowthDefinition> s_format = RecordFormat.Declare<GrowthDefinition>(
        new("growth", "增量方式"),
        "How a step's table grows when an input does.",
        "当输入增长时，步骤的表如何随之增长。",
        format =>
        {
            ValueKind<Located<string>> word = Kinds.Text.WithPlace();
            Property<Located<string>> append = format.Optional("append", word, "The input of which each row makes rows of its own: only its new rows are read, and their rows are added.", "每行各自产生行的输入：只读取其新行，并追加其结果。");
            Property<EquatableList<Located<string>>> byKey = format.Optional("by_key", Kinds.OneOrMore(word), "The columns of the table that are its key: the rows of touched keys are computed anew.", "作为键的列：仅重新计算被触及的键的行。");
            Property<TimeSpan> byWindow = format.Optional("by_window", Kinds.Duration, "How wide the windows of time are: the rows of touched windows are computed anew.", "时间窗口的宽度：仅重新计算被触及的窗口的行。");
            Property<Located<string>> time = format.Optional("time", word, "For by_window: the column of the table whose window a row belongs to.", "用于 by_window：决定行属于哪个窗口的列。");
            Property<TimeSpan> lookback = format.Optional("lookback", Kinds.Duration, "For by_window: how far before a window rows may lie that its rows are made of.", "用于 by_window：窗口内的行最多可依赖窗口之前多久的行。");
            Property<Located<string>> of = format.Optional("of", word, "The input whose changes are followed; it may be left out where the step reads one only.", "跟踪其变化的输入；步骤只读取一个输入时可省略。");
            format.Needs(time, byWindow);
            format.Needs(byWindow, time);
            format.Needs(lookback, byWindow);
            return values =>
            {
                Property[] modes = [.. new Property[] { append, byKey, byWindow }.Where(values.Has)];
                if (modes.Length == 0) throw values.Error("jobs.grows_how");
                if (modes.Length > 1) throw values.Error(modes[1], "jobs.grows_twice", modes[0].Key, modes[1].Key);
                if (values.Has(append) && values.Has(of)) throw values.Error(of, "jobs.grows_of_twice");
                SourcePlace place = values.Place;
                if (values.Find(append) is { } input) return new AppendGrowth(place, input);
                if (values.Find(byKey) is { } key) return new KeyGrowth(place, values.Find(of), key);
                if (values.Find(byWindow) < s_widthMin) throw values.Error(byWindow, "jobs.grows_width");
                if (values.Find(lookback) / WindowsInLookbackMax > values.Find(byWindow)) throw values.Error(lookback, "jobs.grows_windows", WindowsInLookbackMax);
                return new WindowGrowth(place, values.Find(of), values.Find(byWindow)!.Value, values.Find(time)!.Value, values.Find(lookback) ?? TimeSpan.Zero);
            };
        });

    /// <summary>Reads what stands behind <c>grows</c>.</summary>
    internal static ValueKind<GrowthDefinition> Kind { get; } = Kinds.Choice(("full", "full"), ("append", "append")).WithPlace()
        .Select(word => word.Value == "append" ? (GrowthDefinition)new AppendGrowth(word.Place, null) : new FullGrowth(word.Place))
        .Or(s_format.ToValueKind());
}

/// <summary>All of it anew: what a step does that says nothing.</summary>
public sealed record FullGrowth(SourcePlace Place) : GrowthDefinition(Place, null)
{
    /// <inheritdoc/>
    public override string Mode => "full";
}

/// <summary>Rows in, rows out.</summary>
public sealed record AppendGrowth(SourcePlace Place, Located<string>? Of) : GrowthDefinition(Place, Of)
{
    /// <inheritdoc/>
    public override string Mode => "append";
}

/// <summary>The rows of touched keys anew.</summary>
/// <param name="Place">Where it is said.</param>
/// <param name="Of">As <see cref="GrowthDefinition"/> has it.</param>
/// <param name="Columns">Of the table.</param>
public sealed record KeyGrowth(SourcePlace Place, Located<string>? Of, IReadOnlyList<Located<string>> Columns) : GrowthDefinition(Place, Of)
{
    /// <inheritdoc/>
    public override string Mode => "by_key";
}

/// <summary>The rows of touched windows of time anew.</summary>
/// <param name="Place">Where it is said.</param>
/// <param name="Of">As <see cref="GrowthDefinition"/> has it.</param>
/// <param name="Width">Of a window; windows lie as SQL's <c>time_bucket</c> has them.</param>
/// <param name="Time">A column of the table.</param>
/// <param name="Lookback">How far before a window rows may lie that its rows are made of.</param>
public sealed record WindowGrowth(SourcePlace Place, Located<string>? Of, TimeSpan Width, Located<string> Time, TimeSpan Lookback) : GrowthDefinition(Place, Of)
{
    /// <inheritdoc/>
    public override string Mode => "by_window";
}
