using System.CommandLine;
using Lepton.Data.Cli.Output;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton table list|describe|history|vacuum|compact|restore</c>.</summary>
internal static class TableCommands
{
    private const int HistoryLimit = 20;

    internal static Command Create(VerbBuilder verbs)
    {
        var name = new Argument<string>("TABLE") { Description = Texts.Get("cli.help_table_name") };
        var version = NumberOption.Create<long>(Texts.Get("cli.help_table_version"), "--version");
        var limit = NumberOption.Create<int>(Texts.Get("cli.help_history_limit"), "--limit", "-n");
        var group = new Command("table", Texts.Get("cli.help_table"));
        group.Subcommands.Add(verbs.Verb("list", Texts.Get("cli.help_table_list"), ListAsync));
        group.Subcommands.Add(verbs.Verb("describe", Texts.Get("cli.help_table_describe"), context => DescribeAsync(context, context.Get(name)!, context.Get(version)), [name, version]));
        group.Subcommands.Add(verbs.Verb("history", Texts.Get("cli.help_table_history"), context => HistoryAsync(context, context.Get(name)!, context.Get(limit) ?? HistoryLimit), [name, limit]));
        var delete = new Option<bool>("--delete") { Description = Texts.Get("cli.help_vacuum_delete") };
        group.Subcommands.Add(verbs.Verb("vacuum", Texts.Get("cli.help_table_vacuum"), context => VacuumAsync(context, context.Get(name)!, context.Get(delete)), [name, delete]));
        foreach (Command verb in TableEditCommands.Create(verbs, name)) group.Subcommands.Add(verb);
        return group;
    }

    private static async Task<int> ListAsync(CommandContext context)
    {
        LakeTables tables = await LakeTables.ReadAsync(context.Lake, context.CancellationToken);
        if (context.IsJson)
        {
            JsonOutput.Write(context.Terminal, json =>
            {
                json.WriteList("tables", tables.Readable, table =>
                {
                    json.WriteString("name", table.Name.ToString());
                    WriteSnapshot(json, table.Snapshot);
                });
            });
            return tables.Report(context);
        }
        if (tables.Readable.Count == 0)
        {
            if (tables.Unreadable.Count == 0) context.Terminal.Out.WriteLine(Texts.Get("cli.no_tables", context.Lake.RootPath));
            return tables.Report(context);
        }
        TextTable table = new TextTable()
            .Column(Texts.Get("cli.column_table")).Column(Texts.Get("cli.column_rows"), isRight: true).Column(Texts.Get("cli.column_version"), isRight: true)
            .Column(Texts.Get("cli.column_committed")).Column(Texts.Get("cli.column_content_hash"));
        foreach ((TableName name, Snapshot snapshot) in tables.Readable)
            table.Row(name.ToString(), TextTable.Number(snapshot.RowCount), TextTable.Number(snapshot.Version), TimeText(snapshot.CommittedAt), snapshot.ContentHash?.ToString() ?? "–");
        table.Write(context.Terminal);
        return tables.Report(context);
    }

    private static async Task<int> DescribeAsync(CommandContext context, string text, long? version)
    {
        (TableName name, ITable table) = Find(context, text);
        Snapshot snapshot = await table.ReadAsync(version, context.CancellationToken)
            ?? throw UnknownTable(context, text);
        IReadOnlyDictionary<TableName, long> published = await new RunLog(context.Lake).PublishedVersionsAsync(context.CancellationToken);
        long? publishedVersion = published.TryGetValue(name, out long found) ? found : null;
        if (context.IsJson)
        {
            JsonOutput.Write(context.Terminal, json =>
            {
                json.WriteString("name", name.ToString());
                WriteSnapshot(json, snapshot);
                json.WriteOptional("published_version", publishedVersion);
                json.WriteString("folder", snapshot.RootPath);
                json.WriteString("table_id", snapshot.TableId);
                json.WriteNumber("files", snapshot.Files.Count);
                json.WriteNumber("size_bytes", snapshot.Files.Sum(file => file.SizeBytes));
                json.WriteList("columns", snapshot.Schema.Fields, field =>
                {
                    json.WriteString("name", field.Name);
                    json.WriteString("type", field.Type.ToString());
                    json.WriteBoolean("nullable", field.IsNullable);
                    json.WriteStartObject("metadata");
                    foreach ((string key, string value) in field.Metadata.Values) json.WriteString(key, value);
                    json.WriteEndObject();
                });
            });
            return ExitCode.Done;
        }
        TextTable facts = new TextTable().Column(Texts.Get("cli.column_table")).Column(name.ToString());
        facts.Row(Texts.Get("cli.column_rows"), TextTable.Number(snapshot.RowCount));
        facts.Row(Texts.Get("cli.column_version"), publishedVersion is null || publishedVersion == snapshot.Version
            ? TextTable.Number(snapshot.Version)
            : Texts.Get("cli.published_version", TextTable.Number(snapshot.Version), TextTable.Number(publishedVersion)));
        facts.Row(Texts.Get("cli.column_committed"), TimeText(snapshot.CommittedAt));
        facts.Row(Texts.Get("cli.column_content_hash"), snapshot.ContentHash?.ToString() ?? "–");
        facts.Row(Texts.Get("cli.column_files"), Texts.Get("cli.files_of_size", TextTable.Number(snapshot.Files.Count), SizeText(snapshot.Files.Sum(file => file.SizeBytes))));
        facts.Row(Texts.Get("cli.column_folder"), snapshot.RootPath);
        facts.Write(context.Terminal);
        context.Terminal.Out.WriteLine();
        TextTable columns = new TextTable().Column(Texts.Get("cli.column_column")).Column(Texts.Get("cli.column_type")).Column(Texts.Get("cli.column_notes"));
        foreach (Field field in snapshot.Schema.Fields) columns.Row(field.Name, field.Type.ToString(), NotesOf(field));
        columns.Write(context.Terminal);
        return ExitCode.Done;
    }

    private static async Task<int> HistoryAsync(CommandContext context, string text, int limit)
    {
        (TableName name, ITable table) = Find(context, text);
        var commits = new List<CommitEntry>();
        await foreach (CommitEntry commit in table.HistoryAsync(context.CancellationToken))
        {
            if (commits.Count == limit) break;
            commits.Add(commit);
        }
        if (commits.Count == 0 && limit > 0) throw UnknownTable(context, text);
        if (context.IsJson)
        {
            JsonOutput.Write(context.Terminal, json =>
            {
                json.WriteString("name", name.ToString());
                json.WriteList("commits", commits, commit =>
                {
                    json.WriteNumber("version", commit.Version);
                    json.WriteString("committed_at", commit.CommittedAt.ToString());
                    json.WriteString("operation", commit.Operation);
                    json.WriteStartObject("parameters");
                    foreach ((string key, string value) in commit.Parameters) json.WriteString(key, value);
                    json.WriteEndObject();
                    json.WriteString("run_id", commit.RunId);
                    json.WriteString("engine", commit.Engine);
                });
            });
            return ExitCode.Done;
        }
        TextTable rows = new TextTable()
            .Column(Texts.Get("cli.column_version"), isRight: true).Column(Texts.Get("cli.column_committed")).Column(Texts.Get("cli.column_operation"))
            .Column(Texts.Get("cli.column_run")).Column(Texts.Get("cli.column_engine"));
        foreach (CommitEntry commit in commits)
            rows.Row(TextTable.Number(commit.Version), TimeText(commit.CommittedAt), commit.Operation, commit.RunId ?? "–", commit.Engine ?? "–");
        rows.Write(context.Terminal);
        return ExitCode.Done;
    }

    private static async Task<int> VacuumAsync(CommandContext context, string text, bool deletes)
    {
        (TableName name, ITable table) = Find(context, text);
        Snapshot newest = await table.ReadAsync(null, context.CancellationToken) ?? throw UnknownTable(context, text);
        // No run begins between the look at what is needed and the last deletion, on whatever machine.
        using RunLock? hold = deletes ? RunLock.Take(context.Lake, $"vacuum {name}", context.Time) : null;
        // What a training set was made from, and what everybody reads.
        string? folder = context.Lake.Store.PathOf(table.RootPath);
        IReadOnlyList<PinnedSnapshot> pins = await new TrainingSetStore(context.FeatureStore()).PinsAsync(context.CancellationToken);
        var pinned = new SortedSet<long>(pins.Where(pin => pin.Path == folder && pin.TableId == newest.TableId).Select(pin => pin.Version));
        IReadOnlyDictionary<TableName, long> published = await new RunLog(context.Lake).PublishedVersionsAsync(context.CancellationToken);
        if (published.TryGetValue(name, out long version)) pinned.Add(version);
        VacuumResult result = await table.VacuumAsync(
            new VacuumOptions { Now = EventTime.FromDateTimeOffset(context.Time.GetUtcNow()), PinnedVersions = pinned, IsDryRun = !deletes, EnsureMayDelete = hold is null ? null : hold.EnsureHeld }, context.CancellationToken);
        if (context.IsJson)
        {
            JsonOutput.Write(context.Terminal, json =>
            {
                json.WriteString("name", name.ToString());
                json.WriteBoolean("deleted", deletes);
                json.WriteNumber("size_bytes", result.SizeBytes);
                json.WriteNumber("retention_hours", result.Retention.TotalHours);
                json.WriteStartArray("pinned_versions");
                foreach (long pin in pinned) json.WriteNumberValue(pin);
                json.WriteEndArray();
                json.WriteStartArray("files");
                foreach (string file in result.Files) json.WriteStringValue(file);
                json.WriteEndArray();
            });
            return ExitCode.Done;
        }
        foreach (string file in result.Files) context.Terminal.Out.WriteLine(file);
        context.Terminal.Out.WriteLine(Texts.Get(
            result.Files.Count == 0 ? "cli.vacuum_nothing" : deletes ? "cli.vacuum_deleted" : "cli.vacuum_would_delete",
            name, TextTable.Number(result.Files.Count), SizeText(result.SizeBytes), result.Retention.TotalDays.ToString("0.##", System.Globalization.CultureInfo.InvariantCulture)));
        return ExitCode.Done;
    }

    /// <summary>An instant to the second, for people.</summary>
    internal static string TimeText(EventTime time)
    {
        string text = time.ToString();
        int point = text.IndexOf('.', StringComparison.Ordinal);
        return point < 0 ? text : $"{text[..point].Replace('T', ' ')}Z";
    }

    /// <summary>A size with a unit, for people.</summary>
    internal static string SizeText(long bytes) => bytes switch
    {
        < 10_000 => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes} B"),
        < 10_000_000 => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes / 1e3:0.#} kB"),
        < 10_000_000_000 => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes / 1e6:0.#} MB"),
        _ => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes / 1e9:0.#} GB"),
    };

    internal static (TableName Name, ITable Table) Find(CommandContext context, string text)
    {
        TableName name;
        try
        {
            name = TableName.Parse(text);
        }
        catch (LeptonDataException)
        {
            throw UnknownTable(context, text);
        }
        return (name, context.Lake.Table(name));
    }

    internal static LeptonDataException UnknownTable(CommandContext context, string text)
        => Suggest.Nearest(text, context.Lake.ListTables().Select(table => table.ToString())) is { } nearest
            ? new LeptonDataException("cli.unknown_table_near", [text, nearest])
            : new LeptonDataException("cli.unknown_table", [text]);

    private static string NotesOf(Field field)
    {
        var notes = new List<string>();
        if (!field.IsNullable) notes.Add(Texts.Get("cli.note_not_null"));
        if (field.Metadata[FieldMetadata.PersonalKey] == "true") notes.Add(Texts.Get("cli.mark_personal"));
        if (field.Metadata[FieldMetadata.InexactKey] == "true") notes.Add(Texts.Get("cli.note_inexact"));
        if (field.Metadata[FieldMetadata.SourceNameKey] is { } sourceName) notes.Add(Texts.Get("cli.note_source_name", sourceName));
        if (field.Metadata[FieldMetadata.CommentKey] is { } comment) notes.Add(comment);
        return string.Join("; ", notes);
    }

    private static void WriteSnapshot(System.Text.Json.Utf8JsonWriter json, Snapshot snapshot)
    {
        json.WriteNumber("version", snapshot.Version);
        json.WriteOptional("rows", snapshot.RowCount);
        json.WriteString("content_hash", snapshot.ContentHash?.ToString());
        json.WriteString("committed_at", snapshot.CommittedAt.ToString());
    }
}
