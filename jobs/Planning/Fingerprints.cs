using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Planning;

/// <summary>Digests of a plan together with its inputs.</summary>
internal static class Fingerprints
{
    /// <summary>Equal for equal plans over equal inputs, in whatever order the text names them.</summary>
    internal static string Of(string planHash, IEnumerable<InputRecord> inputs)
    {
        var text = new StringBuilder(planHash);
        foreach (InputRecord input in inputs.OrderBy(input => input.Name, StringComparer.Ordinal))
            text.Append(CultureInfo.InvariantCulture, $"\n{input.Kind} {input.Name} {input.Version} {input.Digest}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
