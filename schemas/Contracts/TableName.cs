namespace Lepton.Data.Schemas.Contracts;

/// <summary>The name of a table in the lake: a schema (a folder of tables) and a table.</summary>
public sealed record TableName
{
    /// <summary>The schema that a name without one means.</summary>
    public const string DefaultSchema = "main";

    /// <summary>What follows a table's name in the name of its quarantine.</summary>
    public const string QuarantineSuffix = "__quarantine";

    /// <summary>What follows a table's name in the name of its late rows.</summary>
    public const string LateSuffix = "__late";

    private static readonly string[] s_suffixes = [QuarantineSuffix, LateSuffix];

    private TableName(string schema, string table) => (Schema, Table) = (schema, table);

    /// <summary>The folder below the lake.</summary>
    public string Schema { get; }

    /// <summary>The folder below the schema.</summary>
    public string Table { get; }

    /// <summary>The table beside this one that takes what its expectations refuse.</summary>
    public TableName Quarantine => new(Schema, Table + QuarantineSuffix);

    /// <summary>The table beside this one that takes the rows that came too late for any of its revisions.</summary>
    public TableName Late => new(Schema, Table + LateSuffix);

    /// <summary>The tables that may stand beside this one and change with it, and before it.</summary>
    public IReadOnlyList<TableName> Companions => [Quarantine, Late];

    /// <summary>The table whose quarantine this is; null for another table.</summary>
    public TableName? QuarantineOf => Table.EndsWith(QuarantineSuffix, StringComparison.Ordinal) ? new(Schema, Table[..^QuarantineSuffix.Length]) : null;

    /// <summary>Reads <c>table</c> or <c>schema.table</c>; each part is <c>[a-z][a-z0-9_]*</c>, and <c>__</c> is ours alone.</summary>
    /// <exception cref="LeptonDataException"><c>schemas.bad_name</c></exception>
    public static TableName Parse(string text)
    {
        int dot = text.IndexOf('.', StringComparison.Ordinal);
        string schema = dot < 0 ? DefaultSchema : text[..dot];
        string table = text[(dot + 1)..];
        string own = WithoutSuffix(table);
        if (!IsName(schema) || !IsName(own)) throw new LeptonDataException("schemas.bad_name", [text]);
        return new TableName(schema, table);
    }

    /// <summary>Whether a person may give this name to a table, step, view or pipeline: <c>[a-z][a-z0-9_]*</c> without <c>__</c>, at most 128 characters.</summary>
    public static bool IsName(string text)
        => text.Length is > 0 and <= 128 && char.IsAsciiLetterLower(text[0])
           && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_')
           && !text.Contains("__", StringComparison.Ordinal);

    /// <summary>The name of the table whose companion a name means, in whatever case; the name itself where it means none.</summary>
    public static string WithoutSuffix(string name) => Array.Find(s_suffixes, suffix => name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)) is { } suffix ? name[..^suffix.Length] : name;

    /// <summary><c>table</c> in the default schema, else <c>schema.table</c>.</summary>
    public override string ToString() => Schema == DefaultSchema ? Table : $"{Schema}.{Table}";
}
