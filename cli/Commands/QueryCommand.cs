using System.CommandLine;
using System.Text.Json;
using Lepton.Data.Cli.Output;
using Lepton.Data.Engines;
using Lepton.Data.FeatureStore;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton query</c>: one SELECT over the lake's tables and training sets.</summary>
internal static class QueryCommand
{
    // A terminal holds about this many lines; files and pipes get every row.
    private const long TerminalRowsMax = 40;

    internal static Command Create(VerbBuilder verbs)
    {
        var sql = new Argument<string>("SQL") { Description = Texts.Get("cli.help_query_sql") };
        var limit = NumberOption.Create<long>(Texts.Get("cli.help_query_limit"), "--limit", "-n");
        var parameters = new Option<string[]>("--param") { Description = Texts.Get("cli.help_query_param"), HelpName = "NAME[:TYPE]=VALUE" };
        var latest = new Option<bool>("--latest") { Description = Texts.Get("cli.help_latest") };
        var target = new Option<string?>("--out") { Description = Texts.Get("cli.help_query_out"), HelpName = "FILE" };
        return verbs.Verb(
            "query",
            Texts.Get("cli.help_query"),
            context => RunAsync(context, context.Get(sql)!, context.Get(parameters) ?? [], context.Get(limit), context.Get(latest), context.Get(target)),
            [sql, parameters, limit, latest, target],
            allowsCsv: true);
    }

    /// <summary>Binds a person's SELECT against the lake.</summary>
    internal static async Task<(BoundQuery Query, Inputs Inputs)> BindAsync(CommandContext context, SqlText text, bool readsLatest)
    {
        FeatureStoreContext store = context.FeatureStore(readsLatest);
        IEnumerable<(string Name, SourcePlace? Place)> names = store.Binder.References(text).Select(reference => (reference.Name, (SourcePlace?)reference.Place));
        CatalogInputs found = await store.Catalog.InputsForAsync(names, context.CancellationToken);
        return (store.Binder.Bind(text, found.Inputs.Schemas, AccessContext.Owner), found.Inputs);
    }

    private static async Task<int> RunAsync(CommandContext context, string sql, string[] parameters, long? limit, bool readsLatest, string? target)
    {
        string? path = target is null ? null : RowFile.Prepare(context, target);
        var values = new Dictionary<string, SqlParameter>(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, SqlParameter value) in parameters.Select(SqlParameter.Parse))
            if (!values.TryAdd(name, value)) throw new LeptonDataException("cli.parameter_twice", [name]);
        var text = new SqlText(sql == "-" ? await Console.In.ReadToEndAsync(context.CancellationToken) : sql) { Parameters = values };
        (BoundQuery query, Inputs inputs) = await BindAsync(context, text, readsLatest);
        RunContext run = context.NewRun();
        if (path is not null)
        {
            long written = await RowFile.WriteAsync(context, query, inputs, run, path);
            ReportWritten(context, target!, written);
            return ExitCode.Done;
        }
        bool isCutForTerminal = limit is null && context.Output == OutputFormat.Text && context.Terminal.IsOutTerminal;
        await using IRecordBatchReader rows = await context.Engine.ReadAsync(query, inputs, run, context.CancellationToken);
        (long count, bool hasMore) = await RowOutput.WriteAsync(rows, context.Output, isCutForTerminal ? TerminalRowsMax : limit, context.Terminal, context.CancellationToken);
        if (context.Output == OutputFormat.Text && context.Terminal.IsOutTerminal)
            context.Terminal.Error.WriteLine(hasMore && isCutForTerminal ? Texts.Get("cli.rows_cut", count) : Texts.Get(count == 1 ? "cli.row" : "cli.rows", TextTable.Number(count)));
        return ExitCode.Done;
    }

    internal static void ReportWritten(CommandContext context, string target, long rowCount, Action<Utf8JsonWriter>? more = null)
    {
        // Nothing but rows goes where rows go.
        if (target == RowFile.Standard) return;
        if (context.IsJson)
        {
            JsonOutput.Write(context.Terminal, json =>
            {
                json.WriteString("file", target);
                json.WriteNumber("rows", rowCount);
                more?.Invoke(json);
            });
        }
        else
        {
            context.Terminal.Out.WriteLine(Texts.Get("cli.rows_written", TextTable.Number(rowCount), target));
        }
    }
}
