using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Events;

/// <summary>Writes steps as events of OpenLineage (spec 2-0-2, <c>https://openlineage.io/spec/2-0-2/OpenLineage.json</c>): START, then COMPLETE, FAIL or (stopped, or never run since a step before it failed) ABORT, for each step; and for its rules, a job of their own that reads its table, since what is asserted of a dataset is said of an input. See docs/formats/run-events.md.</summary>
/// <param name="jobNamespace">Of the jobs.</param>
/// <param name="producer">Says which software wrote them.</param>
/// <param name="runId">The run that the steps belong to.</param>
internal sealed class OpenLineageJson(string jobNamespace, string producer, RunId runId)
{
    private const string Spec = "https://openlineage.io/spec";

    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The event as one line of UTF-8 without its end.</summary>
    internal byte[] Start(EventTime at, RunningStep step) => Write("START", at, step, null);

    /// <summary>The step's end, and what its rules found.</summary>
    /// <inheritdoc cref="Start"/>
    internal IEnumerable<byte[]> End(StepEnded ended)
    {
        bool isComplete = ended.Record.State is StepState.Done or StepState.Unchanged;
        yield return Write(isComplete ? "COMPLETE" : ended.Failure is null ? "ABORT" : "FAIL", ended.At, ended.Step, ended);
        if (!isComplete || ended.Record.Rules.Count == 0) yield break;
        yield return WriteRules("START", ended);
        yield return WriteRules("COMPLETE", ended);
    }

    /// <summary>A UUID (version 8) that follows from the run and the name, so that both events of a step have the same.</summary>
    internal static Guid IdOf(RunId run, string name)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{run.Value}\n{name}"))[..16];
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash, bigEndian: true);
    }

    private byte[] Write(string type, EventTime at, RunningStep step, StepEnded? ended) => Event(type, at, json =>
    {
        WriteRun(json, step, ended);
        WriteJob(json, step);
        json.WriteStartArray("inputs");
        foreach (RunningInput input in step.Inputs) WriteInput(json, input, ended?.Record);
        json.WriteEndArray();
        json.WriteStartArray("outputs");
        WriteOutput(json, step, ended);
        json.WriteEndArray();
    });

    private byte[] WriteRules(string type, StepEnded ended) => Event(type, ended.At, json =>
    {
        string name = $"{ended.Step.Pipeline}.{ended.Step.Name}.rules";
        json.WriteStartObject("run");
        json.WriteString("runId", IdOf(runId, name));
        json.WriteStartObject("facets");
        WriteParent(json, ended.Step);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartObject("job");
        json.WriteString("namespace", jobNamespace);
        json.WriteString("name", name);
        json.WriteStartObject("facets");
        WriteJobType(json, "TEST");
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartArray("inputs");
        json.WriteStartObject();
        WriteName(json, ended.Step.Table);
        json.WriteStartObject("facets");
        WriteSchema(json, ended.Step.Schema);
        if (ended.Record.Version is { } version) WriteVersion(json, version);
        json.WriteEndObject();
        json.WriteStartObject("inputFacets");
        if (type == "COMPLETE") WriteAssertions(json, ended.Record.Rules);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartArray("outputs");
        json.WriteEndArray();
    });

    private byte[] Event(string type, EventTime at, Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_options))
        {
            json.WriteStartObject();
            json.WriteString("eventType", type);
            json.WriteString("eventTime", at.ToString());
            json.WriteString("producer", producer);
            json.WriteString("schemaURL", $"{Spec}/2-0-2/OpenLineage.json#/$defs/RunEvent");
            write(json);
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    private void WriteAssertions(Utf8JsonWriter json, IReadOnlyList<RuleRecord> rules)
        => Facet(json, "dataQualityAssertions", "1-0-2/DataQualityAssertionsDatasetFacet.json#/$defs/DataQualityAssertionsDatasetFacet", () =>
        {
            json.WriteStartArray("assertions");
            foreach (RuleRecord rule in rules)
            {
                json.WriteStartObject();
                json.WriteString("assertion", $"{rule.Name}: {rule.Text}");
                json.WriteBoolean("success", rule.BrokenRowCount is not > 0);
                // Only what stops a step is an error.
                json.WriteString("severity", rule.OnFailure == "fail" ? "error" : "warn");
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });

    private void WriteParent(Utf8JsonWriter json, RunningStep step)
        => Facet(json, "parent", "1-0-1/ParentRunFacet.json#/$defs/ParentRunFacet", () =>
        {
            json.WriteStartObject("run");
            json.WriteString("runId", IdOf(runId, step.Pipeline));
            json.WriteEndObject();
            json.WriteStartObject("job");
            json.WriteString("namespace", jobNamespace);
            json.WriteString("name", step.Pipeline);
            json.WriteEndObject();
        });

    private void WriteJobType(Utf8JsonWriter json, string type)
        => Facet(json, "jobType", "2-0-3/JobTypeJobFacet.json#/$defs/JobTypeJobFacet", () =>
        {
            json.WriteString("processingType", "BATCH");
            json.WriteString("integration", "LEPTON");
            json.WriteString("jobType", type);
        });

    private void WriteRun(Utf8JsonWriter json, RunningStep step, StepEnded? ended)
    {
        json.WriteStartObject("run");
        json.WriteString("runId", IdOf(runId, $"{step.Pipeline}.{step.Name}"));
        json.WriteStartObject("facets");
        WriteParent(json, step);
        Facet(json, "processing_engine", "1-1-1/ProcessingEngineRunFacet.json#/$defs/ProcessingEngineRunFacet", () =>
        {
            json.WriteString("version", Storage.DuckDb.DuckDbDatabase.LibraryVersion);
            json.WriteString("name", "duckdb");
        });
        if (ended is { Record.State: not (StepState.Done or StepState.Unchanged) })
        {
            Facet(json, "errorMessage", "1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet", () =>
            {
                json.WriteString("message", ended.Failure?.Message ?? ended.Record.Error ?? ended.Record.Reason ?? "");
                json.WriteString("programmingLanguage", "SQL");
            });
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteJob(Utf8JsonWriter json, RunningStep step)
    {
        json.WriteStartObject("job");
        json.WriteString("namespace", jobNamespace);
        json.WriteString("name", $"{step.Pipeline}.{step.Name}");
        json.WriteStartObject("facets");
        WriteJobType(json, "STEP");
        Facet(json, "sql", "1-0-1/SQLJobFacet.json#/$defs/SQLJobFacet", () => json.WriteString("query", step.Sql.Text));
        if (step.Description is { } description) Facet(json, "documentation", "1-0-1/DocumentationJobFacet.json#/$defs/DocumentationJobFacet", () => json.WriteString("description", description));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteInput(Utf8JsonWriter json, RunningInput input, StepRecord? record)
    {
        InputRecord? read = record?.Inputs.FirstOrDefault(known => known.Name == input.Name);
        json.WriteStartObject();
        WriteName(json, input.Dataset);
        json.WriteStartObject("facets");
        WriteSchema(json, input.Schema);
        if (read?.Version is { } version) WriteVersion(json, version);
        json.WriteEndObject();
        if (read?.RowCount is { } rows)
        {
            json.WriteStartObject("inputFacets");
            Facet(json, "inputStatistics", "1-0-0/InputStatisticsInputDatasetFacet.json#/$defs/InputStatisticsInputDatasetFacet", () => json.WriteNumber("rowCount", rows));
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private void WriteOutput(Utf8JsonWriter json, RunningStep step, StepEnded? ended)
    {
        json.WriteStartObject();
        WriteName(json, step.Table);
        json.WriteStartObject("facets");
        WriteSchema(json, step.Schema);
        if (ended?.Record is { Lineage.Count: > 0 } lineage) WriteLineage(json, step, lineage.Lineage);
        if (ended?.Record is { Version: { } version, State: StepState.Done or StepState.Unchanged }) WriteVersion(json, version);
        json.WriteEndObject();
        if (ended is { Record: { State: StepState.Done, RowsOut: { } rows } })
        {
            json.WriteStartObject("outputFacets");
            Facet(json, "outputStatistics", "1-0-2/OutputStatisticsOutputDatasetFacet.json#/$defs/OutputStatisticsOutputDatasetFacet", () =>
            {
                json.WriteNumber("rowCount", rows);
                if (ended.SizeBytes is { } size) json.WriteNumber("size", size);
                if (ended.FileCount is { } files) json.WriteNumber("fileCount", files);
            });
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    // Values flow directly; what filters, joins, groups or sorts has an indirect influence.
    private void WriteLineage(Utf8JsonWriter json, RunningStep step, IReadOnlyList<ColumnLineageRecord> columns)
        => Facet(json, "columnLineage", "1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet", () =>
        {
            json.WriteStartObject("fields");
            foreach (ColumnLineageRecord column in columns)
            {
                json.WriteStartObject(column.Column);
                json.WriteStartArray("inputFields");
                foreach ((string from, string type) in column.Values.Select(value => (value, "DIRECT")).Concat(column.Influences.Select(influence => (influence, "INDIRECT"))))
                {
                    int dot = from.IndexOf('.', StringComparison.Ordinal);
                    // An input's name may hold a dot (schema.table), a column's too: the longest input that fits is meant.
                    RunningInput? input = step.Inputs.Where(known => from.StartsWith($"{known.Name}.", StringComparison.OrdinalIgnoreCase)).MaxBy(known => known.Name.Length);
                    if (dot < 0 || input is null) continue;
                    json.WriteStartObject();
                    WriteName(json, input.Dataset);
                    json.WriteString("field", from[(input.Name.Length + 1)..]);
                    json.WriteStartArray("transformations");
                    json.WriteStartObject();
                    json.WriteString("type", type);
                    json.WriteEndObject();
                    json.WriteEndArray();
                    json.WriteEndObject();
                }
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        });

    private void WriteSchema(Utf8JsonWriter json, Schema schema)
        => Facet(json, "schema", "1-1-1/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet", () =>
        {
            json.WriteStartArray("fields");
            foreach (Field field in schema.Fields)
            {
                json.WriteStartObject();
                json.WriteString("name", field.Name);
                json.WriteString("type", field.Type.ToString());
                if (field.Metadata[FieldMetadata.CommentKey] is { } comment) json.WriteString("description", comment);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });

    private void WriteVersion(Utf8JsonWriter json, long version)
        => Facet(json, "version", "1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet", () => json.WriteString("datasetVersion", version.ToString(CultureInfo.InvariantCulture)));

    private static void WriteName(Utf8JsonWriter json, RunningDataset dataset)
    {
        json.WriteString("namespace", dataset.Namespace);
        json.WriteString("name", dataset.Name);
    }

    private void Facet(Utf8JsonWriter json, string name, string schema, Action write)
    {
        json.WriteStartObject(name);
        json.WriteString("_producer", producer);
        json.WriteString("_schemaURL", $"{Spec}/facets/{schema}");
        write();
        json.WriteEndObject();
    }
}
