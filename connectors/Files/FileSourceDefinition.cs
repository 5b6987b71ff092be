using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Connectors.Files;

/// <summary>A source of files as a person wrote it.</summary>
public sealed record FileSourceDefinition
{
    /// <summary>The name that steps use.</summary>
    public required string Name { get; init; }

    /// <summary>Where the name stands.</summary>
    public required SourcePlace Place { get; init; }

    /// <summary>How the bytes are laid out.</summary>
    public required FileFormat Format { get; init; }

    /// <summary>A path or pattern, relative to the project's folder, and where it stands. <c>*</c> and <c>?</c> match inside a name, <c>**</c> any folders.</summary>
    public required Located<string> Path { get; init; }

    /// <summary>What the person says of columns, by the name that the file has.</summary>
    public IReadOnlyList<ColumnDeclaration> Columns { get; init; } = [];

    /// <summary>The IANA zone of naive times in columns that say none of their own; null where each must.</summary>
    public Located<string>? Zone { get; init; }

    /// <summary>What becomes of columns that are not those seen before.</summary>
    public SchemaPolicy OnSchemaChange { get; init; } = SchemaPolicy.Add;

    /// <summary>Whether there is a place where the person could declare columns; a file that a command line names has none.</summary>
    public bool TakesDeclarations { get; init; } = true;

    /// <summary>Whether every column of delimited text is offered as the text that it is, whatever it looks like: for who looks into a file before its types are known.</summary>
    public bool ReadsAsText { get; init; }

    /// <summary>Whether the person says what to read a column as.</summary>
    /// <param name="name">As the lake has it.</param>
    internal bool DeclaresTypeOf(string name)
        => Columns.Any(column => (column.Type is not null || column.Zone is not null) && string.Equals(SourceColumns.FitName(column.Name), name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The type that the person declares of a column and that no zone has a say in; null for none.</summary>
    /// <param name="name">As the file has it.</param>
    internal DataType? DeclaredTypeOf(string name)
        => Columns.FirstOrDefault(column => column.Zone is null && string.Equals(SourceColumns.FitName(column.Name), SourceColumns.FitName(name), StringComparison.OrdinalIgnoreCase))?.Type;

    /// <summary>How delimited text is written, as far as the person says; what is not said is found out.</summary>
    public CsvDeclaration Csv { get; init; } = new();
}

/// <summary>What a person says of one column of a file.</summary>
/// <param name="Name">As the file has it.</param>
/// <param name="Place">Where it stands.</param>
public sealed record ColumnDeclaration(string Name, SourcePlace Place)
{
    /// <summary>What to read its values as; null for what the file says.</summary>
    public DataType? Type { get; init; }

    /// <summary>The IANA zone whose clock its naive times were read from.</summary>
    public Located<string>? Zone { get; init; }

    /// <summary>What the column is.</summary>
    public string? Description { get; init; }

    /// <summary>Whether it tells of persons.</summary>
    public bool IsPersonal { get; init; }
}

/// <summary>How delimited text is written, as far as a person says.</summary>
public sealed record CsvDeclaration
{
    /// <summary>One character between fields.</summary>
    public char? Delimiter { get; init; }

    /// <summary>The character around fields.</summary>
    public char? Quote { get; init; }

    /// <summary>The character before a quote inside a quoted field.</summary>
    public char? Escape { get; init; }

    /// <summary>Whether the first line names the columns.</summary>
    public bool? HasHeader { get; init; }

    /// <summary>Texts that mean NULL where they stand unquoted; null for the empty text.</summary>
    public IReadOnlyList<string>? NullTexts { get; init; }

    /// <summary><c>utf-8</c>, <c>utf-16</c> or <c>latin-1</c>.</summary>
    public string? Encoding { get; init; }
}
