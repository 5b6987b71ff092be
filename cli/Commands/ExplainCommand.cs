using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Lepton.Data.Cli.Output;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.FeatureStore.TrainingSets.Explain;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton dataset explain</c>: where the value of one cell came from.</summary>
internal static class ExplainCommand
{
    internal static Command Create(VerbBuilder verbs, Argument<string> name, Option<int?> version)
    {
        var row = NumberOption.Create<long>(Texts.Get("cli.help_explain_row"), "--row");
        row.Required = true;
        var feature = new Option<string>("--feature") { Description = Texts.Get("cli.help_explain_feature"), Required = true };
        return verbs.Verb(
            "explain", Texts.Get("cli.help_dataset_explain"), context => RunAsync(context, context.Get(name)!, context.Get(version), context.Get(row)!.Value, context.Get(feature)!), [name, row, feature, version]);
    }

    private static async Task<int> RunAsync(CommandContext context, string name, int? version, long row, string feature)
    {
        var store = new TrainingSetStore(context.FeatureStore());
        Explanation explanation = await store.ExplainAsync(name, version, row, feature, context.NewRun(null), cancellationToken: context.CancellationToken);
        if (context.IsJson)
        {
            JsonOutput.Write(context.Terminal, json => WriteJson(json, explanation));
            return ExitCode.Done;
        }
        string status = explanation is CellExplanation joined ? Texts.Get($"cli.explain_status_{joined.Status}") : Texts.Get("cli.explain_status_computed");
        TextWriter output = context.Terminal.Out;
        TrainingSetManifest manifest = explanation.Version.Manifest;
        output.WriteLine(Texts.Get("cli.explain_cell", manifest.Name, manifest.Version, TextTable.Number(explanation.Row), explanation.Column, Shown(explanation.Type, explanation.Value), status));
        if (!explanation.IsAnswer) output.WriteLine(Texts.Get("cli.explain_differs", Shown(explanation.Type, explanation.Answer), manifest.Name));
        output.WriteLine();
        if (explanation is CellExplanation cell) await WriteAsync(context, cell);
        if (explanation is ComputedExplanation computed)
        {
            foreach (string line in computed.Expression.TrimEnd().Split('\n')) output.WriteLine($"  {TextCells.Visible(line.TrimEnd())}");
            if (computed.Inputs.Count > 0) output.WriteLine();
            foreach ((string input, DataType type, object? value) in computed.Inputs) output.WriteLine(Texts.Get("cli.explain_input", input, Shown(type, value)));
            foreach (CellExplanation one in computed.Cells)
            {
                output.WriteLine();
                output.WriteLine(Texts.Get("cli.explain_taken", one.Column, Shown(one.Type, one.Answer), Texts.Get($"cli.explain_status_{one.Status}")));
                await WriteAsync(context, one);
            }
        }
        return ExitCode.Done;
    }

    private static async Task WriteAsync(CommandContext context, CellExplanation cell)
    {
        TrainingSetManifest manifest = cell.Version.Manifest;
        DataType type = cell.Type;
        TextWriter output = context.Terminal.Out;
        var facts = new TextTable().Column(Texts.Get("cli.explain_keys")).Column(string.Join(", ", cell.Keys.Select(key => $"{key.Name} = {Shown(manifest.Schema.Find(key.Name)!.Type, key.Value)}")));
        facts.Row(Texts.Get("cli.explain_at"), cell.At.ToString());
        facts.Row(Texts.Get("cli.column_table"), string.Create(CultureInfo.InvariantCulture, $"{cell.Snapshot.Table}@{cell.Snapshot.Version}"));
        facts.Row(Texts.Get("cli.explain_rule"), RuleOf(cell.View));
        facts.Row(Texts.Get("cli.explain_rows"), cell.Counts.Count == 0 ? Texts.Get("cli.explain_no_rows") : string.Join(", ", cell.Counts.OrderBy(count => count.Key).Select(count => $"{TextTable.Number(count.Value)} {Word(count.Key)}")));
        facts.Write(context.Terminal);
        if (cell.Candidates.Count > 0)
        {
            output.WriteLine();
            var rows = new TextTable().Column(Texts.Get("cli.explain_fate"));
            bool isTimed = cell.View.IsPointInTime, isSequenced = cell.View.Sequence is not null, isCreated = cell.View.CreatedTime is not null;
            if (isTimed) rows.Column(Texts.Get("cli.explain_event_time"));
            if (isCreated) rows.Column(Texts.Get("cli.explain_created_time"));
            if (isSequenced) rows.Column(cell.View.Sequence!, isRight: true);
            rows.Column(cell.Feature, isRight: true).Column(Texts.Get("cli.explain_place"));
            foreach (Candidate candidate in cell.Candidates)
            {
                var cells = new List<string> { Word(candidate.Verdict) };
                if (isTimed) cells.Add(candidate.EventTime?.ToString() ?? "–");
                if (isCreated) cells.Add(candidate.CreatedTime?.ToString() ?? "–");
                if (isSequenced) cells.Add(candidate.Sequence?.ToString(CultureInfo.InvariantCulture) ?? "–");
                cells.Add(Shown(type, candidate.Value));
                cells.Add(string.Create(CultureInfo.InvariantCulture, $"{candidate.File}:{candidate.RowNumber}"));
                rows.Row([.. cells]);
            }
            rows.Write(context.Terminal);
            output.WriteLine();
            foreach (Verdict verdict in cell.Candidates.Select(candidate => candidate.Verdict).Distinct()) output.WriteLine(Texts.Get($"cli.explain_why_{Key(verdict)}"));
        }
        await LineageCommand.WriteUpstreamAsync(context, $"{cell.View.Table}.{cell.Feature}");
    }

    private static string Shown(DataType type, object? value) => ValueText.Of(type, value) is { } text ? TextCells.Visible(text) : "NULL";

    private static string Word(Verdict verdict) => Texts.Get($"cli.explain_{Key(verdict)}");

    private static string Key(Verdict verdict) => JsonNamingPolicy.SnakeCaseLower.ConvertName(verdict.ToString());

    private static string RuleOf(FeatureView view)
    {
        if (!view.IsPointInTime) return Texts.Get("cli.explain_rule_key");
        var terms = new List<string> { Texts.Get(view.IsStrict ? "cli.explain_rule_strict" : "cli.explain_rule_newest", view.EventTime!) };
        terms.Add(view.CreatedTime is null ? Texts.Get("cli.explain_rule_no_created") : Texts.Get("cli.explain_rule_created", view.CreatedTime));
        if (view.Ttl is { } ttl) terms.Add(Texts.Get("cli.explain_rule_ttl", Quantities.DurationText(ttl)));
        if (view.SkipsNulls) terms.Add(Texts.Get("cli.explain_rule_skips"));
        return string.Join("; ", terms);
    }

    private static void WriteJson(Utf8JsonWriter json, Explanation explanation)
    {
        json.WriteString("name", explanation.Version.Manifest.Name);
        json.WriteNumber("version", explanation.Version.Manifest.Version);
        json.WriteNumber("row", explanation.Row);
        if (explanation is CellExplanation cell) WriteCell(json, cell);
        if (explanation is not ComputedExplanation computed) return;
        WriteValue(json, computed);
        json.WriteString("expression", computed.Expression);
        json.WriteStartObject("inputs");
        foreach ((string name, DataType type, object? value) in computed.Inputs)
        {
            json.WritePropertyName(name);
            ValueText.WriteJson(json, type, value);
        }
        json.WriteEndObject();
        json.WriteList("features", computed.Cells, one => WriteCell(json, one));
    }

    private static void WriteValue(Utf8JsonWriter json, Explanation explanation)
    {
        json.WriteString("column", explanation.Column);
        json.WritePropertyName("value");
        ValueText.WriteJson(json, explanation.Type, explanation.Value);
        json.WriteBoolean("is_answer", explanation.IsAnswer);
    }

    private static void WriteCell(Utf8JsonWriter json, CellExplanation cell)
    {
        TrainingSetManifest manifest = cell.Version.Manifest;
        DataType type = cell.Type;
        WriteValue(json, cell);
        json.WriteString("status", cell.Status);
        json.WriteStartObject("keys");
        foreach ((string name, object? value) in cell.Keys)
        {
            json.WritePropertyName(name);
            ValueText.WriteJson(json, manifest.Schema.Find(name)!.Type, value);
        }
        json.WriteEndObject();
        json.WriteString("at", cell.At.ToString());
        json.WriteStartObject("rule");
        json.WriteString("view", cell.View.Name);
        json.WriteString("event_time", cell.View.EventTime);
        json.WriteString("created_time", cell.View.CreatedTime);
        json.WriteString("sequence", cell.View.Sequence);
        json.WriteOptional("ttl_us", cell.View.Ttl?.Ticks / TimeSpan.TicksPerMicrosecond);
        json.WriteBoolean("strict", cell.View.IsStrict);
        json.WriteBoolean("skip_nulls", cell.View.SkipsNulls);
        json.WriteNumber("version", manifest.RuleVersion);
        json.WriteEndObject();
        json.WriteString("table", cell.Snapshot.Table);
        json.WriteNumber("table_version", cell.Snapshot.Version);
        json.WriteStartObject("counts");
        foreach ((Verdict verdict, long count) in cell.Counts.OrderBy(count => count.Key)) json.WriteNumber(Key(verdict), count);
        json.WriteEndObject();
        json.WriteList("candidates", cell.Candidates, candidate =>
        {
            json.WriteString("verdict", Key(candidate.Verdict));
            json.WriteString("file", candidate.File);
            json.WriteNumber("row_number", candidate.RowNumber);
            json.WriteString("event_time", candidate.EventTime?.ToString());
            json.WriteString("created_time", candidate.CreatedTime?.ToString());
            json.WriteOptional("sequence", candidate.Sequence);
            json.WritePropertyName("value");
            ValueText.WriteJson(json, type, candidate.Value);
        });
    }
}
