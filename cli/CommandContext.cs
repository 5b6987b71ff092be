using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Lepton.Data.Connectors.Files;
using Lepton.Data.Engines;
using Lepton.Data.FeatureStore;
using Lepton.Data.Jobs;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Cli;

/// <summary>What a verb works with. The project, the lake and the engine are opened when first asked for, so that a verb pays only for what it uses.</summary>
internal sealed class CommandContext(ParseResult parsed, GlobalOptions globals, Terminal terminal, CancellationToken cancellationToken) : IAsyncDisposable
{
    private const long StepMemoryBytes = 512L << 20;

    private readonly List<string> _foldersToReach = [];
    private string? _projectFolder;
    private Project? _project;
    private IObjectStore? _store;
    private Lake? _lake;
    private DuckDbEngine? _engine;
    private DuckDbFrontEnd? _frontEnd;
    private DuckDbDatabase? _database;
    private MemoryBudget? _memory;

    internal Terminal Terminal { get; } = terminal;

    internal CancellationToken CancellationToken { get; } = cancellationToken;

    internal OutputFormat Output { get; } = globals.OutputOf(parsed);

    internal bool IsJson => Output == OutputFormat.Json;

    internal bool IsVerbose { get; } = parsed.GetValue(globals.Verbose);

    internal TimeProvider Time { get; } = TimeProvider.System;

    /// <summary>The folder named by <c>--project</c>; else the nearest one upwards that holds a project, or the current one.</summary>
    internal string ProjectFolder => _projectFolder ??= FindProjectFolder(parsed.GetValue(globals.Project));

    /// <summary>Whether there is a project; without one, files that the command line names can be looked at all the same.</summary>
    internal bool HasProject => _project is not null || File.Exists(Path.Combine(ProjectFolder, Project.FileName));

    internal Project Project => _project ??= Project.Load(ProjectFolder);

    /// <summary>The project's lake, which must be there.</summary>
    internal Lake Lake => _lake ??= Lake.Open(Store, CancellationToken);

    /// <summary>The project's lake; null where there is none yet.</summary>
    internal Lake? LakeIfAny
    {
        get
        {
            try
            {
                return Lake;
            }
            catch (LeptonDataException failure) when (failure.Code == "storage.no_lake")
            {
                return null;
            }
        }
    }

    /// <summary>The project's lake, made where it is not there yet.</summary>
    internal Lake LakeToWrite => _lake ??= Lake.Create(Store, CancellationToken);

    /// <summary>Where the project's lake lies.</summary>
    internal IObjectStore Store => _store ??= Project.OpenStore(Time);

    internal MemoryBudget Memory => _memory ??= new MemoryBudget(MemoryBytes);

    /// <summary>Runs queries over the lake, and reaches what was named by <see cref="Reach"/>.</summary>
    internal IEngine Engine => _engine ??= new DuckDbEngine(new DuckDbEngineOptions
    {
        MemoryLimitBytes = MemoryBytes,
        ThreadCount = HasProject ? Project.ThreadCount : null,
        TempFolder = TempFolder,
        Store = HasProject ? Store : null,
        AllowedFolders = [.. HasProject ? [RealPath.Of(Store.LocalRoot)] : Array.Empty<string>(), .. _foldersToReach],
    });

    internal DuckDbFrontEnd FrontEnd => _frontEnd ??= new DuckDbFrontEnd();

    internal Binder Binder => new(FrontEnd);

    /// <summary>Reads and writes the lake's files, for what needs no query of a person's.</summary>
    internal DuckDbDatabase Database => _database ??= DuckDbDatabase.Open(new DuckDbOptions
    {
        MemoryLimitBytes = MemoryBytes,
        ThreadCount = Project.ThreadCount,
        TempFolder = TempFolder,
        AllowedFolders = [RealPath.Of(Store.LocalRoot)],
    });

    internal static string TempFolder => Path.Combine(Path.GetTempPath(), $"lepton-{Environment.UserName}");

    /// <summary>How many steps run at once: more than one only where each has memory enough to be of use.</summary>
    internal int StepsAtOnce => (int)Math.Clamp(MemoryBytes / StepMemoryBytes, 1, Project.ThreadCount ?? Environment.ProcessorCount);

    private long MemoryBytes => (HasProject ? Project.MemoryBytes : null) ?? MemoryOfMachine;

    /// <summary>What is taken where no project says how much.</summary>
    internal static long MemoryOfMachine => Math.Max(512L << 20, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2);

    /// <summary>Names folders that the engine has to reach besides the lake; before its first use.</summary>
    internal void Reach(IEnumerable<string> folders)
    {
        Debug.Assert(_engine is null, "the engine is open already");
        _foldersToReach.AddRange(folders.Select(RealPath.Of));
    }

    internal T? Get<T>(Option<T> option) => parsed.GetValue(option);

    internal T? Get<T>(Argument<T> argument) => parsed.GetValue(argument);

    internal RunContext NewRun(IProgress<StepProgress>? progress = null) => new(RunId.Create(Time), AccessContext.Owner, Time, Memory, progress);

    /// <summary>The feature store over the project's lake.</summary>
    /// <param name="readsLatest">Whether tables are read at their newest version instead of the published one.</param>
    internal FeatureStoreContext FeatureStore(bool readsLatest = false) => new(new LakeCatalog(Lake, readsLatest), Engine, Binder);

    public async ValueTask DisposeAsync()
    {
        if (_engine is not null) await _engine.DisposeAsync();
        _frontEnd?.Dispose();
        _database?.Dispose();
        (_store as IDisposable)?.Dispose();
    }

    private static string FindProjectFolder(string? named)
    {
        if (named is not null)
        {
            string path = Path.GetFullPath(named);
            if (!File.Exists(path)) return path;
            // Who names the project's file means its folder.
            return Path.GetFileName(path) == Project.FileName ? Path.GetDirectoryName(path)! : throw new LeptonDataException("cli.project_is_file", [named]);
        }
        string current = Directory.GetCurrentDirectory();
        for (string? folder = current; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, Project.FileName))) return folder;
        }
        return current;
    }
}
