using Lepton.Data.Connectors.Files;
using Lepton.Data.Jobs.Planning;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;

namespace Lepton.Data.Jobs.Testing;

/// <summary>Finds the types of what steps read, and makes batches of the rows that tests give.</summary>
/// <param name="project">Whose steps.</param>
/// <param name="graph">All of them.</param>
/// <param name="binder">Binds the steps whose tables are read.</param>
/// <param name="lake">The project's lake; null where there is none.</param>
/// <remarks>A column has the type that the source's file, the step that makes it, or the table in the lake says; a test declares what none of these tells, and may not contradict them.</remarks>
internal sealed class FixtureInputs(Project project, StepGraph graph, StepBinder binder, Func<Lake?> lake)
{
    // What a file of tests declares is the same object for all of its tests.
    private readonly Dictionary<(object Declared, string Input), Schema?> _known = [];

    /// <summary>The columns of an input, and its rows.</summary>
    /// <exception cref="LeptonDataException">A column that is not there or whose type nobody knows; a value that is none of its type.</exception>
    internal async ValueTask<RecordBatch> MakeAsync(StepNode node, StepInput input, UnitTestDefinition test, GivenRows given, CancellationToken cancellationToken)
    {
        FixtureTable table = FixtureTable.Of(given.Rows, test.Folder);
        Schema schema = SchemaOf(await KnownAsync(node, input, test.Columns, cancellationToken).ConfigureAwait(false), input.Name, [.. given.Columns, .. test.Columns.GetValueOrDefault(input.Name) ?? []], table);
        using var builder = new RecordBatchBuilder(schema, table.Rows.Count);
        foreach (IReadOnlyDictionary<string, FixtureCell> row in table.Rows)
            for (int i = 0; i < schema.Count; i++) builder.Column(i).AppendValue(row.TryGetValue(schema[i].Name, out FixtureCell cell) ? FixtureValues.Of(cell, schema[i].Type) : null);
        return builder.Build(table.Rows.Count);
    }

    private static Schema SchemaOf(Schema? known, string input, IReadOnlyList<Entry<DataType>> declared, FixtureTable table)
    {
        var fields = new List<Field>(known?.Fields ?? []);
        foreach (Entry<DataType> column in declared)
        {
            Field? twin = fields.Find(field => string.Equals(field.Name, column.Name, StringComparison.OrdinalIgnoreCase));
            if (twin is not null && !twin.Type.Equals(column.Value)) throw new LeptonDataException("jobs.test_other_type", [column.Name, input, twin.Type, column.Value]) { Place = column.Place };
            if (twin is null && known is not null) throw MissingColumn.Of(column.Name, input, known, column.Place);
            if (twin is null) fields.Add(new Field(column.Name, column.Value));
        }
        var schema = new Schema(fields);
        foreach (Located<string> column in table.Columns)
        {
            if (schema.Find(column.Value) is not null) continue;
            throw known is null ? new LeptonDataException("jobs.test_no_type", [column.Value, input]) { Place = column.Place } : MissingColumn.Of(column.Value, input, schema, column.Place);
        }
        return schema;
    }

    private async ValueTask<Schema?> KnownAsync(StepNode node, StepInput input, IReadOnlyDictionary<string, IReadOnlyList<Entry<DataType>>> declared, CancellationToken cancellationToken)
    {
        // Sources belong to their pipeline, tables to all.
        (object, string) key = (declared, input.Source is null ? input.Table!.ToString() : $"{node.Pipeline.Name}/{input.Name.ToLowerInvariant()}");
        if (_known.TryGetValue(key, out Schema? known)) return known;
        known = input.Source is { } source ? OfSource(source, declared.GetValueOrDefault(input.Name), cancellationToken)
            : (input.Step is null ? null : await OfStepAsync(input, declared, cancellationToken).ConfigureAwait(false)) ?? await OfLakeAsync(input, cancellationToken).ConfigureAwait(false);
        _known.Add(key, known);
        return known;
    }

    // A source whose files are not here is what the tests say.
    private Schema? OfSource(FileSourceDefinition source, IReadOnlyList<Entry<DataType>>? declared, CancellationToken cancellationToken)
    {
        try
        {
            using var files = new FileSources([source], project.Folder, new Dictionary<string, KnownFile>());
            return files.ColumnsOf(source, cancellationToken);
        }
        catch (LeptonDataException)
        {
            return declared is null ? null : new Schema(declared.Select(column => new Field(column.Name, column.Value)));
        }
    }

    // What cannot be bound, perhaps since its own sources are neither here nor declared, tells no types; a test of that step says what is wrong with it.
    private async ValueTask<Schema?> OfStepAsync(StepInput input, IReadOnlyDictionary<string, IReadOnlyList<Entry<DataType>>> declared, CancellationToken cancellationToken)
    {
        StepNode maker = graph.Nodes.First(node => node.Step.Name == input.Step);
        var inputs = new Dictionary<string, Schema>(StringComparer.OrdinalIgnoreCase);
        foreach (StepInput read in maker.Inputs)
        {
            if (await KnownAsync(maker, read, declared, cancellationToken).ConfigureAwait(false) is not { } schema) return null;
            inputs.Add(read.Name, schema);
        }
        try
        {
            BoundStep bound = binder.Bind(maker, inputs);
            return bound.Tables.First(table => table.Name == input.Table).Schema;
        }
        catch (LeptonDataException)
        {
            return null;
        }
    }

    private async ValueTask<Schema?> OfLakeAsync(StepInput input, CancellationToken cancellationToken)
        => lake() is { } there && await there.Table(input.Table!).ReadAsync(null, cancellationToken).ConfigureAwait(false) is { } snapshot ? snapshot.Schema : null;
}
