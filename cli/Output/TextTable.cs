using System.Globalization;

namespace Lepton.Data.Cli.Output;

/// <summary>A table for people: aligned columns where they fit the terminal, else one line a value.</summary>
internal sealed class TextTable
{
    private const int CellWidthMax = 60;
    private const int NotedTogetherMax = 5;
    private const string Gap = "  ";

    private readonly List<(string Name, string? Note, bool IsRight, int Rank)> _columns = [];
    private readonly List<string?[]> _rows = [];

    internal int RowCount => _rows.Count;

    /// <summary>Adds a column.</summary>
    /// <param name="name">Its heading.</param>
    /// <param name="isRight">Whether values stand at the right, as numbers do.</param>
    /// <param name="note">A second, quieter heading, such as a type.</param>
    /// <param name="rank">Above 0: the column is left out of a terminal that is too narrow for all, those of the greatest rank first. A last column with a rank is a note: where it does not fit, it stands below, after the names of the rows that it is of.</param>
    internal TextTable Column(string name, bool isRight = false, string? note = null, int rank = 0)
    {
        _columns.Add((TextCells.Visible(name), note is null ? null : TextCells.Visible(note), isRight, rank));
        return this;
    }

    /// <summary>Adds a row; null is shown as NULL is.</summary>
    internal void Row(params ReadOnlySpan<string?> values)
    {
        string?[] row = new string?[_columns.Count];
        for (int i = 0; i < row.Length; i++) row[i] = values[i] is { } value ? TextCells.Visible(value) : null;
        _rows.Add(row);
    }

    /// <summary>A whole number, its thousands set apart.</summary>
    internal static string Number(long? value) => value?.ToString("N0", CultureInfo.InvariantCulture) ?? "–";

    internal void Write(Terminal terminal) => Write(terminal.Out, terminal.Width, terminal.HasColor);

    /// <summary>Writes.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="room">Characters in a line; null for no bound.</param>
    /// <param name="hasColor">Whether headings stand out.</param>
    internal void Write(TextWriter output, int? room, bool hasColor)
    {
        int[] widths = Widths(cut: room is not null);
        List<(string Row, string Note)> below = [];
        while (Needed(widths) > room && _columns.Max(column => column.Rank) is > 0 and var rank)
        {
            if (below.Count == 0 && _columns[^1].Rank > 0)
            {
                below = [.. _rows.Select(row => (row[0] ?? "", row[^1] ?? "")).Where(pair => pair.Item2.Length > 0)];
                LeaveOut(_columns.Count - 1);
            }
            else
            {
                LeaveOut(_columns.FindLastIndex(column => column.Rank == rank));
            }
            widths = Widths(cut: true);
        }
        if (room is { } width && Needed(widths) > width && _columns.Count > 1) WriteRecords(output, width, hasColor);
        else WriteAligned(output, widths, hasColor);
        foreach (IGrouping<string, string> rows in below.GroupBy(pair => pair.Note, pair => pair.Row))
            WriteWrapped(output, room ?? int.MaxValue, $"{string.Join(", ", rows.Take(NotedTogetherMax))}{(rows.Count() > NotedTogetherMax ? ", …" : "")}: {rows.Key}");
    }

    // What goes on stands a little to the right. A word that is wider than a line is cut.
    private static void WriteWrapped(TextWriter output, int room, string text)
    {
        string line = "";
        foreach (string word in text.Split(' '))
        {
            string longer = line.Length == 0 ? word : $"{line} {word}";
            if (TextCells.Width(longer) > room && line.Length > 0)
            {
                output.Write($"{line}\n");
                longer = Gap + word;
            }
            line = TextCells.Cut(longer, room);
        }
        output.Write($"{line}\n");
    }

    private static int Needed(int[] widths) => widths.Sum() + ((widths.Length - 1) * Gap.Length);

    private void LeaveOut(int index)
    {
        _columns.RemoveAt(index);
        for (int i = 0; i < _rows.Count; i++) _rows[i] = [.. _rows[i].Where((_, column) => column != index)];
    }

    private int[] Widths(bool cut)
    {
        int[] widths = [.. _columns.Select(column => Math.Max(TextCells.Width(column.Name), TextCells.Width(column.Note ?? "")))];
        foreach (string?[] row in _rows)
        {
            for (int i = 0; i < widths.Length; i++)
            {
                int cells = TextCells.Width(row[i] ?? "NULL");
                widths[i] = Math.Max(widths[i], cut ? Math.Min(cells, CellWidthMax) : cells);
            }
        }
        return widths;
    }

    private void WriteAligned(TextWriter output, int[] widths, bool hasColor)
    {
        WriteLine(output, widths, [.. _columns.Select(column => column.Name)], hasColor, hasColor ? "\e[1m" : null);
        if (_columns.Any(column => column.Note is not null)) WriteLine(output, widths, [.. _columns.Select(column => column.Note ?? "")], hasColor, hasColor ? "\e[2m" : null);
        foreach (string?[] row in _rows) WriteLine(output, widths, row, hasColor, null);
    }

    private void WriteLine(TextWriter output, int[] widths, string?[] cells, bool hasColor, string? style)
    {
        for (int i = 0; i < cells.Length; i++)
        {
            string cell = TextCells.Cut(cells[i] ?? "NULL", widths[i]);
            string padding = new(' ', widths[i] - TextCells.Width(cell));
            bool isLast = i == cells.Length - 1;
            string? cellStyle = style ?? (cells[i] is null && hasColor ? "\e[2m" : null);
            if (_columns[i].IsRight) output.Write(padding);
            output.Write(cellStyle is null ? cell : $"{cellStyle}{cell}\e[0m");
            if (!_columns[i].IsRight && !isLast) output.Write(padding);
            output.Write(isLast ? "\n" : Gap);
        }
    }

    // Too wide for the terminal: each row as a block of its own, name and value a line.
    private void WriteRecords(TextWriter output, int width, bool hasColor)
    {
        int nameWidth = Math.Min(_columns.Max(column => TextCells.Width(column.Name)), Math.Max(8, width / 3));
        for (int number = 0; number < _rows.Count; number++)
        {
            if (number > 0) output.Write('\n');
            for (int i = 0; i < _columns.Count; i++)
            {
                string name = TextCells.Cut(_columns[i].Name, nameWidth);
                string padding = new(' ', nameWidth - TextCells.Width(name));
                string value = TextCells.Cut(_rows[number][i] ?? "NULL", Math.Max(8, width - nameWidth - Gap.Length));
                output.Write(hasColor ? $"\e[1m{name}\e[0m{padding}{Gap}{value}\n" : $"{name}{padding}{Gap}{value}\n");
            }
        }
    }
}
