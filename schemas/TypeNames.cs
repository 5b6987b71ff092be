using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.Schemas;

/// <summary>Reads the SQL names of types. DuckDB's own spellings and the usual aliases are taken; nesting is bounded.</summary>
internal static class TypeNames
{
    // Deeper types are no one's table; a bound keeps hostile text from exhausting the stack.
    private const int DepthMax = 64;

    // One word each; of equally near ones a mistyped word is taken for the first.
    private static readonly Dictionary<string, DataType> s_plain = new(StringComparer.OrdinalIgnoreCase)
    {
        ["BOOLEAN"] = DataType.Boolean, ["BOOL"] = DataType.Boolean,
        ["TINYINT"] = DataType.Int8, ["SMALLINT"] = DataType.Int16, ["INTEGER"] = DataType.Int32, ["INT"] = DataType.Int32, ["BIGINT"] = DataType.Int64, ["LONG"] = DataType.Int64,
        ["FLOAT"] = DataType.Float32, ["REAL"] = DataType.Float32,
        ["VARCHAR"] = DataType.String, ["STRING"] = DataType.String, ["TEXT"] = DataType.String,
        ["BLOB"] = DataType.Binary, ["BYTEA"] = DataType.Binary, ["BINARY"] = DataType.Binary,
        ["DATE"] = DataType.Date,
        ["TIMESTAMPTZ"] = DataType.Instant,
        ["INT1"] = DataType.Int8, ["INT2"] = DataType.Int16, ["INT4"] = DataType.Int32, ["INT8"] = DataType.Int64, ["FLOAT4"] = DataType.Float32, ["FLOAT8"] = DataType.Float64,
        ["NULL"] = DataType.Null,
    };

    // More words or arguments may follow these.
    private static readonly string[] s_long = ["TIMESTAMP", "DOUBLE", "DECIMAL", "NUMERIC", "STRUCT", "MAP"];

    internal static string Quote(string name)
        => name.Length > 0 && (char.IsAsciiLetter(name[0]) || name[0] == '_') && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')
            ? name
            : SqlLiteral.Name(name);

    internal static bool TryParse(string text, [NotNullWhen(true)] out DataType? type)
    {
        var parser = new Parser(text);
        type = parser.Type(0);
        if (type is not null && parser.AtEnd) return true;
        type = null;
        return false;
    }

    /// <summary>The type that a person probably meant: with the nearest name in place of the first word, where that gives a type; else null.</summary>
    internal static string? Nearest(string text)
    {
        int end = 0;
        while (end < text.Length && (char.IsLetterOrDigit(text[end]) || text[end] == '_')) end++;
        return Suggest.Nearest(text[..end], s_plain.Keys.Concat(s_long)) is { } name && TryParse(name + text[end..], out _) ? name + text[end..] : null;
    }

    private ref struct Parser(string text)
    {
        private readonly ReadOnlySpan<char> _text = text;
        private int _at;
        private int _listCount;

        public bool AtEnd
        {
            get
            {
                SkipSpace();
                return _at == _text.Length;
            }
        }

        public DataType? Type(int depth)
        {
            if (depth > DepthMax) return null;
            DataType? type = Base(depth);
            while (type is not null && Take('['))
            {
                if (++_listCount > DepthMax) return null;
                if (Take(']')) type = new ListType(new Field("element", type));
                else if (Number() is int length and > 0 && Take(']')) type = new FixedSizeListType(new Field("element", type), length);
                else return null;
            }
            return type;
        }

        private DataType? Base(int depth)
        {
            if (Word() is not { } word) return null;
            if (s_plain.TryGetValue(word, out DataType? plain)) return plain;
            switch (word.ToUpperInvariant())
            {
                case "DOUBLE":
                    TakeWord("PRECISION");
                    return DataType.Float64;
                case "TIMESTAMP":
                    if (TakeWord("WITHOUT")) return TakeWord("TIME") && TakeWord("ZONE") ? DataType.NaiveTime : null;
                    if (!TakeWord("WITH")) return DataType.NaiveTime;
                    return TakeWord("TIME") && TakeWord("ZONE") ? DataType.Instant : null;
                case "DECIMAL" or "NUMERIC": return DecimalArguments();
                case "STRUCT": return Struct(depth);
                case "MAP":
                    if (!Take('(') || Type(depth + 1) is not { } key || !Take(',') || Type(depth + 1) is not { } value || !Take(')')) return null;
                    return new MapType(new Field("key", key, IsNullable: false), new Field("value", value));
                default: return null;
            }
        }

        private DataType? DecimalArguments()
        {
            // SQL's bare DECIMAL is DECIMAL(18,3) in DuckDB.
            if (!Take('(')) return DataType.Decimal(18, 3);
            if (Number() is not int precision) return null;
            int? scale = Take(',') ? Number() : 0;
            if (scale is null || !Take(')') || precision is < 1 or > DecimalType.PrecisionMax || scale > precision) return null;
            return DataType.Decimal(precision, scale.Value);
        }

        private StructType? Struct(int depth)
        {
            if (!Take('(')) return null;
            var fields = new List<Field>();
            var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            do
            {
                if (Word() is not { } name || Type(depth + 1) is not { } type) return null;
                if (!names.Add(name)) return null;
                fields.Add(new Field(name, type));
            }
            while (Take(','));
            return Take(')') ? new StructType(new EquatableList<Field>(fields)) : null;
        }

        private void SkipSpace()
        {
            while (_at < _text.Length && char.IsWhiteSpace(_text[_at])) _at++;
        }

        private bool Take(char c)
        {
            SkipSpace();
            if (_at >= _text.Length || _text[_at] != c) return false;
            _at++;
            return true;
        }

        private bool TakeWord(string expected)
        {
            int start = _at;
            if (string.Equals(Word(), expected, StringComparison.OrdinalIgnoreCase)) return true;
            _at = start;
            return false;
        }

        private int? Number()
        {
            SkipSpace();
            int start = _at;
            while (_at < _text.Length && char.IsAsciiDigit(_text[_at])) _at++;
            return int.TryParse(_text[start.._at], NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;
        }

        private string? Word()
        {
            SkipSpace();
            if (_at < _text.Length && _text[_at] == '"') return QuotedWord();
            int start = _at;
            while (_at < _text.Length && (char.IsLetterOrDigit(_text[_at]) || _text[_at] == '_')) _at++;
            return _at == start ? null : _text[start.._at].ToString();
        }

        private string? QuotedWord()
        {
            var word = new System.Text.StringBuilder();
            for (_at++; _at < _text.Length; _at++)
            {
                if (_text[_at] != '"') word.Append(_text[_at]);
                else if (_at + 1 < _text.Length && _text[_at + 1] == '"') word.Append(_text[_at++]);
                else
                {
                    _at++;
                    return word.ToString();
                }
            }
            return null;
        }
    }
}
