using System.Text.Json;
using System.Text.Json.Serialization;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Storage.Runs;

/// <summary>Run records as JSON.</summary>
public static partial class RunJson
{
    private const int DepthMax = 16;

    // The texts go into files of ours and into terminals, never into HTML as they are: SQL stays readable.
    private static readonly RunJsonContext s_json = new(new JsonSerializerOptions(RunJsonContext.Default.Options) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>A step's record on one line, without timings and lineage: what the commit of its table carries.</summary>
    public static string WriteForCommit(StepRecord step) => JsonSerializer.Serialize(step with { Phases = [], Lineage = [] }, s_json.StepRecord);

    /// <summary>Reads <see cref="WriteForCommit"/>'s form; null where the text is no record of ours.</summary>
    public static StepRecord? TryReadStep(string? json)
    {
        if (json is null) return null;
        try
        {
            return JsonSerializer.Deserialize(json, s_json.StepRecord);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    internal static string Write(RunRecord run) => JsonSerializer.Serialize(run, s_json.RunRecord);

    internal static RunRecord ReadRun(string? json, string table)
    {
        try
        {
            RunRecord run = JsonSerializer.Deserialize(json ?? "", s_json.RunRecord) ?? throw new JsonException("null");
            // File names are made from it, and what a dead run left is found and removed by it.
            return RunId.IsValid(run.RunId) ? run : throw new JsonException($"run_id {run.RunId}");
        }
        catch (JsonException failure)
        {
            throw new LeptonDataException("storage.run_broken", [table, failure.Message], failure);
        }
    }

    internal static string NameOf(RunState state) => JsonNamingPolicy.SnakeCaseLower.ConvertName(state.ToString());

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        MaxDepth = DepthMax,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        Converters = [typeof(EventTimeConverter), typeof(SnakeCaseEnums<RunState>), typeof(SnakeCaseEnums<StepState>)])]
    [JsonSerializable(typeof(RunRecord))]
    [JsonSerializable(typeof(StepRecord))]
    private sealed partial class RunJsonContext : JsonSerializerContext;

    private sealed class SnakeCaseEnums<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
        where T : struct, Enum;

    // ISO 8601, as people read it; whole microseconds survive.
    private sealed class EventTimeConverter : JsonConverter<EventTime>
    {
        public override EventTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
            => EventTime.TryParse(reader.GetString() ?? "", out EventTime time) ? time : throw new JsonException("no time");

        public override void Write(Utf8JsonWriter writer, EventTime value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
