using NUnit.Framework;

namespace Lepton.Data.Tests.System.Spark;

/// <summary>Ends the server after the last test of this folder.</summary>
[SetUpFixture]
public sealed class SparkEnd
{
    [OneTimeTearDown]
    public void End() => SparkServer.End();
}
