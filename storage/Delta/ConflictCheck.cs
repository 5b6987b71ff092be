using Lepton.Data.Storage.Delta.Log;
using Lepton.Data.Storage.Delta.Predicates;

namespace Lepton.Data.Storage.Delta;

/// <summary>Whether commits made since a change's base get in its way: shown them one after the other, each one from the base on.</summary>
/// <param name="change">What is to be committed.</param>
/// <param name="state">The newest state, which knows how to read what the log says of a file.</param>
internal sealed class ConflictCheck(TableChange change, LogState state)
{
    // What rewrites since the base laid rows into, by path: nobody looked at these files as additions, and rows of the base may be inside.
    private readonly Dictionary<string, DataFile> _rewritten = new(StringComparer.Ordinal);
    private Dictionary<string, DataFile>? _ofBase;

    /// <summary>Whether it changed what the table is, or rows that the change rests on.</summary>
    internal bool IsHinderedBy(LogEntry since)
    {
        if (since.ChangesTable) return true;
        if (!change.HasReadTable) return false;
        foreach (AddAction add in since.Actions.OfType<AddAction>())
        {
            if (!add.IsDataChange) _rewritten[add.Path.Path] = state.Describe(add);
            else if (IsRead(() => state.Describe(add))) return true;
        }
        // A file that came after the base with rows of its own was looked at then.
        return since.Actions.OfType<RemoveAction>().Any(remove => remove.IsDataChange && IsRead(() => FileOf(remove.Path.Path)));
    }

    private bool IsRead(Func<DataFile?> file) => change.ReadRows is not { } rows || (file() is { } known && FileFacts.MayMatch(known, change.Base!.Schema, rows));

    private DataFile? FileOf(string path)
    {
        if (_rewritten.TryGetValue(path, out DataFile? file)) return file;
        if (_ofBase is null)
        {
            _ofBase = new Dictionary<string, DataFile>(StringComparer.Ordinal);
            foreach (DataFile live in change.Base!.Files) _ofBase[live.Path] = live;
        }
        return _ofBase.GetValueOrDefault(path);
    }
}
