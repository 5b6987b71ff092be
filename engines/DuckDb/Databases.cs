using Lepton.Data.Operators;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Engines.DuckDb;

/// <summary>Opens databases that know the functions which this product adds to SQL.</summary>
internal static class Databases
{
    internal static DuckDbDatabase Open(DuckDbOptions options)
    {
        DuckDbDatabase database = DuckDbDatabase.Open(options);
        try
        {
            foreach (ScalarFunction function in RowFunctions.All) database.Register(function);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }
}
