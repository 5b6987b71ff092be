using System.CommandLine;
using System.Globalization;
using Lepton.Data.Cli.Output;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Editing;
using Lepton.Data.Storage.Delta.Rewrites;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton table compact|restore</c>: what changes a table's files without a pipeline.</summary>
internal static class TableEditCommands
{
    internal static IEnumerable<Command> Create(VerbBuilder verbs, Argument<string> name)
    {
        var clusterBy = new Option<string?>("--cluster-by") { Description = Texts.Get("cli.help_cluster_by"), HelpName = "COLUMN,…" };
        var target = new Option<long?>("--target-size")
        {
            Description = Texts.Get("cli.help_target_size"),
            HelpName = "SIZE",
            CustomParser = result =>
            {
                if (result.Tokens is [{ Value: var text }] && Quantities.TryByteSize(text, out long bytes) && bytes > 0) return bytes;
                result.AddError(Texts.Get("cli.not_a_size", "--target-size", result.Tokens is [{ Value: var word }, ..] ? word : ""));
                return null;
            },
        };
        var plan = new Option<bool>("--plan") { Description = Texts.Get("cli.help_table_plan") };
        yield return verbs.Verb(
            "compact",
            Texts.Get("cli.help_table_compact"),
            context => CompactAsync(context, context.Get(name)!, (context.Get(clusterBy) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), context.Get(target) ?? CompactionPlan.DefaultTargetBytes, context.Get(plan)),
            [name, clusterBy, target, plan]);
        var version = NumberOption.Create<long>(Texts.Get("cli.help_restore_version"), "--version");
        var time = new Option<EventTime?>("--time")
        {
            Description = Texts.Get("cli.help_restore_time"),
            HelpName = "TIME",
            CustomParser = result =>
            {
                if (result.Tokens is [{ Value: var text }] && EventTime.TryParse(text, out EventTime moment)) return moment;
                result.AddError(Texts.Get("cli.not_a_time", "--time", result.Tokens is [{ Value: var word }, ..] ? word : ""));
                return null;
            },
        };
        Command restore = verbs.Verb("restore", Texts.Get("cli.help_table_restore"), context => RestoreAsync(context, context.Get(name)!, context.Get(version), context.Get(time), context.Get(plan)), [name, version, time, plan]);
        restore.Validators.Add(result =>
        {
            if (result.GetResult(version) is null == result.GetResult(time) is null) result.AddError(Texts.Get("cli.version_or_time"));
        });
        yield return restore;
    }

    private static async Task<int> CompactAsync(CommandContext context, string text, string[] clusterBy, long targetBytes, bool isPlan)
    {
        (TableName name, ITable table, Snapshot before) = await FindAsync(context, text);
        foreach (string column in clusterBy)
            if (before.Schema.Find(column) is null) throw new LeptonDataException("cli.unknown_column", [name, column, string.Join(", ", before.Schema.Fields.Select(field => field.Name))]);
        CompactionPlan plan = Plan(before, targetBytes, clusterBy, name);
        if (isPlan)
        {
            Write(context, name, new Report(before, null, plan.Groups.Sum(group => group.Files.Count), plan.Groups.Sum(group => group.SizeBytes)), "cli.compact_would", "cli.compact_nothing");
            return ExitCode.Done;
        }
        TableEdit edit = await EditAsync(context, name, table, "table compact", editor => editor.CompactAsync(targetBytes, clusterBy, context.CancellationToken));
        Write(context, name, new Report(edit.Snapshot, edit, edit.Removed.Count, edit.Removed.Sum(file => file.SizeBytes)), "cli.compact_done", "cli.compact_nothing");
        return ExitCode.Done;
    }

    private static CompactionPlan Plan(Snapshot current, long targetBytes, string[] clusterBy, TableName name)
    {
        try
        {
            return CompactionPlan.Of(current, targetBytes, clusterBy);
        }
        catch (ArgumentException failure)
        {
            throw new LeptonDataException("cli.cluster_column", [name, string.Join(", ", clusterBy)], failure);
        }
    }

    private static async Task<int> RestoreAsync(CommandContext context, string text, long? version, EventTime? time, bool isPlan)
    {
        (TableName name, ITable table, Snapshot before) = await FindAsync(context, text);
        Snapshot target = (version is { } number ? await table.ReadAsync(number, context.CancellationToken) : await table.ReadAtAsync(time!.Value, context.CancellationToken))!;
        IReadOnlyDictionary<TableName, long> published = await new RunLog(context.Lake).PublishedVersionsAsync(context.CancellationToken);
        long? seen = published.TryGetValue(name, out long found) ? found : null;
        if (isPlan)
        {
            TableChange change = RestorePlan.Of(before, target, EventTime.FromDateTimeOffset(context.Time.GetUtcNow()));
            WriteRestore(context, name, before, target, change.Added, change.Removed, false, seen);
            return ExitCode.Done;
        }
        TableEdit edit = await EditAsync(context, name, table, "table restore", editor => editor.RestoreAsync(target.Version, context.CancellationToken));
        WriteRestore(context, name, edit.Snapshot, target, edit.Added, edit.Removed, edit.IsCommitted, seen);
        return ExitCode.Done;
    }

    private static async Task<(TableName Name, ITable Table, Snapshot Snapshot)> FindAsync(CommandContext context, string text)
    {
        (TableName name, ITable table) = TableCommands.Find(context, text);
        return (name, table, await table.ReadAsync(null, context.CancellationToken) ?? throw TableCommands.UnknownTable(context, text));
    }

    // A run that is under way would find its table's files gone; so one waits for the other.
    private static async Task<TableEdit> EditAsync(CommandContext context, TableName name, ITable table, string verb, Func<TableEditor, ValueTask<TableEdit>> edit)
    {
        using var hold = RunLock.Take(context.Lake, $"{verb} {name}");
        return await ProgressDisplay.ShowAsync(context, async progress =>
        {
            progress?.Report(new StepProgress(name.ToString(), "storage.writing"));
            var editor = new TableEditor(table, context.Lake.Store, context.Database, context.NewRun(progress), new TableEditorOptions { ThreadCount = context.Project.ThreadCount });
            return await edit(editor);
        });
    }

    private static void Write(CommandContext context, TableName name, Report report, string done, string nothing)
    {
        if (context.IsJson)
        {
            JsonOutput.Write(context.Terminal, json =>
            {
                json.WriteString("name", name.ToString());
                json.WriteBoolean("committed", report.Edit?.IsCommitted ?? false);
                json.WriteNumber("version", report.Snapshot.Version);
                json.WriteNumber("files_before", report.FileCount);
                json.WriteNumber("size_bytes_before", report.SizeBytes);
                if (report.Edit is null) return;
                json.WriteNumber("files_after", report.Edit.Added.Count);
                json.WriteNumber("size_bytes_after", report.Edit.Added.Sum(file => file.SizeBytes));
            });
            return;
        }
        (string files, string size) = (TextTable.Number(report.FileCount), TableCommands.SizeText(report.SizeBytes));
        context.Terminal.Out.WriteLine(report.FileCount == 0
            ? Texts.Get(nothing, name)
            : report.Edit is null
                ? Texts.Get(done, name, files, size)
                : Texts.Get(done, name, files, size, TextTable.Number(report.Edit.Added.Count), TableCommands.SizeText(report.Edit.Added.Sum(file => file.SizeBytes)), TextTable.Number(report.Snapshot.Version)));
    }

    private static void WriteRestore(CommandContext context, TableName name, Snapshot current, Snapshot target, IReadOnlyList<DataFile> added, IReadOnlyList<DataFile> removed, bool isCommitted, long? seen)
    {
        bool isSame = added.Count + removed.Count == 0 && current.Schema.Equals(target.Schema);
        if (context.IsJson)
        {
            JsonOutput.Write(context.Terminal, json =>
            {
                json.WriteString("name", name.ToString());
                json.WriteBoolean("committed", isCommitted);
                json.WriteNumber("version", current.Version);
                json.WriteNumber("restored_version", target.Version);
                json.WriteOptional("rows", target.RowCount);
                json.WriteNumber("files_added", added.Count);
                json.WriteNumber("files_removed", removed.Count);
                json.WriteOptional("published_version", seen);
            });
            return;
        }
        string rows = target.RowCount is { } count ? TextTable.Number(count) : "?";
        context.Terminal.Out.WriteLine(isCommitted
            ? Texts.Get("cli.restore_done", name, current.Version, target.Version, rows)
            : isSame
                ? Texts.Get("cli.restore_nothing", name, current.Version, target.Version)
                : Texts.Get("cli.restore_would", name, target.Version, rows, added.Count.ToString(CultureInfo.InvariantCulture), removed.Count.ToString(CultureInfo.InvariantCulture)));
        if (isCommitted && seen is { } version) context.Terminal.Out.WriteLine(Texts.Get("cli.restore_published", version));
    }

    /// <summary>What was or would be laid together.</summary>
    private sealed record Report(Snapshot Snapshot, TableEdit? Edit, int FileCount, long SizeBytes);
}
