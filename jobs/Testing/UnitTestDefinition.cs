using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.Jobs.Testing;

/// <summary>A unit test of a step as a person wrote it: rows that the step reads, and what it makes of them.</summary>
public sealed record UnitTestDefinition
{
    /// <summary>Its name, distinct within the project.</summary>
    public required string Name { get; init; }

    /// <summary>Where the name stands.</summary>
    public required SourcePlace Place { get; init; }

    /// <summary>What it shows.</summary>
    public string? Description { get; init; }

    /// <summary>The step.</summary>
    public required Located<string> Step { get; init; }

    /// <summary>The rows that the step reads, by the name that its SQL uses.</summary>
    public required IReadOnlyList<GivenRows> Given { get; init; }

    /// <summary>The rows that the table then has, in any order; null where nobody asks.</summary>
    public FixtureRows? Rows { get; init; }

    /// <summary>The rows that go to the quarantine, in any order; null where nobody asks.</summary>
    public FixtureRows? Quarantine { get; init; }

    /// <summary>The rows that come too late for any revision, in any order; null where nobody asks.</summary>
    public FixtureRows? Late { get; init; }

    /// <summary>The rule that refuses the data; null where none does.</summary>
    public Located<string>? Fails { get; init; }

    /// <summary>Types of columns that the whole file declares, by input.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Entry<DataType>>> Columns { get; init; } = new Dictionary<string, IReadOnlyList<Entry<DataType>>>();

    /// <summary>The folder of its file, absolute: where the files of rows lie.</summary>
    public string Folder { get; init; } = "";
}

/// <summary>What one input of a step holds in a test.</summary>
/// <param name="Input">The name that the step's SQL uses.</param>
/// <param name="Place">Where it stands.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Columns">Types of its columns, where neither source nor step tells them.</param>
public sealed record GivenRows(string Input, SourcePlace Place, FixtureRows Rows, IReadOnlyList<Entry<DataType>> Columns);

/// <summary>Rows of a test: written out, or in a CSV file beside.</summary>
/// <param name="Rows">By column; null where they stand in a file.</param>
/// <param name="File">The file, relative to the test's; null where they are written out.</param>
public sealed record FixtureRows(IReadOnlyList<IReadOnlyList<Entry<YamlNode>>>? Rows, Located<string>? File);
