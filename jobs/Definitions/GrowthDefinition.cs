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

    // Each is computed by itself.
    private const int RevisionCountMax = 16;

    private static readonly TimeSpan s_delayMax = TimeSpan.FromDays(3660);

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
            Property<EquatableList<Located<TimeSpan>>> emit = format.Optional(
                "emit", Kinds.OneOrMore(Kinds.Duration.WithPlace()),
                "For by_window: a window has a revision for each of these delays after its end, made of the rows that were known by then; rows that come later go to `<table>__late`.",
                "用于 by_window：在窗口结束后的每个延迟处各有一个修订，由届时已知的行构成；更晚到达的行进入 `<table>__late`。");
            Property<Located<string>> createdTime = format.Optional("created_time", word, "For emit: the input's column that says when a row became known; the table has one of that name, the revision's.", "用于 emit：输入中表示该行何时可知的列；表中有同名的列，表示修订的可知时间。");
            format.Needs(time, byWindow);
            format.Needs(byWindow, time);
            format.Needs(lookback, byWindow);
            format.Needs(emit, byWindow);
            format.Needs(emit, createdTime);
            format.Needs(createdTime, emit);
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
                return new WindowGrowth(place, values.Find(of), values.Find(byWindow)!.Value, values.Find(time)!.Value, values.Find(lookback) ?? TimeSpan.Zero)
                {
                    Emit = values.Find(emit) is { } delays ? EmitOf(delays) : null,
                };

                EmitDefinition EmitOf(EquatableList<Located<TimeSpan>> delays)
                {
                    if (values.Has(lookback)) throw values.Error(lookback, "jobs.emit_lookback");
                    if (delays.Count > RevisionCountMax) throw values.Error(emit, "jobs.emit_count", delays.Count, RevisionCountMax);
                    for (int i = 0; i < delays.Count; i++)
                    {
                        if (delays[i].Value <= TimeSpan.Zero || delays[i].Value > s_delayMax || (i > 0 && delays[i].Value <= delays[i - 1].Value))
                            throw new LeptonDataException("jobs.emit_order", [(int)s_delayMax.TotalDays]) { Place = delays[i].Place };
                    }
                    return new EmitDefinition(new EquatableList<TimeSpan>(delays.Select(delay => delay.Value)), values.Find(createdTime)!.Value);
                }
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

    /// <summary>Which revisions of a window there are; null where a window computed anew replaces the old one.</summary>
    public EmitDefinition? Emit { get; init; }
}

/// <summary>Revisions of windows of time.</summary>
/// <param name="Delays">After the end of a window: for each there is a revision, of the rows that were known by then. Positive, ascending.</param>
/// <param name="CreatedTime">The input's column that says when a row became known; the table's, when the revision did.</param>
public sealed record EmitDefinition(EquatableList<TimeSpan> Delays, Located<string> CreatedTime);
