using System.Reflection;
using System.Runtime.InteropServices;
using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.DuckDb.Native;

/// <summary>Finds libduckdb: beside the application, else in a <c>node_modules</c> of a folder above it.</summary>
internal static class LibraryResolver
{
    private static readonly Lazy<nint> s_library = new(Load);

    /// <summary>Where the library would be looked for, nearest first.</summary>
    internal static IEnumerable<string> Candidates()
    {
        string file = OperatingSystem.IsWindows() ? "duckdb.dll" : OperatingSystem.IsMacOS() ? "libduckdb.dylib" : "libduckdb.so";
        yield return Path.Combine(AppContext.BaseDirectory, file);
        string system = OperatingSystem.IsWindows() ? "win32" : OperatingSystem.IsMacOS() ? "darwin" : "linux";
        string processor = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64";
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            yield return Path.Combine(folder.FullName, "node_modules", "@duckdb", $"node-bindings-{system}-{processor}", file);
    }

    internal static void Register() => NativeLibrary.SetDllImportResolver(typeof(LibraryResolver).Assembly, Resolve);

    /// <summary>Loads the library now.</summary>
    /// <exception cref="LeptonDataException"><c>storage.duckdb_library_missing</c></exception>
    internal static nint EnsureLoaded() => s_library.Value;

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath) => name == NativeMethods.Library ? EnsureLoaded() : 0;

    private static nint Load()
    {
        foreach (string path in Candidates())
        {
            if (!File.Exists(path)) continue;
            try
            {
                return NativeLibrary.Load(path);
            }
            catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
            {
                throw new LeptonDataException("storage.duckdb_library_broken", [path, OneLine.Of(error.Message)], error);
            }
        }
        throw new LeptonDataException("storage.duckdb_library_missing", [AppContext.BaseDirectory]);
    }
}
