using System.Globalization;

namespace Lepton.Data.Cli.Output;

/// <summary>A table for people: aligned columns where they fit the terminal, else one line a value.</summary>
internal sealed class TextTable
{
    private const int CellWidthMax = 60;
    private const int LastWidthMin = 20;
    private const string Gap = "  ";

    private readonly List<(string Name, string? Note, bool IsRight, int Rank)> _columns = [];
    private readonly List<string?[]> _rows = [];

    internal int RowCount => _rows.Count;

    /// <summary>Adds a column.</summary>
    /// <param name="name">Its heading.</param>
    /// <param name="isRight">Whether values stand at the right, as numbers do.</param>
    /// <param name="note">A second, quieter heading, such as a type.</param>
    /// <param name="rank">Above 0: the column is left out of a terminal that is too narrow for all, those of the greatest rank first; one at the end is cut before.</param>
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

    internal void Write(Terminal terminal)
    {
        int[] widths = Widths(cut: terminal.Width is not null);
        while (terminal.Width is { } room && Needed(widths) > room && _columns.Max(column => column.Rank) is > 0 and var rank)
        {
            // What a sentence at the end loses is worth less than a column.
            if (_columns[^1].Rank > 0 && room - (Needed(widths) - widths[^1]) is >= LastWidthMin and var left)
            {
                widths[^1] = left;
                break;
            }
            LeaveOut(_columns.FindLastIndex(column => column.Rank == rank));
            widths = Widths(cut: true);
        }
        if (terminal.Width is { } width && Needed(widths) > width && _columns.Count > 1) WriteRecords(terminal, width);
        else WriteAligned(terminal, widths);
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

    private void WriteAligned(Terminal terminal, int[] widths)
    {
        bool hasColor = terminal.HasColor;
        WriteLine(terminal, widths, [.. _columns.Select(column => column.Name)], hasColor ? "\e[1m" : null);
        if (_columns.Any(column => column.Note is not null)) WriteLine(terminal, widths, [.. _columns.Select(column => column.Note ?? "")], hasColor ? "\e[2m" : null);
        foreach (string?[] row in _rows) WriteLine(terminal, widths, row, null);
    }

    private void WriteLine(Terminal terminal, int[] widths, string?[] cells, string? style)
    {
        for (int i = 0; i < cells.Length; i++)
        {
            string cell = TextCells.Cut(cells[i] ?? "NULL", widths[i]);
            string padding = new(' ', widths[i] - TextCells.Width(cell));
            bool isLast = i == cells.Length - 1;
            string? cellStyle = style ?? (cells[i] is null && terminal.HasColor ? "\e[2m" : null);
            if (_columns[i].IsRight) terminal.Out.Write(padding);
            terminal.Out.Write(cellStyle is null ? cell : $"{cellStyle}{cell}\e[0m");
            if (!_columns[i].IsRight && !isLast) terminal.Out.Write(padding);
            terminal.Out.Write(isLast ? "\n" : Gap);
        }
    }

    // Too wide for the terminal: each row as a block of its own, name and value a line.
    private void WriteRecords(Terminal terminal, int width)
    {
        int nameWidth = Math.Min(_columns.Max(column => TextCells.Width(column.Name)), Math.Max(8, width / 3));
        for (int number = 0; number < _rows.Count; number++)
        {
            if (number > 0) terminal.Out.Write('\n');
            for (int i = 0; i < _columns.Count; i++)
            {
                string name = TextCells.Cut(_columns[i].Name, nameWidth);
                string padding = new(' ', nameWidth - TextCells.Width(name));
                string value = TextCells.Cut(_rows[number][i] ?? "NULL", Math.Max(8, width - nameWidth - Gap.Length));
                terminal.Out.Write(terminal.HasColor ? $"\e[1m{name}\e[0m{padding}{Gap}{value}\n" : $"{name}{padding}{Gap}{value}\n");
            }
        }
    }
}
