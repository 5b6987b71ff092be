using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage;

/// <summary>Asks that something is refused, by the code of the refusal.</summary>
internal static class Refusal
{
    internal static async Task<LeptonDataException> Of(string code, Func<Task> action)
    {
        LeptonDataException failure = (await Assert.ThrowsAsync<LeptonDataException>(action))!;
        Assert.That(failure.Code, Is.EqualTo(code), failure.Message);
        // A message that lacks its text or its arguments would show the code.
        Assert.That(failure.Message, Does.Not.Contain(code));
        return failure;
    }

    internal static LeptonDataException Of(string code, Action action)
    {
        LeptonDataException failure = Assert.Throws<LeptonDataException>(action)!;
        Assert.That(failure.Code, Is.EqualTo(code), failure.Message);
        Assert.That(failure.Message, Does.Not.Contain(code));
        return failure;
    }
}
