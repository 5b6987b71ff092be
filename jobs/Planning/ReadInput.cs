using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Planning;

/// <summary>One input of a step, as a run reads it.</summary>
/// <param name="Of">The input.</param>
/// <param name="Record">What the run's record says of it.</param>
/// <param name="Source">Where it is a source: its files.</param>
/// <param name="Snapshot">Where it is a table: the version. Null for the quarantine of a step that has no rules: it reads as empty.</param>
internal sealed record ReadInput(StepInput Of, InputRecord Record, ReadySource? Source, Snapshot? Snapshot)
{
    /// <summary>The rows, for the engine.</summary>
    /// <param name="schema">The columns.</param>
    internal Input ToInput(Schema schema)
        => Source is { } source ? new FileInput(source.Inspected.Scan) : Snapshot is { } snapshot ? new SnapshotInput(snapshot) : new BatchInput(schema, []);
}
