using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Tests.Unit.Jobs;

/// <summary>Records hold lists, which are equal only as the same list: text tells more.</summary>
internal static class RunText
{
    internal static string Of(RunRecord run) => System.Text.Json.JsonSerializer.Serialize(run);
}
