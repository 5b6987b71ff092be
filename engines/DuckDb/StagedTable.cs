using Lepton.Data.Schemas;

namespace Lepton.Data.Engines.DuckDb;

/// <summary>Rows that the engine keeps in a table of its database.</summary>
internal sealed class StagedTable(DuckDbEngine engine, string name) : StagedRelation
{
    private int _isDisposed;

    internal DuckDbEngine Engine => engine;

    /// <summary>What stands for the rows after FROM.</summary>
    internal string Sql
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
            return SqlLiteral.Name(name);
        }
    }

    public override ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0) engine.Drop(name);
        return ValueTask.CompletedTask;
    }
}
