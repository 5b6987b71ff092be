using System.Globalization;
using System.Text.Json.Nodes;

namespace Lepton.Data.Schemas.Configuration;

/// <summary>What may stand at one place of a YAML file: how it is read, described to people, and told to editors. Immutable.</summary>
public abstract class ValueKind
{
    private protected ValueKind() { }

    /// <summary>What is expected, with an example where the form is not plain; fits behind "expected".</summary>
    public abstract BilingualText Form { get; }

    /// <summary>The shapes that it takes.</summary>
    public abstract YamlShapes Shapes { get; }

    /// <summary>What may stand there, for a cell of a table in Markdown.</summary>
    internal virtual string MarkdownForm(CultureInfo culture) => Form.In(culture);

    /// <summary>The record formats inside, for documentation; each once, outer ones first.</summary>
    internal virtual IEnumerable<RecordFormat> NestedFormats => [];

    /// <summary>JSON Schema of the value; record formats go into <paramref name="definitions"/> and are referred to.</summary>
    internal abstract JsonObject JsonSchema(JsonObject definitions, CultureInfo culture);

    internal abstract object? ReadObject(YamlNode node);
}

/// <inheritdoc/>
/// <typeparam name="T">What a value is read into.</typeparam>
public abstract class ValueKind<T> : ValueKind
{
    private protected ValueKind() { }

    /// <summary>Reads a value.</summary>
    /// <exception cref="LeptonDataException">It is not of this kind; with place and remedy.</exception>
    public T Read(YamlNode node)
    {
        if ((Shapes & node.Shape) == 0 || (node is YamlScalar { IsNothing: true } && !TakesNothing)) throw node.Error("schemas.value_expected", Form, node.Description);
        return ReadCore(node);
    }

    /// <summary>The same kind, turned into something else.</summary>
    /// <param name="convert">May throw <see cref="LeptonDataException"/>; without a place it gets the value's.</param>
    /// <param name="form">What is expected, where that is more than this kind says.</param>
    public ValueKind<TResult> Select<TResult>(Func<T, TResult> convert, BilingualText? form = null) => new SelectKind<T, TResult>(this, convert, form);

    /// <summary>The same kind, its values together with their places.</summary>
    public ValueKind<Located<T>> WithPlace() => new LocatedKind<T>(this);

    /// <summary>Either this kind or another of another shape: a record with a short form, say, or one value instead of a list.</summary>
    /// <exception cref="ArgumentException">Both take the same shape, so that a text could mean either.</exception>
    public ValueKind<T> Or(ValueKind<T> other) => new EitherKind<T>(this, other);

    /// <summary>Whether an empty value is more than a mistake.</summary>
    private protected virtual bool TakesNothing => false;

    private protected abstract T ReadCore(YamlNode node);

    internal sealed override object? ReadObject(YamlNode node) => Read(node);
}

internal sealed class SelectKind<T, TResult>(ValueKind<T> inner, Func<T, TResult> convert, BilingualText? form) : ValueKind<TResult>
{
    public override BilingualText Form => form ?? inner.Form;

    internal override string MarkdownForm(CultureInfo culture) => form?.In(culture) ?? inner.MarkdownForm(culture);

    public override YamlShapes Shapes => inner.Shapes;

    internal override IEnumerable<RecordFormat> NestedFormats => inner.NestedFormats;

    internal override JsonObject JsonSchema(JsonObject definitions, CultureInfo culture) => inner.JsonSchema(definitions, culture);

    private protected override TResult ReadCore(YamlNode node)
    {
        T value = inner.Read(node);
        try
        {
            return convert(value);
        }
        catch (LeptonDataException failure) when (failure.Place is null)
        {
            throw node.Source.Error(node.Place, failure);
        }
    }
}

internal sealed class LocatedKind<T>(ValueKind<T> inner) : ValueKind<Located<T>>
{
    public override BilingualText Form => inner.Form;

    internal override string MarkdownForm(CultureInfo culture) => inner.MarkdownForm(culture);

    public override YamlShapes Shapes => inner.Shapes;

    internal override IEnumerable<RecordFormat> NestedFormats => inner.NestedFormats;

    internal override JsonObject JsonSchema(JsonObject definitions, CultureInfo culture) => inner.JsonSchema(definitions, culture);

    private protected override Located<T> ReadCore(YamlNode node) => new(inner.Read(node), node.Place);
}

internal sealed class EitherKind<T> : ValueKind<T>
{
    private readonly ValueKind<T> _first;
    private readonly ValueKind<T> _second;

    internal EitherKind(ValueKind<T> first, ValueKind<T> second)
    {
        if ((first.Shapes & second.Shapes) != 0) throw new ArgumentException("both kinds take the same shape", nameof(second));
        (_first, _second) = (first, second);
    }

    public override BilingualText Form => new($"{_first.Form.English}, or {_second.Form.English}", $"{_first.Form.Chinese}，或{_second.Form.Chinese}");

    public override YamlShapes Shapes => _first.Shapes | _second.Shapes;

    internal override string MarkdownForm(CultureInfo culture)
        => new BilingualText($"{_first.MarkdownForm(culture)}, or {_second.MarkdownForm(culture)}", $"{_first.MarkdownForm(culture)}，或{_second.MarkdownForm(culture)}").In(culture);

    internal override IEnumerable<RecordFormat> NestedFormats => _first.NestedFormats.Concat(_second.NestedFormats);

    internal override JsonObject JsonSchema(JsonObject definitions, CultureInfo culture)
        => new() { ["anyOf"] = new JsonArray(_first.JsonSchema(definitions, culture), _second.JsonSchema(definitions, culture)) };

    private protected override T ReadCore(YamlNode node) => (_first.Shapes & node.Shape) != 0 ? _first.Read(node) : _second.Read(node);
}
