using NUnit.Framework;

namespace Lepton.Data.Tests.System.S3;

/// <summary>Ends the server after the last test of this folder.</summary>
[SetUpFixture]
public sealed class S3End
{
    [OneTimeTearDown]
    public void End() => S3Server.End();
}
