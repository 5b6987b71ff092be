using Lepton.Data.Schemas;

namespace Lepton.Data.Connectors.Files;

/// <summary>Our types for DuckDB's spellings of what files hold.</summary>
internal static class FileTypes
{
    /// <summary>The type that holds every value of DuckDB's type, or null where we have none.</summary>
    internal static DataType? Of(string duckDbType)
    {
        if (DataType.TryParse(duckDbType, out DataType? type)) return type.Id == TypeId.Null ? DataType.String : type;
        return duckDbType switch
        {
            "UTINYINT" => DataType.Int16,
            "USMALLINT" => DataType.Int32,
            "UINTEGER" => DataType.Int64,
            "UBIGINT" => DataType.Decimal(20, 0),
            "TIMESTAMP_S" or "TIMESTAMP_MS" or "TIMESTAMP_NS" => DataType.NaiveTime,
            "UUID" or "JSON" => DataType.String,
            _ when duckDbType.StartsWith("ENUM(", StringComparison.Ordinal) => DataType.String,
            _ => null,
        };
    }
}
