namespace Lepton.Data.Schemas.Configuration;

/// <summary>The three shapes of YAML.</summary>
[Flags]
public enum YamlShapes
{
    /// <summary>No shape.</summary>
    None = 0,

    /// <summary>A single value.</summary>
    Scalar = 1,

    /// <summary>Values in order.</summary>
    List = 2,

    /// <summary>Values by key.</summary>
    Map = 4,
}

/// <summary>A piece of a YAML text that a person wrote, with its place. Immutable.</summary>
public abstract class YamlNode
{
    private protected YamlNode(YamlSource source, SourcePlace place) => (Source, Place) = (source, place);

    /// <summary>Where its first character stands.</summary>
    public SourcePlace Place { get; }

    /// <summary>Scalar, list or map.</summary>
    public abstract YamlShapes Shape { get; }

    internal YamlSource Source { get; }

    /// <summary>What stands here, in few words, for messages.</summary>
    internal abstract BilingualText Description { get; }

    internal LeptonDataException Error(string code, params ReadOnlySpan<object?> arguments) => Source.Error(Place, code, arguments);
}

/// <summary>A single value; what it means is for its reader to say (YAML's own guesses, such as <c>no</c> for false, are not made).</summary>
public sealed class YamlScalar : YamlNode
{
    internal YamlScalar(YamlSource source, SourcePlace place, TextWithPlace text, bool isPlain)
        : base(source, place) => (Text, IsPlain) = (text, isPlain);

    /// <summary>The value, and where its first character stands (behind the quote, below the <c>|</c>).</summary>
    public TextWithPlace Text { get; }

    /// <summary>Written without quotes and without <c>|</c> or <c>&gt;</c>.</summary>
    public bool IsPlain { get; }

    /// <summary>Nothing, or YAML's words for nothing.</summary>
    public bool IsNothing => IsPlain && Text.Text is "" or "~" or "null";

    /// <inheritdoc/>
    public override YamlShapes Shape => YamlShapes.Scalar;

    internal override BilingualText Description => IsNothing
        ? new BilingualText("nothing", "没有值")
        : new BilingualText($"'{Shorten(Text.Text)}'", $"“{Shorten(Text.Text)}”");

    private static string Shorten(string text) => text.Length <= 60 ? text : $"{text.AsSpan(0, char.IsHighSurrogate(text[56]) ? 56 : 57)}…";
}

/// <summary>Values in order.</summary>
public sealed class YamlList : YamlNode
{
    internal YamlList(YamlSource source, SourcePlace place, IReadOnlyList<YamlNode> items)
        : base(source, place) => Items = items;

    /// <summary>The values.</summary>
    public IReadOnlyList<YamlNode> Items { get; }

    /// <inheritdoc/>
    public override YamlShapes Shape => YamlShapes.List;

    internal override BilingualText Description => new("a list", "列表");
}

/// <summary>Values by distinct keys, in the order of the text.</summary>
public sealed class YamlMap : YamlNode
{
    internal YamlMap(YamlSource source, SourcePlace place, IReadOnlyList<KeyValuePair<YamlScalar, YamlNode>> entries)
        : base(source, place) => Entries = entries;

    /// <summary>Keys and values.</summary>
    public IReadOnlyList<KeyValuePair<YamlScalar, YamlNode>> Entries { get; }

    /// <inheritdoc/>
    public override YamlShapes Shape => YamlShapes.Map;

    internal override BilingualText Description => new("a map of keys", "键值映射");

    /// <summary>The value of <paramref name="key"/>, or null.</summary>
    public YamlNode? Find(string key)
    {
        foreach ((YamlScalar name, YamlNode value) in Entries)
            if (name.Text.Text == key) return value;
        return null;
    }
}
