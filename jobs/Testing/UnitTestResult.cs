using Lepton.Data.Schemas;

namespace Lepton.Data.Jobs.Testing;

/// <summary>What became of a unit test.</summary>
/// <param name="Test">The test.</param>
/// <param name="Rows">How the table's rows differ from the expected ones; null where nobody asked, or the step failed.</param>
/// <param name="Quarantine">How the quarantine's do; null as before.</param>
/// <param name="RowsQuarantined">How many rows the step refused; null where it failed.</param>
/// <param name="Error">What kept the test from its end: a fixture that is not as it must be, a step that failed, a rule that did not.</param>
/// <param name="Duration">From the given rows to the comparison.</param>
public sealed record UnitTestResult(UnitTestDefinition Test, RowDiff? Rows, RowDiff? Quarantine, long? RowsQuarantined, LeptonDataException? Error, TimeSpan Duration)
{
    /// <summary>How the late rows differ; null where nobody asked, or the step failed.</summary>
    public RowDiff? Late { get; init; }

    /// <summary>Whether the step makes of the given rows what the test says.</summary>
    public bool IsPassed => Error is null && Rows?.IsEmpty != false && Quarantine?.IsEmpty != false && Late?.IsEmpty != false;
}
