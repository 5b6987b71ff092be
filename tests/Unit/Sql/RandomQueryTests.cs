using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Sql;

/// <summary>Queries made by chance; a failure is made again by its seed.</summary>
internal sealed class RandomQueryTests
{
    private const int BlockCount = 12;
    private const int SeedsInBlock = 50;

    // Most queries made by chance must be fit to compare.
    private const int ComparedInBlockMin = 35;

    // Types that chance put together wrongly.
    private static readonly string[] s_typeErrors = ["sql.refused", "sql.argument_types", "sql.comparison_types", "sql.mixed_types", "sql.column_type", "sql.ordinal_out_of_range"];

    private SqlWorkbench _bench = null!;

    [OneTimeSetUp]
    public void Open() => _bench = new SqlWorkbench();

    [OneTimeTearDown]
    public void Close() => _bench.Dispose();

    [Test]
    public void Print_QueryMadeByChance_GivesTheRowsOfThePersonsText([Range(0, BlockCount - 1)] int block)
    {
        (int compared, int withRows) = Check(_bench, block * SeedsInBlock, (block + 1) * SeedsInBlock);
        TestContext.Out.WriteLine($"{compared} compared, {withRows} with rows");
        Assert.That(compared, Is.GreaterThanOrEqualTo(ComparedInBlockMin));
        Assert.That(withRows, Is.GreaterThan(compared / 3), "queries without rows say little");
    }

    /// <summary>Each hundred over rows of their own. The whole of it is <c>make torture</c>.</summary>
    [Test]
    [Category("Torture")]
    public void Print_QueryMadeByChanceOverRowsMadeByChance_GivesTheRowsOfThePersonsText()
    {
        int rounds = Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 } ? 60 : 1;
        for (int round = 1; round <= rounds; round++)
        {
            using var bench = new SqlWorkbench();
            RandomRows.Replace(bench.Connection, new Random(round));
            Check(bench, round * 10_000, (round * 10_000) + 100, $" over rows of seed {round}");
        }
    }

    /// <summary>What each test of queries runs over is counted here, so that none goes missing unseen.</summary>
    [Test]
    public void Queries_ThatAreComparedInAll_AreMoreThanFiveHundred()
    {
        int written = SqlCorpus.Queries.Distinct(StringComparer.Ordinal).Count();
        int made = Enumerable.Range(0, BlockCount * SeedsInBlock).Select(seed => new RandomQueries(seed).Next()).Distinct(StringComparer.Ordinal).Count();
        TestContext.Out.WriteLine($"{written} written, {made} made");
        Assert.That(written, Is.EqualTo(SqlCorpus.Queries.Length).And.GreaterThan(250));
        Assert.That(made, Is.GreaterThan(BlockCount * SeedsInBlock * 9 / 10));
        Assert.That(written + (BlockCount * ComparedInBlockMin), Is.GreaterThan(600));
    }

    private static (int Compared, int WithRows) Check(SqlWorkbench bench, int from, int to, string rows = "")
    {
        int compared = 0;
        int withRows = 0;
        for (int seed = from; seed < to; seed++)
        {
            string sql = new RandomQueries(seed).Next();
            string origin = $"seed {seed}{rows}";
            BoundQuery query;
            try
            {
                query = bench.Bind(sql);
            }
            catch (LeptonDataException error) when (s_typeErrors.Contains(error.Code))
            {
                // The person's text must be refused as well, or give a type that tables do not hold.
                if (error.Code != "sql.column_type") Assert.That(() => bench.FrontEndRefuses(sql), Is.True, $"{origin}: {sql}\n{error.Message}");
                continue;
            }
            catch (Exception error) when (error is LeptonDataException or InvalidOperationException)
            {
                throw new AssertionException($"{origin}: {sql}\n{error}");
            }
            // Of an alias that stands for a subquery it makes no second use.
            if (bench.FrontEndRefuses(sql)) continue;
            int found = QueryChecks.AssertSameRows(bench, query, sql, origin);
            if (found < 0) continue;
            compared++;
            if (found > 0) withRows++;
            QueryChecks.AssertUnrelatedColumnsChangeNothing(bench, query, origin);
        }
        return (compared, withRows);
    }
}
