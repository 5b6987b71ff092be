using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.Cli;

/// <summary>Names on the command line of what the project defines.</summary>
internal static class KnownNames
{
    /// <summary>Refuses a name that is not known, with the nearest that is, or with all.</summary>
    /// <param name="names">As they were typed.</param>
    /// <param name="known">At least one.</param>
    /// <param name="code">The error's; with <c>_near</c> behind it where there is a near one.</param>
    internal static void Check(IEnumerable<string> names, string[] known, string code)
    {
        foreach (string name in names.Except(known))
        {
            throw Suggest.Nearest(name, known) is { } nearest
                ? new LeptonDataException($"{code}_near", [name, nearest])
                : new LeptonDataException(code, [name, string.Join(", ", known)]);
        }
    }
}
