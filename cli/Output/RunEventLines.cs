using System.Text.Json;
using Lepton.Data.Jobs;
using Lepton.Data.Jobs.Events;
using Lepton.Data.Jobs.Sampling;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Cli.Output;

/// <summary>A run for machines: one JSON object a line on standard output, as it happens. The names are kept: docs/formats/run-events.md.</summary>
internal sealed class RunEventLines(Terminal terminal, TimeProvider time) : IRunListener, IProgress<StepProgress>
{
    private static readonly TimeSpan s_progressInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (long At, string Activity)> _shown = new(StringComparer.Ordinal);

    /// <summary>Which rows were read; null for all.</summary>
    internal RowSample? Sample { get; init; }

    public void Report(RunEvent happened)
    {
        switch (happened)
        {
            case RunStarted started:
                Write("run_started", started.At.ToString(), json =>
                {
                    json.WriteString("run_id", started.Id.Value);
                    WriteSample(json);
                    json.WriteList("steps", started.Steps, step => WriteStep(json, step));
                });
                break;
            case StepStarted started:
                Write("step_started", started.At.ToString(), json => WriteStep(json, started.Step));
                break;
            case StepEnded ended:
                Write($"step_{StepRecords.StateWord(ended.Record.State)}", ended.At.ToString(), json =>
                {
                    WriteStep(json, ended.Step);
                    json.WriteNumber("seconds", Math.Round(ended.Seconds, 3));
                    StepRecords.WriteResult(json, ended.Record);
                    json.WriteOptional("rows_before", ended.RowsBefore);
                    json.WriteOptional("bytes", ended.SizeBytes);
                    json.WriteOptional("files", ended.FileCount);
                });
                break;
        }
    }

    // Often enough to see that it lives; every new activity is said.
    public void Report(StepProgress value)
    {
        if (value.Step.Length == 0) return;
        string activity = value.Activity[(value.Activity.LastIndexOf('.') + 1)..];
        lock (_gate)
        {
            if (_shown.TryGetValue(value.Step, out (long At, string Activity) last) && last.Activity == activity && time.GetElapsedTime(last.At) < s_progressInterval) return;
            _shown[value.Step] = (time.GetTimestamp(), activity);
        }
        Write("progress", Now, json =>
        {
            json.WriteString("step", value.Step);
            json.WriteString("activity", activity);
            if (value.Fraction is { } fraction) json.WriteNumber("fraction", Math.Round(fraction, 3));
            if (value.Rows is { } rows) json.WriteNumber("rows", rows);
            if (value.Bytes is { } bytes) json.WriteNumber("bytes", bytes);
        });
    }

    /// <summary>The last line: the run as a whole.</summary>
    internal void Finish(RunSummary summary)
        => Write("run_finished", Now, json =>
        {
            json.WriteString("run_id", summary.Id.Value);
            WriteSample(json);
            json.WriteBoolean("is_complete", summary.IsComplete);
            json.WriteBoolean("is_unchanged", summary.IsUnchanged);
            json.WriteNumber("seconds", Math.Round(summary.Duration.TotalSeconds, 3));
            if (summary.HeldBack.Count > 0)
            {
                json.WriteList("held_back", summary.HeldBack, held =>
                {
                    json.WriteString("pipeline", held.Pipeline);
                    json.WriteString("because", held.Because);
                });
            }
            json.WriteList("sources", summary.Runs.SelectMany(run => run.Sources.Select(source => (run.Pipeline, Source: source))), item =>
            {
                json.WriteString("pipeline", item.Pipeline);
                json.WriteString("source", item.Source.Name);
                json.WriteOptional("rows", item.Source.RowCount);
                json.WriteStrings("changes", item.Source.Changes);
            });
            json.WriteList("steps", summary.Runs.SelectMany(run => run.Steps.Select(step => (run.Pipeline, Step: step))), item =>
            {
                json.WriteString("pipeline", item.Pipeline);
                json.WriteString("step", item.Step.Name);
                json.WriteString("table", item.Step.Table);
                json.WriteString("state", StepRecords.StateWord(item.Step.State));
                StepRecords.WriteResult(json, item.Step);
            });
        });

    /// <summary>Says that events of OpenLineage were not delivered.</summary>
    internal void Undelivered(string reason, int count)
        => Write("openlineage_undelivered", Now, json =>
        {
            json.WriteString("reason", reason);
            json.WriteNumber("events", count);
        });

    private string Now => Schemas.EventTime.FromDateTimeOffset(time.GetUtcNow()).ToString();

    // Figures of a sample are never taken for the real ones.
    private void WriteSample(Utf8JsonWriter json)
    {
        if (Sample is null) return;
        json.WriteStartObject("sample");
        json.WriteNumber("percent", Math.Round(Sample.Share * 100, 12));
        json.WriteNumber("seed", Sample.Seed);
        json.WriteString("project", SampleProject.Folder);
        json.WriteEndObject();
    }

    private static void WriteStep(Utf8JsonWriter json, RunningStep step)
    {
        json.WriteString("pipeline", step.Pipeline);
        json.WriteString("step", step.Name);
    }

    private void Write(string name, string at, Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, JsonOutput.LineOptions))
        {
            json.WriteStartObject();
            json.WriteString("event", name);
            json.WriteString("at", at);
            write(json);
            json.WriteEndObject();
        }
        buffer.WriteByte((byte)'\n');
        // Whole lines only, also where steps report from several threads.
        lock (_gate)
        {
            terminal.Out.Flush();
            terminal.OutStream.Write(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
        }
    }
}

/// <summary>What a step's record holds, for machines.</summary>
internal static class StepRecords
{
    internal static string StateWord(StepState state) => JsonNamingPolicy.SnakeCaseLower.ConvertName(state.ToString());

    /// <summary>Writes what became of a step.</summary>
    internal static void WriteResult(Utf8JsonWriter json, StepRecord step)
    {
        json.WriteOptional("rows", step.RowsOut);
        json.WriteOptional("rows_quarantined", step.RowsQuarantined);
        json.WriteOptional("rows_late", step.RowsLate);
        json.WriteList("rules", step.Rules, rule =>
        {
            json.WriteString("rule", rule.Name);
            json.WriteString("on_failure", rule.OnFailure);
            json.WriteBoolean("holds", rule.BrokenRowCount is not > 0);
            json.WriteOptional(rule.RowsFound is null ? "rows_broken" : "rows_found", rule.RowsFound ?? rule.BrokenRowCount);
            if (rule.Newest is { } newest) json.WriteString("newest", newest.ToString());
        });
        json.WriteOptional("version_before", step.VersionBefore);
        json.WriteOptional("version", step.Version);
        json.WriteOptional("quarantine_version", step.QuarantineVersion);
        json.WriteOptional("late_version", step.LateVersion);
        json.WriteString("content_hash", step.ContentHash);
        json.WriteString("reason", step.Reason);
        WriteGrowth(json, step.Growth);
        json.WriteString("error_code", step.ErrorCode);
    }

    /// <summary>Writes how a step grew; nothing for one that does not.</summary>
    internal static void WriteGrowth(Utf8JsonWriter json, GrowthRecord? growth)
    {
        if (growth is null) return;
        json.WriteString("grows", growth.Mode);
        json.WriteString("full_because", growth.FullBecause);
        json.WriteOptional("files_read", growth.FilesRead);
        json.WriteOptional("keys_touched", growth.KeysTouched);
        json.WriteOptional("files_replaced", growth.FilesReplaced);
        if (growth.KnownUntil is { } known) json.WriteString("known_until", known.ToString());
    }
}
