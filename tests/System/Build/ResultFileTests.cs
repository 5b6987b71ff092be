using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Build;

/// <summary>What <c>tools/trx</c> counts is what <c>make test</c> says at its end.</summary>
[TestFixture]
internal sealed class ResultFileTests
{
    private const string Results = """
        <?xml version="1.0" encoding="utf-8"?>
        <TestRun><Results>
          <UnitTestResult executionId="1" testName="Works_Always_Passes" outcome="Passed" duration="00:00:01" />
          <UnitTestResult executionId="2" testName="Sum(1,&quot;a &lt; b&quot;)" outcome="Failed"><Output><ErrorInfo><Message>  Expected: 1&#xD;
          But was:  &lt;2 &amp; more&gt;</Message><StackTrace>at Sum() in Sum.cs:line 3</StackTrace></ErrorInfo></Output></UnitTestResult>
          <UnitTestResult executionId="3" testName="Needs_Browser_Opens" outcome="NotExecuted"><Output><ErrorInfo><Message>no browser</Message></ErrorInfo></Output></UnitTestResult>
          <UnitTestResult executionId="4" testName="Hangs_Long_Stops" outcome="Timeout" />
        </Results><ResultSummary outcome="Failed"><Counters total="4" passed="1" failed="1" /><RunInfos><RunInfo><Text>Message&gt;</Text></RunInfo></RunInfos></ResultSummary></TestRun>
        """;

    [Test]
    public void Trx_AllOutcomes_AreCounted()
    {
        using var folder = new TestFolder();
        folder.Write("results.trx", Results);
        Assert.That(folder.Lepton.Shell($"'{LeptonProcess.Repository}/tools/trx' --count results.trx").Out, Is.EqualTo("1 2 1\n"));
    }

    [Test]
    public void Trx_FailedAndSkipped_AreNamedWithTheirMessages()
    {
        using var folder = new TestFolder();
        folder.Write("results.trx", Results);
        string text = folder.Lepton.Shell($"'{LeptonProcess.Repository}/tools/trx' results.trx").Out;
        Assert.That(text, Does.Contain("FAILED Sum(1,\"a < b\")\n").And.Contain("      But was:  <2 & more>\n").And.Contain("Sum.cs:line 3"));
        Assert.That(text, Does.Contain("skipped Needs_Browser_Opens\n    no browser\n").And.Contain("FAILED Hangs_Long_Stops").And.Not.Contain("Works_Always_Passes"));
    }

    [Test]
    public void Trx_CutOffFile_CountsWhatIsThere()
    {
        using var folder = new TestFolder();
        folder.Write("results.trx", Results[..Results.IndexOf("executionId=\"3\"", StringComparison.Ordinal)]);
        Assert.That(folder.Lepton.Shell($"'{LeptonProcess.Repository}/tools/trx' --count results.trx").Out, Is.EqualTo("1 1 0\n"));
    }
}
