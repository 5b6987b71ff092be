using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Lepton.Data.Cli.Output;
using Lepton.Data.Jobs.Profiles;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton profile</c>: what the rows of a table or file are like.</summary>
internal static class ProfileCommand
{
    private const int TopShown = 3;

    internal static Command Create(VerbBuilder verbs)
    {
        var name = new Argument<string>("TABLE") { Description = Texts.Get("cli.help_relation") };
        var target = new Option<string?>("--out") { Description = Texts.Get("cli.help_profile_out"), HelpName = "FILE" };
        return verbs.Verb("profile", Texts.Get("cli.help_profile"), context => RunAsync(context, context.Get(name)!, context.Get(target)), [name, target]);
    }

    /// <summary>Profiles what the command line names.</summary>
    internal static async Task<TableProfile> ProfileAsync(CommandContext context, string name)
    {
        NamedRelation relation = await NamedRelation.OpenAsync(context, name);
        relation.WriteNotes(context.Terminal);
        return await ProgressDisplay.ShowAsync(context, progress => new Profiler(context.Engine, context.Binder).ProfileAsync(relation.Name, relation.Input, context.NewRun(progress), context.CancellationToken).AsTask());
    }

    private static async Task<int> RunAsync(CommandContext context, string name, string? target)
    {
        if (target is not null && Path.GetExtension(target).ToLowerInvariant() is not (".html" or ".htm")) throw new LeptonDataException("cli.not_html", [target]);
        // Before the rows are read, which may take long.
        if (target is not null && Path.GetDirectoryName(Path.GetFullPath(target)) is { } folder && !Directory.Exists(folder)) throw new LeptonDataException("cli.no_folder", [folder]);
        TableProfile profile = await ProfileAsync(context, name);
        if (target is not null) await WritePageAsync(profile, Path.GetFullPath(target), context.CancellationToken);
        if (context.IsJson) WriteJson(context, profile, target);
        else
        {
            WriteText(context, profile);
            if (target is not null) context.Terminal.Out.WriteLine(Texts.Get("cli.report_written", Path.GetFullPath(target)));
        }
        return ExitCode.Done;
    }

    private static async Task WritePageAsync(TableProfile profile, string path, CancellationToken cancellationToken)
    {
        string aside = path + ".new";
        try
        {
            await File.WriteAllTextAsync(aside, ProfilePage.Render(profile, CultureInfo.CurrentUICulture), new UTF8Encoding(false), cancellationToken);
            File.Move(aside, path, overwrite: true);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            throw FileErrors.Of(failure, path);
        }
    }

    private static void WriteText(CommandContext context, TableProfile profile)
    {
        context.Terminal.Out.WriteLine(TextCells.Visible(Texts.Get("cli.profile_of", profile.Name, TextTable.Number(profile.RowCount), TextTable.Number(profile.Columns.Count))));
        TextTable table = new TextTable()
            .Column(Texts.Get("cli.column_column")).Column(Texts.Get("cli.column_type")).Column("NULL", isRight: true).Column(Texts.Get("cli.column_distinct"), isRight: true)
            .Column(Texts.Get("cli.column_min"), isRight: true).Column(Texts.Get("cli.column_median"), isRight: true).Column(Texts.Get("cli.column_mean"), isRight: true).Column(Texts.Get("cli.column_max"), isRight: true)
            .Column(Texts.Get("cli.column_histogram"));
        foreach (ColumnProfile column in profile.Columns)
        {
            DataType type = column.Field.Type;
            string about = column.IsPersonal ? Texts.Get("cli.profile_personal") : column.Histogram is { } histogram ? ProfileText.Sparkline(histogram)
                : string.Join(", ", column.Top.Take(TopShown).Select(top => $"{Cut(ProfileText.Value(type, top.Value))} {ProfileText.Share(top.Count, profile.RowCount)}"));
            table.Row(
                column.Field.Name, type.ToString(), ProfileText.Share(column.NullCount, profile.RowCount), DistinctText(column), Shown(type, column.Min),
                column.Quantiles.Count > 2 ? (column.AreQuantilesExact ? "" : "≈ ") + ProfileText.Value(type.Id is TypeId.Date or TypeId.Instant or TypeId.NaiveTime ? type : DataType.Float64, column.Quantiles[2]) : "–",
                column.Mean is { } mean ? ProfileText.Number(mean) : column.Lengths is { } lengths ? Texts.Get("cli.profile_length", ProfileText.Number(lengths.Mean)) : "–", Shown(type, column.Max), about);
        }
        table.Write(context.Terminal);
        context.Terminal.Out.Flush();
    }

    private static string DistinctText(ColumnProfile column) => column.DistinctCount is { } count ? $"{(column.IsDistinctExact ? "" : "≈ ")}{TextTable.Number(count)}" : "–";

    private static string Shown(DataType type, object? value) => value is null ? "–" : Cut(ProfileText.Value(type, value));

    private static string Cut(string text) => TextCells.Cut(text.Length > 200 ? text[..200] : text, 24);

    private static void WriteJson(CommandContext context, TableProfile profile, string? target) => JsonOutput.Write(context.Terminal, json =>
    {
        json.WriteString("name", profile.Name);
        json.WriteNumber("rows", profile.RowCount);
        if (target is not null) json.WriteString("file", target);
        json.WriteList("columns", profile.Columns, column =>
        {
            DataType type = column.Field.Type;
            json.WriteString("name", column.Field.Name);
            json.WriteString("type", type.ToString());
            if (column.IsPersonal) json.WriteBoolean("personal", true);
            json.WriteNumber("nulls", column.NullCount);
            json.WriteOptional("distinct", column.DistinctCount);
            json.WriteBoolean("distinct_is_exact", column.IsDistinctExact);
            WriteValue(json, "min", type, column.Min);
            WriteValue(json, "max", type, column.Max);
            WriteNumber(json, "mean", column.Mean);
            WriteNumber(json, "standard_deviation", column.StandardDeviation);
            json.WriteStartObject("quantiles");
            DataType quantileType = type.Id is TypeId.Date or TypeId.Instant or TypeId.NaiveTime ? type : DataType.Float64;
            for (int i = 0; i < column.Quantiles.Count; i++) WriteValue(json, Profiler.Quantiles[i].ToString(CultureInfo.InvariantCulture), quantileType, column.Quantiles[i]);
            json.WriteEndObject();
            json.WriteBoolean("quantiles_are_exact", column.AreQuantilesExact);
            if (column.NanCount is not null) json.WriteOptional("nan", column.NanCount);
            if (column.InfiniteCount is not null) json.WriteOptional("infinite", column.InfiniteCount);
            if (column.EmptyCount is not null) json.WriteOptional("empty", column.EmptyCount);
            if (column.Lengths is var (shortest, mean, longest))
            {
                json.WriteStartObject("length");
                json.WriteNumber("min", shortest);
                json.WriteNumber("mean", mean);
                json.WriteNumber("max", longest);
                json.WriteEndObject();
            }
            json.WriteList("top", column.Top, top =>
            {
                WriteValue(json, "value", type, top.Value);
                json.WriteNumber("count", top.Count);
            });
            if (column.Histogram is { } histogram)
            {
                json.WriteStartObject("histogram");
                json.WriteNumber("low", histogram.Low);
                json.WriteNumber("high", histogram.High);
                json.WriteStartArray("counts");
                foreach (long count in histogram.Counts) json.WriteNumberValue(count);
                json.WriteEndArray();
                json.WriteEndObject();
            }
        });
    });

    internal static void WriteValue(Utf8JsonWriter json, string name, DataType type, object? value)
    {
        json.WritePropertyName(name);
        ValueText.WriteJson(json, type, value);
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number) json.WriteNumber(name, number);
        else json.WriteNull(name);
    }
}
