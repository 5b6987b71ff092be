using System.Globalization;
using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using static Lepton.Data.Schemas.SqlLiteral;

namespace Lepton.Data.FeatureStore.Offline.Join;

/// <summary>What a join has to find: views that read the same rows in the same way share the work.</summary>
internal sealed class JoinPlan
{
    private readonly List<TablePlan> _tables = [];
    private readonly List<LabelKeys> _keys = [];
    private readonly List<WinnerPlan> _winners = [];
    private readonly List<AnswerPlan> _answers = [];
    private readonly List<JoinUnit> _units = [];

    /// <param name="labels">The labels' columns.</param>
    /// <param name="views">What to join.</param>
    /// <param name="tables">By name: the views' tables.</param>
    internal JoinPlan(Schema labels, IReadOnlyList<ViewJoin> views, IReadOnlyDictionary<string, Input> tables)
    {
        foreach (ViewJoin join in views)
        {
            FeatureView view = join.View;
            TablePlan table = TableOf(view.Table.ToString(), tables[view.Table.ToString()]);
            LabelKeys keys = KeysOf([.. join.Entity.Keys.Select(key => labels.Find(key)!)]);
            IEnumerable<IReadOnlyList<string>> groups = view.SkipsNulls && view.IsPointInTime ? view.Features.Select(feature => (IReadOnlyList<string>)[feature]) : [view.Features];
            foreach (IReadOnlyList<string> features in groups)
            {
                WinnerPlan winners = WinnersOf(table, keys, view, view.SkipsNulls && view.IsPointInTime ? features[0] : null);
                foreach (string feature in features) winners.AddFeature(table.Schema.Find(feature)!);
                _units.Add(new JoinUnit(join, features, AnswersOf(winners, view.Ttl is { } ttl ? ttl.Ticks / TimeSpan.TicksPerMicrosecond : null)));
            }
        }
    }

    internal IReadOnlyList<TablePlan> Tables => _tables;

    internal IReadOnlyList<LabelKeys> Keys => _keys;

    internal IReadOnlyList<WinnerPlan> Winners => _winners;

    internal IReadOnlyList<AnswerPlan> Answers => _answers;

    internal IReadOnlyList<JoinUnit> Units => _units;

    private TablePlan TableOf(string name, Input input)
    {
        TablePlan? table = _tables.Find(candidate => candidate.Name == name);
        if (table is null) _tables.Add(table = new TablePlan(name, input, _tables.Count));
        return table;
    }

    private LabelKeys KeysOf(Field[] columns)
    {
        LabelKeys? keys = _keys.Find(candidate => candidate.Columns.Select(column => column.Name).SequenceEqual(columns.Select(column => column.Name)));
        if (keys is null) _keys.Add(keys = new LabelKeys(columns, _keys.Count));
        return keys;
    }

    private WinnerPlan WinnersOf(TablePlan table, LabelKeys keys, FeatureView view, string? present)
    {
        var plan = new WinnerPlan(table, keys, view, present, _winners.Count);
        if (_winners.Find(candidate => candidate.IsSameAs(plan)) is { } known) return known;
        _winners.Add(plan);
        table.Add(plan);
        return plan;
    }

    private AnswerPlan AnswersOf(WinnerPlan winners, long? ttl)
    {
        AnswerPlan? answers = _answers.Find(candidate => candidate.Winners == winners && candidate.Ttl == ttl);
        if (answers is null) _answers.Add(answers = new AnswerPlan(winners, ttl, _answers.Count));
        return answers;
    }
}

/// <summary>The label columns that make up a key.</summary>
internal sealed record LabelKeys(IReadOnlyList<Field> Columns, int Number);

/// <summary>A table that is read once for all its winners.</summary>
internal sealed class TablePlan
{
    private readonly List<WinnerPlan> _winners = [];

    internal TablePlan(string name, Input input, int number)
    {
        Name = name;
        InputName = string.Create(CultureInfo.InvariantCulture, $"__table_{number}");
        Schema = input.Schema;
        (FileColumn, RowColumn) = (Free("__file"), Free("__row"));
        Input = input with { FileNumber = FileColumn, RowNumber = RowColumn };
    }

    internal string Name { get; }

    /// <summary>The name under which it is read.</summary>
    internal string InputName { get; }

    /// <summary>Its rows with their places.</summary>
    internal Input Input { get; }

    /// <summary>Its own columns.</summary>
    internal Schema Schema { get; }

    internal string FileColumn { get; }

    internal string RowColumn { get; }

    internal IReadOnlyList<WinnerPlan> Winners => _winners;

    internal void Add(WinnerPlan winners) => _winners.Add(winners);

    private string Free(string name)
    {
        while (Schema.IndexOf(name) >= 0) name += "_";
        return name;
    }
}

/// <summary>What decides which row of a table wins for a label, and the features that are wanted of the winners.</summary>
internal sealed class WinnerPlan(TablePlan table, LabelKeys keys, FeatureView view, string? present, int number)
{
    private readonly List<Field> _features = [];

    internal int Number => number;

    internal TablePlan Table => table;

    internal LabelKeys Keys => keys;

    /// <summary>The first view that asked; others have the same keys and times.</summary>
    internal FeatureView View => view;

    /// <summary>The feature that must not be NULL in a row that wins; null for none.</summary>
    internal string? Present => present;

    /// <summary>Columns of the table, each once.</summary>
    internal IReadOnlyList<Field> Features => _features;

    internal void AddFeature(Field feature)
    {
        if (!_features.Contains(feature)) _features.Add(feature);
    }

    internal int IndexOf(string feature) => _features.FindIndex(field => string.Equals(field.Name, feature, StringComparison.OrdinalIgnoreCase));

    internal bool IsSameAs(WinnerPlan other)
        => Table == other.Table && Keys == other.Keys && Present == other.Present && View.KeyColumns.Equals(other.View.KeyColumns) && View.EventTime == other.View.EventTime
           && View.CreatedTime == other.View.CreatedTime && View.Sequence == other.View.Sequence && View.IsStrict == other.View.IsStrict;
}

/// <summary>The rows that labels get: winners that are not too old.</summary>
/// <param name="Winners">The winners.</param>
/// <param name="Ttl">In microseconds; null for no limit.</param>
/// <param name="Number">Counted from 0.</param>
internal sealed record AnswerPlan(WinnerPlan Winners, long? Ttl, int Number);

/// <summary>Features of one view that are answered together: all of them, or one of a view that skips NULLs.</summary>
internal sealed record JoinUnit(ViewJoin Join, IReadOnlyList<string> Features, AnswerPlan Answer);

/// <summary>The columns of a query over one table, each once.</summary>
internal sealed class ScanColumns
{
    private readonly List<string> _expressions = [];

    internal int Add(string expression)
    {
        int index = _expressions.IndexOf(expression);
        if (index >= 0) return index;
        _expressions.Add(expression);
        return _expressions.Count - 1;
    }

    internal int AddColumn(string name) => Add(Name(name));

    internal string Sql(TablePlan table) => $"SELECT {string.Join(", ", _expressions.Select((expression, i) => string.Create(CultureInfo.InvariantCulture, $"{expression} AS c{i}")))} FROM {table.InputName}";
}
