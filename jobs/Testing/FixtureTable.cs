using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.Jobs.Testing;

/// <summary>Rows of a test before their types are known: texts and YAML values by column, with their places.</summary>
/// <param name="Columns">The columns that any row names, in the order of their first.</param>
/// <param name="Rows">By index of column; a column that a row does not name has no value, which is NULL.</param>
internal sealed record FixtureTable(IReadOnlyList<Located<string>> Columns, IReadOnlyList<IReadOnlyDictionary<string, FixtureCell>> Rows)
{
    /// <summary>Takes rows as they are written, or out of their file.</summary>
    /// <param name="rows">What the test says.</param>
    /// <param name="folder">Where its file lies.</param>
    /// <exception cref="LeptonDataException">The file cannot be read, or a row of it has too many fields.</exception>
    internal static FixtureTable Of(FixtureRows rows, string folder)
    {
        var columns = new List<Located<string>>();
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        if (rows.Rows is null) return OfFile(rows.File!.Value, folder);
        var cells = new List<IReadOnlyDictionary<string, FixtureCell>>();
        foreach (IReadOnlyList<Entry<YamlNode>> row in rows.Rows)
        {
            var values = new Dictionary<string, FixtureCell>(StringComparer.OrdinalIgnoreCase);
            foreach (Entry<YamlNode> entry in row)
            {
                if (names.Add(entry.Name)) columns.Add(new Located<string>(entry.Name, entry.Place));
                values[entry.Name] = new FixtureCell(entry.Value is YamlScalar scalar ? (scalar.IsNothing ? null : scalar.Text.Text) : null, entry.Value, entry.Value.Place);
            }
            cells.Add(values);
        }
        return new FixtureTable(columns, cells);
    }

    private static FixtureTable OfFile(Located<string> file, string folder)
    {
        string path = Path.GetFullPath(file.Value, folder);
        if (!File.Exists(path)) throw new LeptonDataException("jobs.test_no_file", [file.Value, folder]) { Place = file.Place };
        string text = Encoding.UTF8.GetString(Project.ReadFile(path)).TrimStart('\uFEFF');
        string shown = Project.DisplayPath(path);
        List<(int Line, List<string?> Fields)> records = Records(text);
        if (records.Count == 0) throw new LeptonDataException("jobs.test_csv_empty", []) { Place = new SourcePlace(shown) };
        Located<string>[] columns = [.. records[0].Fields.Select(name => new Located<string>(name ?? "", new SourcePlace(shown, 1)))];
        var rows = new List<IReadOnlyDictionary<string, FixtureCell>>();
        foreach ((int line, List<string?> fields) in records.Skip(1))
        {
            var place = new SourcePlace(shown, line);
            if (fields.Count != columns.Length) throw new LeptonDataException("jobs.test_csv_ragged", [fields.Count, columns.Length]) { Place = place };
            var values = new Dictionary<string, FixtureCell>(StringComparer.OrdinalIgnoreCase);
            for (int i = 0; i < columns.Length; i++) values[columns[i].Value] = new FixtureCell(fields[i], null, place);
            rows.Add(values);
        }
        return new FixtureTable(columns, rows);
    }

    // RFC 4180 with commas: an empty field is NULL, "" is the empty text, as `lepton query --output csv` writes them.
    private static List<(int Line, List<string?> Fields)> Records(string text)
    {
        var records = new List<(int, List<string?>)>();
        var fields = new List<string?>();
        var field = new StringBuilder();
        (bool isOpen, bool isQuoted, int line, int start) = (false, false, 1, 1);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '\n') line++;
            if (isOpen)
            {
                if (c != '"') field.Append(c);
                else if (i + 1 < text.Length && text[i + 1] == '"') field.Append(text[++i]);
                else isOpen = false;
            }
            else if (c == '"' && field.Length == 0) (isOpen, isQuoted) = (true, true);
            else if (c == ',') EndField();
            else if (c == '\n') EndRecord();
            else if (c != '\r') field.Append(c);
        }
        EndRecord();
        return records;

        void EndField()
        {
            fields.Add(field.Length > 0 || isQuoted ? field.ToString() : null);
            field.Clear();
            isQuoted = false;
        }

        void EndRecord()
        {
            EndField();
            // An empty line is no row.
            if (fields.Count > 1 || fields[0] is not null) records.Add((start, fields));
            (fields, start) = ([], line);
        }
    }
}

/// <summary>One value of a fixture as it is written.</summary>
/// <param name="Text">A single value; null for NULL, lists and maps.</param>
/// <param name="Node">The YAML that it stands in; null for a field of a CSV file.</param>
/// <param name="Place">Where.</param>
internal readonly record struct FixtureCell(string? Text, YamlNode? Node, SourcePlace Place);
