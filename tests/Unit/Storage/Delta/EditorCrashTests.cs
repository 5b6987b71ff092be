using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Editing;
using Lepton.Data.Storage.Delta.Predicates;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

/// <summary>A store that fails at each call in turn while rows are changed: a lost request, a lost answer, or a process that dies there.</summary>
public sealed class EditorCrashTests
{
    private const string Before = "1|a|1 2|b|2 3|a|3 4|b|4";

    [Test]
    [Category("Torture")]
    public async Task Edit_StoreFailsAnywhere_IsDoneOrNotAndVacuumTakesWhatIsLeft([Values("append", "delete", "upsert", "compact", "restore")] string kind, [Values("before", "after", "dies")] string mode)
    {
        bool isWhole = Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 };
        string after = kind switch
        {
            "append" => $"{Before} 5|c|5",
            "delete" => "1|a|1 2|b|2 4|b|4",
            "upsert" => "1|a|1 2|b|2 3|a|30 4|b|4 5|c|5",
            "compact" => Before,
            _ => "1|a|1 2|b|2",
        };
        int failed = 0, kept = 0;
        // A sample in `make test`, of other calls for each kind and mode.
        using var t = new EditorFixture();
        await t.Editor().CreateAsync(EditorFixture.Columns, kind == "append" ? null : ["city"]);
        await t.Editor().AppendAsync(EditorFixture.Rows([1L, "a", 1], [2L, "b", 2]));
        await t.Editor().AppendAsync(EditorFixture.Rows([3L, "a", 3], [4L, "b", 4]));
        Directory.Move(t["t"], t["template"]);
        for (int call = isWhole ? 1 : 1 + ((kind.Length + mode.Length) % 5); ; call += isWhole ? 1 : 5)
        {
            if (Directory.Exists(t["t"])) Directory.Delete(t["t"], recursive: true);
            foreach (string file in Directory.GetFiles(t["template"], "*", SearchOption.AllDirectories))
            {
                string copy = Path.Join(t["t"], Path.GetRelativePath(t["template"], file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }
            var store = new FaultyObjectStore(t.Store, call, failsAfter: mode == "after", () => new LeptonDataException("storage.io", ["x", "y"]) { IsTransient = true }, staysBroken: mode == "dies");
            TableEditor editor = t.Editor(store: store);
            Exception? failure = null;
            try
            {
                await Run(editor, kind);
            }
            catch (LeptonDataException error)
            {
                failure = error;
                failed++;
            }
            string at = $"{kind}, call {call} {mode}: {failure?.Message}";
            string now = await t.TextAsync();
            Snapshot newest = (await t.Open().ReadAsync())!;
            bool isDone = newest.Version == 3;
            Assert.That(now, Is.EqualTo(isDone ? after : Before), at);
            Assert.That(newest.Version, Is.EqualTo(isDone ? 3 : 2), at);
            if (failure is null) Assert.That(isDone, Is.True, at);
            // An answer that was lost is looked for in the log, where files tell.
            if (isDone && failure is not null) Assert.That((CommitOutcome.IsUnknown(failure), mode == "dies" || kind is "delete" or "restore"), Is.EqualTo((true, true)), at);
            List<string> left = await t.LeftoversAsync();
            // A dead process deletes nothing, and what may have arrived must stay.
            if (left.Count > 0) Assert.That(mode == "dies" || (failure is not null && CommitOutcome.IsUnknown(failure)), Is.True, $"{at}: {string.Join(' ', left)}");
            kept += left.Count;
            await t.Open().VacuumAsync(new VacuumOptions { Now = EventTime.FromDateTimeOffset(TimeProvider.System.GetUtcNow().AddDays(40)) });
            Assert.That((await t.LeftoversAsync(), await t.TextAsync()), Is.EqualTo((new List<string>(), now)).Using<(List<string> Left, string Text)>((x, y) => x.Text == y.Text && x.Left.Count == y.Left.Count), at);
            if (store.CallCount < call) break;
        }
        TestContext.Out.WriteLine($"{failed} calls failed, {kept} files were left");
        Assert.That(failed, Is.GreaterThan(1), "calls that failed");
    }

    private static ValueTask<TableEdit> Run(TableEditor editor, string kind) => kind switch
    {
        "append" => editor.AppendAsync(EditorFixture.Rows([5L, "c", 5])),
        "delete" => editor.DeleteAsync(RowPredicate.Compare("id", Comparison.Equal, 3L)),
        "upsert" => editor.UpsertAsync(EditorFixture.Rows([3L, "a", 30], [5L, "c", 5]), ["id"]),
        "compact" => editor.CompactAsync(),
        _ => editor.RestoreAsync(1),
    };
}
