using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Lepton.Data.Schemas.Configuration;

/// <summary>
/// Reads the YAML that our own files use: one document of maps, lists and scalars. Anchors, aliases, tags, merge keys and directives are refused, duplicate keys too;
/// size, depth and the number of nodes are bounded, so that no text takes more than a moment.
/// </summary>
public static class YamlReader
{
    /// <summary>How deep maps and lists may be nested.</summary>
    public const int DepthMax = 32;

    /// <summary>How many scalars, lists and maps a file may hold.</summary>
    public const int NodeCountMax = 100_000;

    /// <summary>The most bytes of a file: 4 MiB. Who opens a file may look at its size before reading it.</summary>
    public const int SizeBytesMax = YamlSource.SizeBytesMax;

    /// <summary>Reads one file.</summary>
    /// <param name="utf8">Its bytes.</param>
    /// <param name="path">What to call it in messages.</param>
    /// <exception cref="LeptonDataException"><c>schemas.yaml_*</c>, with place and remedy.</exception>
    public static YamlNode Read(ReadOnlySpan<byte> utf8, string path)
    {
        YamlSource source = YamlSource.Decode(utf8, path);
        return new Reading(source).Document();
    }

    private sealed class Reading(YamlSource source)
    {
        private readonly Parser _parser = new(new Scanner(new StringReader(source.Text), skipComments: true));
        private int _nodeCount;
        private long _checkedLine;

        internal YamlNode Document()
        {
            Next();
            if (Next() is not DocumentStart start) throw source.Error(new SourcePlace(source.Path, 1, 1), "schemas.yaml_empty");
            if (start.Version is not null || start.Tags?.Any(tag => tag.Handle is not ("!" or "!!")) == true) throw Error(start, "schemas.yaml_directive");
            YamlNode root = Node(Next(), depth: 0);
            Next();
            ParsingEvent after = Next();
            return after is StreamEnd ? root : throw Error(after, "schemas.yaml_many_documents");
        }

        private YamlNode Node(ParsingEvent current, int depth)
        {
            if (depth > DepthMax) throw Error(current, "schemas.yaml_too_deep", DepthMax);
            if (++_nodeCount > NodeCountMax) throw Error(current, "schemas.yaml_too_many_nodes", NodeCountMax);
            if (current is AnchorAlias || current is NodeEvent { Anchor.IsEmpty: false }) throw Error(current, "schemas.yaml_anchor");
            if (current is NodeEvent { Tag.IsEmpty: false }) throw Error(current, "schemas.yaml_tag");
            CheckIndentation(current.Start);
            return current switch
            {
                Scalar scalar => YamlScalars.Of(scalar, source),
                SequenceStart => List(current, depth),
                _ => Map(current, depth),
            };
        }

        private YamlList List(ParsingEvent start, int depth)
        {
            var items = new List<YamlNode>();
            for (ParsingEvent current = Next(); current is not SequenceEnd; current = Next()) items.Add(Node(current, depth + 1));
            return new YamlList(source, PlaceOf(start), items);
        }

        private YamlMap Map(ParsingEvent start, int depth)
        {
            var entries = new List<KeyValuePair<YamlScalar, YamlNode>>();
            var lines = new Dictionary<string, int>(StringComparer.Ordinal);
            for (ParsingEvent current = Next(); current is not MappingEnd; current = Next())
            {
                if (current is not Scalar and not AnchorAlias) throw Error(current, "schemas.yaml_key_not_text");
                var key = (YamlScalar)Node(current, depth + 1);
                string name = key.Text.Text;
                if (name == "<<" && key.IsPlain) throw key.Error("schemas.yaml_merge_key");
                if (name.Length == 0) throw key.Error("schemas.yaml_key_not_text");
                if (!lines.TryAdd(name, key.Place.LineNumber)) throw key.Error("schemas.yaml_duplicate_key", name, lines[name]);
                entries.Add(new(key, Node(Next(), depth + 1)));
            }
            return new YamlMap(source, PlaceOf(start), entries);
        }

        // The parser takes some tabs as indentation; people's editors show them at different widths.
        private void CheckIndentation(Mark start)
        {
            if (start.Line == _checkedLine) return;
            _checkedLine = start.Line;
            ReadOnlySpan<char> line = source.Line((int)start.Line);
            ReadOnlySpan<char> indentation = line[..^line.TrimStart().Length];
            if (start.Column - 1 <= indentation.Length && indentation[..(int)(start.Column - 1)].Contains('\t')) throw TabError((int)start.Line);
        }

        private ParsingEvent Next()
        {
            try
            {
                if (_parser.MoveNext()) return _parser.Current!;
            }
            catch (YamlException failure)
            {
                throw SyntaxError(failure.Start, failure.End, failure);
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                // The parser meets some broken texts with exceptions of its own bookkeeping, and then knows no place: the last good one is near.
                Mark last = _parser.Current?.End ?? Mark.Empty;
                throw SyntaxError(last, last, failure);
            }
            throw new InvalidOperationException("read on behind the end of the stream");
        }

        private LeptonDataException SyntaxError(Mark start, Mark end, Exception failure)
        {
            // Where the parser complains of a tab, its marks may stand at the beginning of the map that surrounds it, far above.
            bool isTab = failure is YamlException && failure.Message.Contains(" tab ", StringComparison.Ordinal);
            for (long line = Math.Max(start.Line, 1); line <= (isTab ? source.LineCount : Math.Min(end.Line + 1, source.LineCount)); line++)
            {
                ReadOnlySpan<char> text = source.Line((int)line);
                if (text[..^text.TrimStart().Length].Contains('\t')) return TabError((int)line);
            }
            return source.Error(source.PlaceAt(start.Line, start.Column), "schemas.yaml_syntax", Reason(failure is YamlException ? failure.Message : ""));
        }

        // The parser speaks English only, and of its own insides.
        private static BilingualText Reason(string words) => words switch
        {
            _ when Has(words, "quoted scalar, found unexpected") => new("a quote is left open", "引号没有闭合"),
            _ when Has(words, "escape") || Has(words, "hexadecimal") => new("an escape within double quotes is unknown", "双引号内有无法识别的转义"),
            _ when Has(words, "flow sequence") || Has(words, "flow mapping") => new("a bracket is left open, or a comma is missing", "括号没有闭合，或缺少逗号"),
            _ when Has(words, "cannot start any token") => new("no value begins with this character unless it is quoted", "值不能以此字符开头，除非加引号"),
            _ when Has(words, "invalid mapping") || Has(words, "mapping values") => new("a second ': ' stands in a value that is not quoted", "未加引号的值中又出现“: ”"),
            _ when Has(words, "simple key") || Has(words, "expected ':'") => new("a ':' is missing behind a key", "键后缺少“:”"),
            _ when Has(words, "block mapping") || Has(words, "block collection") || Has(words, "indentation") || Has(words, "a mapping") => new("the indentation does not fit the lines above", "缩进与上文各行不一致"),
            _ => new("something is missing or left open", "缺少内容或有未闭合之处"),
        };

        private static bool Has(string words, string part) => words.Contains(part, StringComparison.OrdinalIgnoreCase);


        private LeptonDataException TabError(int line)
            => source.Error(source.PlaceAt(line, source.Line(line).IndexOf('\t') + 1), "schemas.yaml_tab");

        private LeptonDataException Error(ParsingEvent at, string code, params ReadOnlySpan<object?> arguments) => source.Error(PlaceOf(at), code, arguments);

        private SourcePlace PlaceOf(ParsingEvent at) => source.PlaceAt(at.Start.Line, at.Start.Column);
    }
}
