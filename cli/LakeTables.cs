using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;

namespace Lepton.Data.Cli;

/// <summary>The tables of a lake at their newest versions. One that cannot be read, perhaps another program's, hides none of the others.</summary>
/// <param name="Readable">In order of name.</param>
/// <param name="Unreadable">Why others are not among them, each with the table's name.</param>
internal sealed record LakeTables(IReadOnlyList<(TableName Name, Snapshot Snapshot)> Readable, IReadOnlyList<LeptonDataException> Unreadable)
{
    internal static async Task<LakeTables> ReadAsync(Lake lake, CancellationToken cancellationToken)
    {
        var readable = new List<(TableName, Snapshot)>();
        var unreadable = new List<LeptonDataException>();
        foreach (TableName name in lake.ListTables())
        {
            try
            {
                if (await lake.Table(name).ReadAsync(null, cancellationToken) is { } snapshot) readable.Add((name, snapshot));
            }
            catch (LeptonDataException failure) when (!failure.IsTransient)
            {
                unreadable.Add(new LeptonDataException("cli.table_unreadable", [name, failure.MessageIn(CultureInfo.CurrentUICulture)], failure));
            }
        }
        return new LakeTables(readable, unreadable);
    }

    /// <summary>Says on standard error what could not be read.</summary>
    /// <returns>The command's exit code.</returns>
    internal int Report(CommandContext context)
    {
        if (Unreadable.Count == 0) return ExitCode.Done;
        var failures = new Failures(context.Terminal, context.IsJson, context.IsVerbose);
        foreach (LeptonDataException failure in Unreadable) failures.Report(failure, isInterrupted: false);
        return ExitCode.Failed;
    }
}
