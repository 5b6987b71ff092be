using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Schemas.Contracts;

/// <summary>A function of SQL, written in C#, that makes one value of the arguments in each row.</summary>
/// <param name="Name">As SQL calls it, in any case.</param>
/// <param name="Parameters">Types of the arguments; the engine casts to them what a query gives.</param>
/// <param name="Result">Type of the values.</param>
/// <param name="Body">
/// Appends one value for each row of the batch, whose columns are the arguments, NULLs included. The batch and the builder are borrowed for the call. Called by several threads at once,
/// a few thousand rows at a time. What it throws ends the statement: a <see cref="LeptonDataException"/> as it is, others as <c>storage.function_failed</c>.
/// </param>
public sealed record ScalarFunction(string Name, IReadOnlyList<DataType> Parameters, DataType Result, Action<RecordBatch, ColumnBuilder> Body)
{
    /// <summary>Whether two calls with the same arguments may differ; the engine then calls it for each row, and does not fold or reorder calls.</summary>
    public bool IsVolatile { get; init; }
}
