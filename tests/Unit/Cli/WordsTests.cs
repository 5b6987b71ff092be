using System.Globalization;
using Lepton.Data.Cli.Output;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Cli;

/// <summary>What the command says of numbers and of progress.</summary>
public sealed class WordsTests
{
    [TestCase("1", "1 row", "1 行")]
    [TestCase("0", "0 rows", "0 行")]
    [TestCase("21,001", "21,001 rows", "21,001 行")]
    public void Format_PlaceThatNamesWords_TakesTheOneThatFits(string number, string english, string chinese)
    {
        Assert.That(MessageCatalog.Format("cli.rows", CultureInfo.InvariantCulture, number), Is.EqualTo(english));
        Assert.That(MessageCatalog.Format("cli.rows", CultureInfo.GetCultureInfo("zh-CN"), number), Is.EqualTo(chinese));
    }

    [Test]
    public void Format_NumberItself_FitsItsWordToo()
        => Assert.That(MessageCatalog.Format("cli.validate_good", CultureInfo.InvariantCulture, 1, 2L, "1", 0), Is.EqualTo("All is right: 1 step, 2 unit tests (not run), 1 feature view or training set, 0 reports."));

    [Test]
    public void Describe_WhatIsKnown_IsSaidInOneLine()
    {
        CultureInfo before = CultureInfo.CurrentUICulture;
        try
        {
            CultureInfo.CurrentUICulture = CultureInfo.InvariantCulture;
            Assert.That(ProgressDisplay.Describe(new StepProgress("flights", "jobs.looking", 0.5, null, 25_000_000)), Is.EqualTo("  flights: looking into, 50 %, 25 MB"));
            Assert.That(ProgressDisplay.Describe(new StepProgress("flights", "jobs.done", 1, 1, 20)), Is.EqualTo("  flights: done, 1 row, 20 B"));
            CultureInfo.CurrentUICulture = CultureInfo.GetCultureInfo("zh-CN");
            Assert.That(ProgressDisplay.Describe(new StepProgress("航班\e[2J", "jobs.done", 1, 3_000, 20)), Is.EqualTo("  航班\\u001b[2J：完成，3,000 行，20 B"));
        }
        finally
        {
            CultureInfo.CurrentUICulture = before;
        }
    }
}
