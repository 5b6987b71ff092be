using Lepton.Data.Schemas;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Conversion;

/// <summary>The fields of a stream, a file or another library's struct, and which of them are read as columns.</summary>
internal sealed class ColumnChoice
{
    private readonly bool[] _isWanted;

    /// <exception cref="LeptonDataException"><c>storage.arrow_column</c>, <c>storage.arrow_type</c></exception>
    internal ColumnChoice(ArrowField root, ArrowReadOptions options, ArrowPlace place)
    {
        (Root, Options) = (root, options);
        Columns = options.Columns is null ? [.. Enumerable.Range(0, Fields.Length)] : [.. options.Columns.Select(name => Find(name, place))];
        _isWanted = new bool[Fields.Length];
        foreach (int column in Columns) _isWanted[column] = true;
        Schema = TypeMapping.ToOurs(Columns.Select(column => Fields[column]), root.Metadata, place);
    }

    /// <summary>The struct of all columns of the source, paths set.</summary>
    internal ArrowField Root { get; }

    /// <summary>All columns of the source.</summary>
    internal ArrowField[] Fields => Root.Children;

    internal ArrowReadOptions Options { get; }

    /// <summary>The columns that are read, as numbers of <see cref="Fields"/>.</summary>
    internal int[] Columns { get; }

    /// <summary>Of the columns that are read.</summary>
    internal Schema Schema { get; }

    internal bool IsWanted(int field) => _isWanted[field];

    private int Find(string name, ArrowPlace place)
    {
        int index = Array.FindIndex(Fields, field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        return index >= 0 ? index : throw place.Error("storage.arrow_column", name);
    }
}

/// <summary>All that a batch keeps: what its columns lie in, and what was made anew.</summary>
internal sealed class BatchOwners(IDisposable? body) : IDisposable
{
    internal List<IDisposable> Items { get; } = body is null ? [] : [body];

    public void Dispose()
    {
        foreach (IDisposable item in Items) item.Dispose();
        Items.Clear();
    }
}
