using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Lepton.Data.Cli;

/// <summary>Options that take a whole number of 0 or more. The library's own parser names .NET's types in its errors.</summary>
internal static class NumberOption
{
    internal static Option<T?> Create<T>(string description, params string[] names)
        where T : struct, IBinaryInteger<T>
        => new(names[0], names[1..]) { Description = description, HelpName = "N", CustomParser = result => Parse<T>(result, names[0]) };

    private static T? Parse<T>(ArgumentResult result, string name)
        where T : struct, IBinaryInteger<T>
    {
        if (result.Tokens is [{ Value: var text }] && T.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out T value)) return value;
        result.AddError(Texts.Get("cli.not_a_number", name, result.Tokens is [{ Value: var word }, ..] ? word : ""));
        return null;
    }
}
