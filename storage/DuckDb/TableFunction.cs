using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>A function of SQL, written in C#, that gives rows: <c>SELECT … FROM name(…)</c>. See <see cref="DuckDbDatabase.Register(TableFunction)"/>.</summary>
/// <param name="Name">As SQL calls it, in any case.</param>
/// <param name="Parameters">Of BOOLEAN, BIGINT, DOUBLE and VARCHAR; DuckDB casts to them what a query gives; a text arrives up to its first NUL, where it has one.</param>
/// <param name="Open">
/// Makes the rows for arguments as <see cref="ColumnView.Value"/> gives them, null for NULL. Called once for each scan, and once more where a query is prepared and never run; the reader
/// is disposed with it. Every batch has the types of the reader's schema, and every reader of a query those of its first; a read is told by its token when the statement is stopped. What it or the reader throws ends the statement, see <see cref="ScalarFunction"/>.
/// </param>
public sealed record TableFunction(string Name, IReadOnlyList<DataType> Parameters, Func<IReadOnlyList<object?>, IRecordBatchReader> Open);
