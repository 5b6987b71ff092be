namespace Lepton.Data.Connectors.Files;

/// <summary>Paths without links in them: DuckDB allows folders by their real place, so a linked folder of data has to be named by where it is.</summary>
public static class RealPath
{
    private const int LinkCountMax = 40;

    /// <summary>The absolute path with every link followed; what does not exist is left as it is.</summary>
    public static string Of(string path)
    {
        string resolved = "/";
        int links = 0;
        var open = new Stack<string>(Path.GetFullPath(path).Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        while (open.TryPop(out string? name))
        {
            if (name == "..")
            {
                resolved = Path.GetDirectoryName(resolved) ?? "/";
                continue;
            }
            string next = Path.Combine(resolved, name);
            string? target = new FileInfo(next).LinkTarget;
            if (target is null || ++links > LinkCountMax)
            {
                resolved = next;
                continue;
            }
            if (Path.IsPathRooted(target)) resolved = "/";
            foreach (string part in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
                if (part != ".") open.Push(part);
        }
        return resolved;
    }
}
