using System.CommandLine;
using System.Globalization;

namespace Lepton.Data.Cli;

/// <summary>Options that take a share such as <c>1%</c>: more than nothing, at most all. The sign is asked for, since 0.5 could be half or half a hundredth.</summary>
internal static class ShareOption
{
    internal static Option<double?> Create(string description, string name)
        => new(name)
        {
            Description = description,
            HelpName = "N%",
            CustomParser = result =>
            {
                string word = result.Tokens is [{ Value: var text }, ..] ? text : "";
                if (word.EndsWith('%') && decimal.TryParse(word[..^1].TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal percent) && percent is > 0 and <= 100) return (double)(percent / 100);
                result.AddError(Texts.Get("cli.not_a_share", name, word));
                return null;
            },
        };

    /// <summary>A share as it is typed: <c>0.5%</c>.</summary>
    internal static string TextOf(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.############}%");
}
