using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Sql;

/// <summary>The person's own text, run as it stands, is the oracle of what the printed bound tree gives.</summary>
internal sealed class PrinterTests
{
    private SqlWorkbench _bench = null!;

    [OneTimeSetUp]
    public void Open() => _bench = new SqlWorkbench();

    [OneTimeTearDown]
    public void Close() => _bench.Dispose();

    [TestCaseSource(typeof(SqlCorpus), nameof(SqlCorpus.Queries))]
    public void Print_BoundQuery_GivesTheRowsOfThePersonsText(string sql)
    {
        BoundQuery query = _bench.Bind(sql);
        string printed = SqlWorkbench.Print(query);
        List<string> expected = _bench.Rows(sql, query.Schema.Count, query.IsOrdered);
        List<string> actual;
        try
        {
            actual = _bench.Rows(printed, query.Schema.Count, query.IsOrdered);
        }
        catch (LeptonDataException error)
        {
            throw new AssertionException($"{error.Message}\n{printed}");
        }
        Assert.That(actual, Is.EqualTo(expected), printed);
    }
}
