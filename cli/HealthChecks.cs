using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Lepton.Data.Cli.Commands;
using Lepton.Data.Jobs;
using Lepton.Data.Schemas;
using Lepton.Data.Storage;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Cli;

/// <summary>How one part of the machine is.</summary>
internal enum HealthState
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Works, but not for long or not for all.</summary>
    Doubtful,

    /// <summary>Something that is needed is missing.</summary>
    Missing,
}

/// <summary>What was found of one part.</summary>
/// <param name="Name">Stable, for scripts.</param>
/// <param name="Title">In the person's language.</param>
/// <param name="State">How it is.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Remedy">What to do; null where nothing is to be done.</param>
internal sealed record HealthCheck(string Name, string Title, HealthState State, string Detail, string? Remedy = null);

/// <summary>Looks at what the product needs of the machine and of the project's folder. Nothing is changed, except for a file that is written beside the lake and deleted again.</summary>
internal static class HealthChecks
{
    // A run writes each table once more before the old one may go.
    private const long FreeBytesMin = 2_000_000_000;
    private const long MemoryBytesMin = 2_000_000_000;

    internal static IReadOnlyList<HealthCheck> Run(CommandContext context)
    {
        var checks = new List<HealthCheck> { Runtime(), Icu(), DuckDb(), Memory() };
        if (Packages() is { } packages) checks.Add(packages);
        checks.AddRange(ProjectAndLake(context));
        return checks;
    }

    private static HealthCheck Runtime()
    {
        string title = Texts.Get("cli.check_runtime");
        return Environment.Version.Major >= 10
            ? new HealthCheck("runtime", title, HealthState.Good, RuntimeInformation.FrameworkDescription)
            : new HealthCheck("runtime", title, HealthState.Missing, RuntimeInformation.FrameworkDescription, Texts.Get("cli.check_runtime_remedy"));
    }

    // Without ICU the runtime quietly leaves full-width characters as they are, and texts would differ between machines.
    private static HealthCheck Icu()
    {
        string title = Texts.Get("cli.check_icu");
        bool isInvariant = AppContext.TryGetSwitch("System.Globalization.Invariant", out bool invariant) && invariant;
        return !isInvariant && "１".Normalize(NormalizationForm.FormKC) == "1"
            ? new HealthCheck("icu", title, HealthState.Good, Texts.Get("cli.check_icu_good"))
            : new HealthCheck("icu", title, HealthState.Missing, Texts.Get("cli.check_icu_missing"), Texts.Get("cli.check_icu_remedy"));
    }

    private static HealthCheck DuckDb()
    {
        string title = Texts.Get("cli.check_duckdb");
        try
        {
            string version = DuckDbDatabase.LibraryVersion;
            using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { MemoryLimitBytes = 64L << 20, ThreadCount = 1 });
            using DuckDbConnection connection = database.Connect();
            return new HealthCheck("libduckdb", title, HealthState.Good, version);
        }
        catch (LeptonDataException error)
        {
            return new HealthCheck("libduckdb", title, HealthState.Missing, error.MessageIn(CultureInfo.CurrentUICulture), Texts.Get("cli.check_duckdb_remedy"));
        }
    }

    private static HealthCheck Memory()
    {
        long bytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        string detail = Texts.Get("cli.check_machine_detail", TableCommands.SizeText(bytes), Environment.ProcessorCount);
        return bytes >= MemoryBytesMin
            ? new HealthCheck("machine", Texts.Get("cli.check_machine"), HealthState.Good, detail)
            : new HealthCheck("machine", Texts.Get("cli.check_machine"), HealthState.Doubtful, detail, Texts.Get("cli.check_machine_remedy"));
    }

    // Only a command that runs inside its own source tree takes parts from node_modules; elsewhere they lie beside it.
    private static HealthCheck? Packages()
    {
        string? root = AppContext.BaseDirectory;
        while (root is not null && !File.Exists(Path.Combine(root, "package-lock.json"))) root = Path.GetDirectoryName(root.TrimEnd(Path.DirectorySeparatorChar));
        if (root is null) return null;
        string title = Texts.Get("cli.check_packages");
        try
        {
            var missing = new List<string>();
            using JsonDocument wanted = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(root, "package.json")));
            foreach (JsonProperty package in wanted.RootElement.GetProperty("dependencies").EnumerateObject())
            {
                string manifest = Path.Combine(root, "node_modules", package.Name, "package.json");
                if (!File.Exists(manifest)) missing.Add($"{package.Name} {package.Value}");
                else
                {
                    using JsonDocument found = JsonDocument.Parse(File.ReadAllBytes(manifest));
                    if (found.RootElement.GetProperty("version").GetString() != package.Value.GetString()) missing.Add($"{package.Name} {package.Value}");
                }
            }
            return missing.Count == 0
                ? new HealthCheck("packages", title, HealthState.Good, Path.Combine(root, "node_modules"))
                : new HealthCheck("packages", title, HealthState.Missing, Texts.Get("cli.check_packages_missing", string.Join(", ", missing)), Texts.Get("cli.check_packages_remedy", root));
        }
        catch (Exception error) when (error is JsonException or IOException or KeyNotFoundException or InvalidOperationException)
        {
            return new HealthCheck("packages", title, HealthState.Missing, error is IOException ? FileReason(error) : Texts.Get("cli.check_packages_broken", root), Texts.Get("cli.check_packages_remedy", root));
        }
    }

    private static string FileReason(Exception error) => FileErrors.Reason(error).In(CultureInfo.CurrentUICulture);

    private static IEnumerable<HealthCheck> ProjectAndLake(CommandContext context)
    {
        string title = Texts.Get("cli.check_project");
        Project project;
        HealthCheck? failure = null;
        try
        {
            if (!File.Exists(Path.Combine(context.ProjectFolder, Project.FileName)))
                return [new HealthCheck("project", title, HealthState.Good, Texts.Get("cli.check_project_none", context.ProjectFolder)), Disk(context.ProjectFolder)];
            project = context.Project;
        }
        catch (LeptonDataException error)
        {
            failure = new HealthCheck("project", title, HealthState.Missing, error.MessageIn(CultureInfo.CurrentUICulture), Texts.Get("cli.check_project_remedy"));
            return [failure, Disk(context.ProjectFolder)];
        }
        return [new HealthCheck("project", title, HealthState.Good, Texts.Get("cli.check_project_good", project.Name, project.Folder)), Disk(project.S3?.CacheFolder ?? project.LakeLocation), project.S3 is null ? LakeFolder(project) : LakeBucket(context)];
    }

    private static HealthCheck Disk(string folder)
    {
        string title = Texts.Get("cli.check_disk");
        try
        {
            string existing = folder;
            while (!Directory.Exists(existing)) existing = Path.GetDirectoryName(existing) ?? "/";
            long free = new DriveInfo(existing).AvailableFreeSpace;
            string detail = Texts.Get("cli.check_disk_detail", TableCommands.SizeText(free), existing);
            if (free == 0) return new HealthCheck("disk", title, HealthState.Missing, detail, Texts.Get("cli.check_disk_none"));
            return free >= FreeBytesMin
                ? new HealthCheck("disk", title, HealthState.Good, detail)
                : new HealthCheck("disk", title, HealthState.Doubtful, detail, Texts.Get("cli.check_disk_remedy"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new HealthCheck("disk", title, HealthState.Doubtful, FileReason(error));
        }
    }

    private static HealthCheck LakeFolder(Project project)
    {
        string title = Texts.Get("cli.check_lake");
        try
        {
            bool exists = Directory.Exists(project.LakeLocation);
            int tableCount = exists && Directory.EnumerateFileSystemEntries(project.LakeLocation).Any() ? CountTables(Lake.Open(project.LakeLocation)) : 0;
            string existing = project.LakeLocation;
            while (!Directory.Exists(existing)) existing = Path.GetDirectoryName(existing) ?? "/";
            string probe = Path.Combine(existing, $".lepton-doctor-{Environment.ProcessId}");
            File.WriteAllText(probe, "");
            File.Delete(probe);
            return new HealthCheck("lake", title, HealthState.Good, exists ? Texts.Get("cli.check_lake_good", tableCount, project.LakeLocation) : Texts.Get("cli.check_lake_none", project.LakeLocation));
        }
        catch (LeptonDataException error)
        {
            return new HealthCheck("lake", title, HealthState.Missing, error.MessageIn(CultureInfo.CurrentUICulture));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new HealthCheck("lake", title, HealthState.Missing, FileReason(error), Texts.Get("cli.check_lake_remedy", project.LakeLocation));
        }
    }

    /// <exception cref="LeptonDataException">The first table that cannot be read.</exception>
    private static int CountTables(Lake lake)
    {
        LakeTables tables = LakeTables.ReadAsync(lake, CancellationToken.None).GetAwaiter().GetResult();
        return tables.Unreadable.Count == 0 ? tables.Readable.Count : throw tables.Unreadable[0];
    }

    private static HealthCheck LakeBucket(CommandContext context)
    {
        string title = Texts.Get("cli.check_lake");
        try
        {
            string probe = $".lepton-doctor-{Environment.ProcessId}";
            // First what is of this machine: without its cache nothing of a bucket is read, whether the server answers or not.
            context.Store.MakeFolder(probe);
            string copy = Path.Join(context.Store.PathToWrite(probe), "copy");
            FileErrors.Guard(copy, () => File.WriteAllText(copy, probe));
            context.Store.PutIfAbsentAsync(probe, new byte[1]).AsTask().GetAwaiter().GetResult();
            bool isKept = !context.Store.PutIfAbsentAsync(probe, new byte[1]).AsTask().GetAwaiter().GetResult();
            context.Store.DeleteAsync(probe).AsTask().GetAwaiter().GetResult();
            // After the put, since the answer to a look has no body that could say what is wrong with the keys.
            bool exists = context.Store.FindAsync(Lake.MarkerFileName).AsTask().GetAwaiter().GetResult() is not null;
            if (!isKept) throw new LeptonDataException("storage.no_conditional_put", [context.Project.LakeLocation]);
            return new HealthCheck("lake", title, HealthState.Good, exists ? Texts.Get("cli.check_lake_good", CountTables(context.Lake), context.Project.LakeLocation) : Texts.Get("cli.check_lake_none", context.Project.LakeLocation));
        }
        catch (LeptonDataException error)
        {
            return new HealthCheck("lake", title, HealthState.Missing, error.MessageIn(CultureInfo.CurrentUICulture));
        }
    }
}
