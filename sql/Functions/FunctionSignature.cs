using Lepton.Data.Schemas;

namespace Lepton.Data.Sql.Functions;

/// <summary>One form of a function, as the engine's catalog has it.</summary>
/// <param name="Name">DuckDB's.</param>
/// <param name="Kind">What the catalog calls it: <c>scalar</c>, <c>aggregate</c>, <c>table</c>, <c>macro</c>.</param>
/// <param name="Parameters">Types, in order; where the last may come again, it ends in <c>…</c>.</param>
/// <param name="Result">Type; empty for functions of FROM, whose columns follow from their arguments.</param>
internal sealed record FunctionSignature(string Name, string Kind, EquatableList<string> Parameters, string Result)
{
    // As many forms of one shape are written as one.
    private const int SharedMin = 3;

    private static readonly string[] s_integers = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"];

    internal bool IsOf(SqlFunction function)
        => Name == function.DuckDbName && Kind == function.Kind switch { FunctionKind.Scalar => "scalar", FunctionKind.Table => "table", _ => "aggregate" }
            && (function.ArgumentCount is null || function.ArgumentCount == Parameters.Count);

    /// <summary>The forms of one function, for people.</summary>
    internal static string Text(IEnumerable<FunctionSignature> forms)
    {
        var texts = new List<string>();
        HashSet<Shape> all = [.. forms.Select(form => new Shape(form.Parameters, form.Result, ""))];
        // A form for one type beside that for any is there to be quick.
        Shared([.. all.Where(shape => !shape.Types.Any(type => all.Contains(shape.With(type, "ANY")) || all.Contains(shape.With(type, "T"))))], "X", texts);
        return texts.Count == 0 ? "–" : string.Join("; ", texts);
    }

    // Forms that differ in one type only are written once, with a letter in its place; then once more with another letter.
    private static void Shared(List<Shape> shapes, string letter, List<string> texts)
    {
        var rest = new List<Shape>(shapes);
        var made = new List<Shape>();
        while (rest.Count > 0)
        {
            IGrouping<Shape, (Shape Shape, string Type)>? widest = rest.SelectMany(shape => shape.Types.Select(type => (shape.With(type, letter), (shape, type))))
                .GroupBy(pair => pair.Item1, pair => pair.Item2).OrderByDescending(group => group.Count()).ThenBy(group => group.Key.ToString(), StringComparer.Ordinal).FirstOrDefault();
            if (widest is null || widest.Count() < SharedMin) break;
            made.Add(widest.Key with { Where = $"{widest.Key.Where}{(widest.Key.Where.Length > 0 ? ", " : "")}{letter}: {List(widest.Select(pair => pair.Type))}" });
            rest = [.. rest.Except(widest.Select(pair => pair.Shape))];
        }
        if (letter == "X" && made.Count > 0) Shared([.. made, .. rest], "Y", texts);
        else texts.AddRange([.. made.Select(shape => shape.ToString()), .. rest.Select(shape => shape.ToString())]);
    }

    private static string List(IEnumerable<string> types)
    {
        HashSet<string> all = [.. types];
        bool hasIntegers = all.IsSupersetOf(s_integers);
        if (hasIntegers) all.ExceptWith(s_integers);
        return string.Join(", ", [.. hasIntegers ? ["*integers*"] : Array.Empty<string>(), .. all.Order(StringComparer.Ordinal)]);
    }

    private sealed record Shape(EquatableList<string> Parameters, string Result, string Where)
    {
        // Letters and the catalog's own variables are no types.
        internal IEnumerable<string> Types => Parameters.Append(Result).Select(Base).Where(type => type.Length > 1 && type != "ANY").Distinct();

        internal Shape With(string type, string letter) => new(new EquatableList<string>(Parameters.Select(parameter => Replaced(parameter, type, letter))), Replaced(Result, type, letter), Where);

        public override string ToString() => $"({string.Join(", ", Parameters)}){(Result.Length > 0 ? $" → {Result}" : "")}{(Where.Length > 0 ? $", {Where}" : "")}";

        private static string Base(string type) => type.TrimEnd('…', '[', ']');

        private static string Replaced(string text, string type, string letter) => Base(text) == type ? letter + text[type.Length..] : text;
    }
}
