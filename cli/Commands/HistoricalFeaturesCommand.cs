using System.CommandLine;
using Lepton.Data.Cli.Output;
using Lepton.Data.Connectors.Files;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton get-historical-features</c>: a point-in-time join for rows of one's own.</summary>
internal static class HistoricalFeaturesCommand
{
    internal static Command Create(VerbBuilder verbs)
    {
        var entities = new Option<string>("--entities") { Description = Texts.Get("cli.help_entities"), HelpName = "FILE|SQL|-" };
        Option<EventTime?> from = InstantOption(Texts.Get("cli.help_from"), "--from"), to = InstantOption(Texts.Get("cli.help_to"), "--to");
        Option<TimeSpan?> every = DurationOption(Texts.Get("cli.help_every"), "--every");
        var service = new Option<string?>("--service") { Description = Texts.Get("cli.help_service"), HelpName = "NAME" };
        var features = new Option<string[]>("--features") { Description = Texts.Get("cli.help_features"), HelpName = "VIEW[:FEATURE]", AllowMultipleArgumentsPerToken = true };
        var eventTime = new Option<string>("--event-time") { Description = Texts.Get("cli.help_event_time"), HelpName = "COLUMN", DefaultValueFactory = _ => "event_time" };
        var zone = new Option<string?>("--zone") { Description = Texts.Get("cli.help_zone_of_times"), HelpName = "ZONE" };
        var target = new Option<string>("--out") { Description = Texts.Get("cli.help_features_out"), HelpName = "FILE", Required = true };
        Command command = verbs.Verb(
            "get-historical-features",
            Texts.Get("cli.help_historical"),
            context => RunAsync(
                context,
                context.Get(from) is { } start ? _ => Task.FromResult(EntityRows.FromRange(start, context.Get(to)!.Value, context.Get(every), context.Get(eventTime)!)) : own => EntityRowsAsync(context, context.Get(entities)!, context.Get(eventTime)!, context.Get(zone), own),
                References(context.Get(service), context.Get(features)),
                context.Get(target)!),
            [entities, from, to, every, service, features, eventTime, zone, target]);
        command.Validators.Add(result =>
        {
            bool hasService = result.GetResult(service) is not null;
            bool hasFeatures = result.GetResult(features) is { Tokens.Count: > 0 };
            if (hasService == hasFeatures) result.AddError(Texts.Get("cli.service_or_features"));
            bool hasFrom = result.GetResult(from) is not null, hasTo = result.GetResult(to) is not null;
            if (hasFrom != hasTo || (result.GetResult(entities) is not null) == hasFrom || (result.GetResult(every) is not null && !hasFrom)) result.AddError(Texts.Get("cli.entities_or_range"));
        });
        return command;
    }

    private static Option<EventTime?> InstantOption(string description, string name) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result =>
        {
            string word = result.Tokens is [{ Value: var text }, ..] ? text : "";
            if (EventTime.TryParse(word, out EventTime time)) return time;
            result.AddError(Texts.Get("cli.not_a_time", name, word));
            return null;
        },
    };

    private static Option<TimeSpan?> DurationOption(string description, string name) => new(name)
    {
        Description = description,
        HelpName = "DURATION",
        CustomParser = result =>
        {
            string word = result.Tokens is [{ Value: var text }, ..] ? text : "";
            if (Quantities.TryDuration(word, out TimeSpan duration) && duration > TimeSpan.Zero) return duration;
            result.AddError(Texts.Get("cli.not_a_duration", name, word));
            return null;
        },
    };

    private static IReadOnlyList<FeatureReference> References(string? service, string[]? features)
        => service is not null ? [new FeatureReference(service, null)] : [.. (features ?? []).Select(FeatureReference.Parse)];

    private static async Task<int> RunAsync(CommandContext context, Func<List<IAsyncDisposable>, Task<EntityRows>> open, IReadOnlyList<FeatureReference> features, string target)
    {
        string path = RowFile.Prepare(context, target);
        var own = new List<IAsyncDisposable>();
        try
        {
            return await RunAsync(context, await open(own), features, target, path);
        }
        finally
        {
            foreach (IAsyncDisposable one in own) await one.DisposeAsync();
        }
    }

    private static async Task<int> RunAsync(CommandContext context, EntityRows rows, IReadOnlyList<FeatureReference> features, string target, string path)
    {
        var store = new OfflineStore(context.FeatureStore());
        EventTimeReading? reading = null;
        long written = await ProgressDisplay.ShowAsync(context, async progress =>
        {
            RunContext run = context.NewRun(progress);
            await using HistoricalFeatures joined = await store.GetHistoricalFeaturesAsync(rows, features, run, context.CancellationToken);
            reading = joined.EventTimeReading;
            return await RowFile.WriteAsync(context, joined.Query, joined.Inputs, run, path);
        });
        if (reading is not null) context.Terminal.Error.WriteLine(reading.Zone is null ? Texts.Get("cli.event_times_read", rows.EventTime, reading.Words) : Texts.Get("cli.event_times_read_in", rows.EventTime, reading.Words, reading.Zone));
        QueryCommand.ReportWritten(context, target, written, json =>
        {
            if (reading is null) return;
            json.WriteString("event_time_read_as", reading.Form.ToString().ToLowerInvariant());
            if (reading.Zone is not null) json.WriteString("event_time_zone", reading.Zone);
        });
        return ExitCode.Done;
    }

    // What ends like a file is one; a SELECT does not. What is opened is added to `own`.
    private static async Task<EntityRows> EntityRowsAsync(CommandContext context, string entities, string eventTime, string? zone, List<IAsyncDisposable> own)
    {
        string ending = Path.GetExtension(entities).ToLowerInvariant();
        if (entities == RowFile.Standard || RowFile.IsArrow(ending))
        {
            IRecordBatchReader reader = await RowFile.ReadArrowAsync(context, entities);
            own.Add(reader);
            return EntityRows.FromReader(reader, eventTime) with { Zone = zone };
        }
        if (ending is not (".parquet" or ".csv")) return EntityRows.FromQuery(new SqlText(entities, "--entities"), eventTime) with { Zone = zone };
        var source = new FileSourceDefinition
        {
            Name = "entities",
            Place = new SourcePlace("--entities"),
            Format = ending == ".csv" ? FileFormat.Csv : FileFormat.Parquet,
            Path = new Located<string>(entities, new SourcePlace("--entities")),
            TakesDeclarations = false,
            Zone = zone is null ? null : new Located<string>(zone, new SourcePlace("--zone")),
        };
        string folder = Directory.GetCurrentDirectory();
        using var sources = new FileSources([source], folder, new Dictionary<string, KnownFile>());
        InspectedSource inspected = await sources.InspectAsync(source, null, context.CancellationToken);
        context.Reach(FileSources.FoldersOf([source], folder));
        return EntityRows.FromFile(inspected.Scan, eventTime) with { Zone = zone };
    }
}
