using System.Globalization;
using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Jobs.Drafts;

/// <summary>Writes the YAML of one source: a pipeline that makes a checked table of it, and a feature view where a row says of whom and when.</summary>
/// <param name="facts">What was found out.</param>
/// <param name="guess">What it was taken for.</param>
/// <param name="path">The source's path as the pipeline is to name it.</param>
/// <param name="zone">The zone of clocks without one.</param>
/// <param name="culture">Of the comments.</param>
internal sealed class PipelineDraft(SourceFacts facts, SourceGuess guess, string path, string? zone, CultureInfo culture)
{
    private const int FeatureCountMax = 50;
    private const int RowsToBelieve = 100;
    private const int TextValuesMax = 1_000;

    private readonly StringBuilder _yaml = new();
    private readonly string[] _nulls = FileNulls(facts);
    private DraftColumn[] _columns = [];

    /// <summary>The table's column of when a row's event happened; null where there is none.</summary>
    internal string? EventTime { get; private set; }

    private bool HasFeatures => guess.Entity is not null && EventTime is not null && Features().Length > 0;

    private string Say(string code, params ReadOnlySpan<object?> arguments) => MessageCatalog.Format(code, culture, arguments);

    /// <summary>The pipeline's file.</summary>
    internal string Write()
    {
        _columns = Columns();
        string? created = guess.CreatedTime is { } known && _columns.First(column => column.Facts == known).IsInstant ? NameOf(known) : null;
        EventTime = guess.EventTime is null ? null : guess.TimeOfDay is null ? NameOf(guess.EventTime) : NewName("event_time");
        Line(0, "# yaml-language-server: $schema=../.lepton/schemas/pipeline.json");
        foreach (string line in Heading()) Line(0, line.Length == 0 ? "#" : $"# {line}");
        Line(0, $"pipeline: {facts.Name}");
        Source();
        Line(0, "");
        Line(0, "steps:");
        Line(1, $"{facts.Name}:");
        Step();
        if (EventTime is not null) Line(2, $"event_time: {DraftText.Yaml(EventTime!)}");
        if (created is not null) Line(2, $"created_time: {DraftText.Yaml(created)}");
        Rules();
        return _yaml.ToString();
    }

    /// <summary>The file of features; null where there is nothing to describe. After <see cref="Write"/>.</summary>
    /// <param name="entities">Entities that other files define, by name: their key; a new one is added.</param>
    internal string? WriteFeatures(IDictionary<string, string> entities)
    {
        if (!HasFeatures) return null;
        string[] features = Features();
        ColumnFacts entity = guess.Entity!;
        string key = NameOf(entity);
        string name = EntityName(key);
        bool isNew = !entities.TryGetValue(name, out string? known);
        if (!isNew && known != key) (name, isNew) = ($"{facts.Name}_{name}", true);
        entities[name] = key;
        _yaml.Clear();
        Line(0, "# yaml-language-server: $schema=../.lepton/schemas/feature-file.json");
        Line(0, $"# {Say("jobs.draft_features")}");
        if (isNew)
        {
            Line(0, "entities:");
            if (guess.OtherEntities.Count > 0) Line(1, $"# {Say("jobs.draft_also", Names(guess.OtherEntities))}");
            Line(1, $"{name}:");
            Line(2, $"keys: [{DraftText.Yaml(key)}]");
            Line(0, "");
        }
        Line(0, "feature_views:");
        Line(1, $"{facts.Name}:");
        Line(2, $"entity: {name}");
        Line(2, $"table: {facts.Name}");
        Line(2, $"event_time: {DraftText.Yaml(EventTime!)}");
        bool hasCreated = guess.CreatedTime is { } created && _columns.First(column => column.Facts == created).IsInstant;
        if (!hasCreated) Line(2, $"# {Say("jobs.draft_created_none")}");
        Line(2, $"created_time: {(hasCreated ? DraftText.Yaml(NameOf(guess.CreatedTime!)) : "none")}");
        if (guess.TiedRowCount > 0) Line(2, $"# {Say("jobs.draft_ties", DraftText.Number(guess.TiedRowCount), key, EventTime)}");
        Line(2, $"features: [{string.Join(", ", features.Take(FeatureCountMax).Select(DraftText.Yaml))}]{(features.Length > FeatureCountMax ? $"   # {Say("jobs.draft_features_more", DraftText.Number(features.Length - FeatureCountMax))}" : "")}");
        return _yaml.ToString();
    }

    private IEnumerable<string> Heading()
    {
        yield return Say("jobs.draft_made", DraftText.Shown(facts.Path, 200), DraftText.Number(facts.RowCount), DraftText.Number(facts.Columns.Count));
        yield return "";
        foreach (string line in Summary()) yield return line;
        yield return "";
    }

    /// <summary>What the source was taken for, one guess a line. After <see cref="Write"/>.</summary>
    internal IEnumerable<string> Summary()
    {
        yield return guess.Key switch
        {
            [] => Say("jobs.draft_key_none"),
            [var only] when only == guess.EventTime => Say("jobs.draft_key_time", NameOf(only), DraftText.Number(facts.FilledRowCount)),
            [var only] => Say("jobs.draft_key", NameOf(only), DraftText.Number(facts.FilledRowCount)),
            var several => Say("jobs.draft_key_several", Names(several), DraftText.Number(facts.FilledRowCount)),
        };
        if (guess.OtherKeys.Count > 0) yield return $"  {Say("jobs.draft_also", Names(guess.OtherKeys))}";
        yield return guess.EventTime is not { } time ? Say("jobs.draft_time_none")
            : guess.TimeOfDay is { } clock ? Say("jobs.draft_time_parts", EventTime, NameOf(time), NameOf(clock), time.Min, time.Max)
            : time.EpochMicroseconds is not null ? Say("jobs.draft_time_epoch", EventTime)
            : Say("jobs.draft_time", EventTime, time.Min, time.Max);
        if (guess.OtherTimes.Count > 0) yield return $"  {Say("jobs.draft_also", Names(guess.OtherTimes))}";
        if (zone is not null) yield return Say("jobs.draft_zone", zone);
        if (guess.CreatedTime is { } created) yield return Say("jobs.draft_created", NameOf(created));
        if (guess.EventTime is not null && !HasFeatures) yield return Say("jobs.draft_no_features");
        if (facts.EmptyRowCount > 0) yield return Say("jobs.draft_empty_rows", DraftText.Number(facts.EmptyRowCount));
        if (facts.RepeatedRowCount is > 0 and var repeated) yield return Say("jobs.draft_repeated", DraftText.Number(repeated));
    }

    private void Source()
    {
        Connectors.Files.InspectedSource source = facts.Inspected;
        Line(0, "sources:");
        Line(1, $"{facts.Name}_raw:");
        Line(2, $"format: {(source.Scan.Csv is null ? "parquet" : "csv")}");
        Line(2, $"path: {DraftText.Yaml(path)}");
        if (source.Scan.Csv is { } csv)
        {
            Line(2, $"delimiter: {DraftText.Yaml(csv.Delimiter.ToString())}");
            Line(2, $"header: {(csv.HasHeader ? "true" : "false")}");
            if (source.Definition.Csv.Quote is { } quote)
            {
                Line(2, $"# {Say("jobs.draft_quote")}");
                Line(2, $"quote: {DraftText.Yaml(quote.ToString())}");
            }
            if (csv.Encoding == "latin-1") Line(2, $"# {Say("jobs.draft_encoding")}");
            if (csv.Encoding != "utf-8") Line(2, $"encoding: {csv.Encoding}");
            if (_nulls.Length > 0) Line(2, $"nulls: [\"\", {string.Join(", ", _nulls.Select(DraftText.Yaml))}]");
        }
        var declared = new List<string>();
        foreach (DraftColumn column in _columns)
        {
            bool isNaive = facts.Inspected.Scan.TimeZones.ContainsKey(column.Facts.Name);
            ConnectorsDeclaration(declared, column, isNaive);
        }
        if (declared.Count == 0) return;
        Line(2, "columns:");
        foreach (string line in declared) Line(3, line);
    }

    private void ConnectorsDeclaration(List<string> declared, DraftColumn column, bool isNaive)
    {
        string? type = column.Type?.ToString() ?? facts.Inspected.Definition.Columns.FirstOrDefault(known => known.Name == column.Facts.SourceName)?.Type?.ToString();
        string? clock = column.Zone ?? (isNaive ? zone : null);
        string[] parts = [.. new[] { type is null ? null : $"type: {DraftText.Yaml(type)}", clock is null ? null : $"zone: {DraftText.Yaml(clock)}" }.OfType<string>()];
        if (parts.Length > 0) declared.Add($"{DraftText.Yaml(column.Facts.Name)}: {{ {string.Join(", ", parts)} }}");
    }

    private void Step()
    {
        Line(2, "sql: |");
        Line(3, "SELECT");
        (string Sql, string Note)[] lines = [.. _columns.Where(column => !column.IsEmpty).Select(column => (Aliased(column.Sql, column.Name), column.Note))];
        if (guess is { EventTime: { } day, TimeOfDay: { } clock })
        {
            string date = DraftText.SqlName(day.Name);
            if (day.Shape.Format is null) date = $"CAST({date} AS VARCHAR)";
            string format = $"{day.Shape.Format ?? "%Y-%m-%d"} {clock.Shape.Format}";
            lines = [.. lines, (Aliased($"timezone({SqlLiteral.Text(zone!)}, strptime({date} || ' ' || {DraftText.SqlName(clock.Name)}, {SqlLiteral.Text(format)}))", EventTime!), Say("jobs.draft_note_time", NameOf(day), NameOf(clock)))];
        }
        if (lines.Length == 0) lines = [("*", "")];
        int width = Math.Min(60, lines.Max(line => line.Sql.Length) + 1);
        for (int i = 0; i < lines.Length; i++)
        {
            string sql = i == lines.Length - 1 ? lines[i].Sql : $"{lines[i].Sql},";
            Line(4, lines[i].Note.Length == 0 ? sql : $"{sql.PadRight(width)}  -- {lines[i].Note}");
        }
        foreach (DraftColumn column in _columns.Where(column => column.IsEmpty)) Line(4, $"-- {DraftText.Shown(column.Facts.Name)}: {column.Note}");
        Line(3, $"FROM {facts.Name}_raw");
        if (facts.EmptyRowCount > 0)
        {
            // One column that every other row has says it in a word.
            DraftColumn? full = _columns.FirstOrDefault(column => column.Facts.ValueCount == facts.FilledRowCount);
            Line(3, full is not null ? $"WHERE {DraftText.SqlName(full.Facts.Name)} IS NOT NULL" : $"WHERE {string.Join(" OR ", _columns.Where(column => !column.IsEmpty).Select(column => $"{DraftText.SqlName(column.Facts.Name)} IS NOT NULL"))}");
        }
    }

    private void Rules()
    {
        string[] key = [.. guess.Key.Select(NameOf)];
        string[] sure = [.. key.Concat(EventTime is { } time && guess.EventTime!.ValueCount == facts.FilledRowCount && (guess.TimeOfDay is not { } clock || clock.ValueCount == facts.FilledRowCount) ? [time] : []).Distinct()];
        Line(2, $"# {Say("jobs.draft_rules", facts.Name)}");
        Line(2, "expect:");
        Line(3, "has_rows: { min_rows: 1, on_failure: fail }");
        if (sure.Length > 0) Line(3, $"identified: {{ not_null: [{string.Join(", ", sure.Select(DraftText.Yaml))}] }}");
        if (key.Length > 0) Line(3, $"one_row_each: {{ unique: [{string.Join(", ", key.Select(DraftText.Yaml))}] }}");
        foreach (DraftColumn column in _columns)
        {
            if (Bounds(column.Facts) is not var (least, most)) continue;
            Line(3, $"{RuleName(column.Name)}_in_range: {{ column: {DraftText.Yaml(column.Name)}, between: [{least}, {most}] }}");
        }
        string[] full = [.. _columns.Where(column => column.Facts.ValueCount == facts.FilledRowCount && !sure.Contains(column.Name)).Select(column => column.Name)];
        if (facts.FilledRowCount < RowsToBelieve || full.Length == 0) return;
        Line(3, $"# {Say("jobs.draft_complete", DraftText.Number(facts.FilledRowCount))}");
        Line(3, $"complete: {{ not_null: [{string.Join(", ", full.Take(FeatureCountMax).Select(DraftText.Yaml))}], on_failure: warn }}");
    }

    // Only where the name says what the number is, and no number says otherwise.
    private static (string Least, string Most)? Bounds(ColumnFacts column)
    {
        if (column.Shape.Kind is not (ShapeKind.Whole or ShapeKind.Number) || !double.TryParse(column.Min, CultureInfo.InvariantCulture, out double min) || !double.TryParse(column.Max, CultureInfo.InvariantCulture, out double max)) return null;
        (double Least, double Most)? bounds = column.Name.ToLowerInvariant() switch
        {
            "lat" or "latitude" or "纬度" => (-90, 90),
            "lon" or "lng" or "long" or "longitude" or "经度" => (-180, 180),
            "age" or "person_age" or "年龄" => (0, 130),
            "hour" => (0, 23),
            "month" => (1, 12),
            _ => null,
        };
        return bounds is var (least, most) && min >= least && max <= most ? (least.ToString(CultureInfo.InvariantCulture), most.ToString(CultureInfo.InvariantCulture)) : null;
    }

    private string[] Features()
    {
        HashSet<ColumnFacts> taken = [.. guess.Key.Count == 1 ? guess.Key : [], .. new[] { guess.Entity, guess.EventTime, guess.TimeOfDay, guess.CreatedTime }.OfType<ColumnFacts>(), .. guess.OtherTimes];
        return [.. _columns.Where(column => !column.IsEmpty && !taken.Contains(column.Facts) && column.Facts.DistinctCount > 1
            && (column.Facts.Shape.Kind is ShapeKind.Whole or ShapeKind.Number or ShapeKind.Boolean || (column.Facts.Shape.Kind == ShapeKind.Text && column.Facts.FileType.Id == TypeId.String && column.Facts.DistinctCount <= Math.Min(TextValuesMax, facts.FilledRowCount / 2)))).Select(column => column.Name)];
    }

    private DraftColumn[] Columns()
    {
        bool isText = facts.Inspected.Scan.Format == FileFormat.Csv;
        HashSet<string> nulls = [.. _nulls];
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var names = new List<string>();
        foreach (ColumnFacts column in facts.Columns)
        {
            // A name that had to be changed is made a good one; the others stay as people know them.
            string name = column.Name == column.SourceName ? column.Name : string.Join('_', column.Name.Split('_', StringSplitOptions.RemoveEmptyEntries));
            if (name.Length == 0 || facts.Columns.Any(other => other != column && string.Equals(other.Name, name, StringComparison.OrdinalIgnoreCase)) || !taken.Add(name)) taken.Add(name = column.Name);
            names.Add(name);
        }
        return [.. facts.Columns.Select((column, i) => DraftColumn.Of(column, names[i], isText && column.FileType.Id == TypeId.String, column == guess.EventTime && guess.TimeOfDay is null, nulls, zone, facts.FilledRowCount, culture))];
    }

    // A word means NULL in the whole file only where no text has it for itself.
    private static string[] FileNulls(SourceFacts facts)
        => facts.Inspected.Scan.Csv is null || facts.Columns.Any(column => column.Shape.Kind is ShapeKind.Text or ShapeKind.TimeOfDay && column.ValueCount > 0)
            ? []
            : [.. facts.Columns.SelectMany(column => column.NullWords).Select(word => word.Text).Where(word => word.Length > 0).Distinct()];

    private string NewName(string wanted) => Enumerable.Range(1, int.MaxValue).Select(i => i == 1 ? wanted : string.Create(CultureInfo.InvariantCulture, $"{wanted}_{i}")).First(name => !Array.Exists(_columns, column => string.Equals(column.Name, name, StringComparison.OrdinalIgnoreCase)));

    private string NameOf(ColumnFacts column) => _columns.First(drawn => drawn.Facts == column).Name;

    private string Names(IEnumerable<ColumnFacts> columns) => string.Join(", ", columns.Take(8).Select(NameOf));

    private static string Aliased(string sql, string name) => sql == DraftText.SqlName(name) ? sql : $"{sql} AS {DraftText.SqlName(name)}";

    private static string EntityName(string key)
    {
        string name = key.ToLowerInvariant();
        if (name.EndsWith("_id", StringComparison.Ordinal)) name = name[..^3];
        else if (name.Length > 2 && name.EndsWith("id", StringComparison.Ordinal) && key.EndsWith("Id", StringComparison.Ordinal)) name = name[..^2];
        return RuleName(name);
    }

    private static string RuleName(string text) => DraftText.TableName(text.Replace('.', '_'), new HashSet<string>(StringComparer.Ordinal));

    private void Line(int depth, string text)
    {
        if (text.Length > 0) _yaml.Append(' ', 2 * depth).Append(text);
        _yaml.Append('\n');
    }
}
