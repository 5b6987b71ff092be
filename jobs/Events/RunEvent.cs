using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Events;

/// <summary>Something that happened in a run.</summary>
/// <param name="At">When, by the run's clock.</param>
public abstract record RunEvent(EventTime At);

/// <summary>All was looked into and bound; the steps begin.</summary>
/// <param name="At">When.</param>
/// <param name="Id">The run's name.</param>
/// <param name="Steps">The steps, in the order in which they are taken.</param>
public sealed record RunStarted(EventTime At, RunId Id, IReadOnlyList<RunningStep> Steps) : RunEvent(At);

/// <summary>A step was taken up.</summary>
/// <param name="At">When.</param>
/// <param name="Step">Which.</param>
public sealed record StepStarted(EventTime At, RunningStep Step) : RunEvent(At);

/// <summary>A step came to its end, whatever that was.</summary>
/// <param name="At">When.</param>
/// <param name="Step">Which.</param>
/// <param name="Record">What became of it.</param>
/// <param name="Failure">Why it failed; null where it did not.</param>
/// <param name="Seconds">How long it took, by a monotonic clock.</param>
public sealed record StepEnded(EventTime At, RunningStep Step, StepRecord Record, LeptonDataException? Failure, double Seconds) : RunEvent(At)
{
    /// <summary>Rows that the table had before; null where there was none, or where nothing was committed.</summary>
    public long? RowsBefore { get; init; }

    /// <summary>Bytes of the table's files now; null where nothing was committed.</summary>
    public long? SizeBytes { get; init; }

    /// <summary>How many files the table has now; null where nothing was committed.</summary>
    public int? FileCount { get; init; }
}

/// <summary>A step as it is known before it runs.</summary>
/// <param name="Pipeline">Its pipeline.</param>
/// <param name="Name">Its name.</param>
/// <param name="Table">The table that it makes.</param>
/// <param name="Schema">That table's columns.</param>
/// <param name="Inputs">What it reads.</param>
/// <param name="Sql">What makes its rows, as the person wrote it.</param>
/// <param name="Description">What the table holds, as the person wrote it; null where they did not.</param>
public sealed record RunningStep(string Pipeline, string Name, RunningDataset Table, Schema Schema, IReadOnlyList<RunningInput> Inputs, SqlText Sql, string? Description);

/// <summary>One thing that a step reads.</summary>
/// <param name="Name">As the SQL names it.</param>
/// <param name="Dataset">What it is.</param>
/// <param name="Schema">Its columns.</param>
public sealed record RunningInput(string Name, RunningDataset Dataset, Schema Schema);

/// <summary>Where data lies, as OpenLineage names it.</summary>
/// <param name="Namespace"><c>file</c>, or <c>s3://bucket</c>.</param>
/// <param name="Name">A path: of a table's folder, of a file, or (for a source of several files) a pattern.</param>
public sealed record RunningDataset(string Namespace, string Name)
{
    /// <summary>Names a place by its path or address.</summary>
    internal static RunningDataset Of(string place)
    {
        int scheme = place.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0) return new("file", place);
        int slash = place.IndexOf('/', scheme + 3);
        return slash < 0 ? new(place, "/") : new(place[..slash], place[(slash + 1)..]);
    }
}

/// <summary>Is told what happens in a run: from several threads, one call at a time for each step. It must neither throw nor take long.</summary>
public interface IRunListener
{
    /// <summary>Takes note.</summary>
    void Report(RunEvent happened);
}
