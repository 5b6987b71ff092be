using Lepton.Data.Storage.DuckDb;
using NUnit.Framework;
namespace Lepton.Data.Tests.Unit.Storage.DuckDb;
public sealed class Probe
{
    [Test]
    public void Copy_Statistics()
    {
        using var db = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = ["/tmp/aprobe"] });
        using var c = db.Connect();
        string sql = "COPY (SELECT true AS b, 1::TINYINT AS ti, 1::SMALLINT si, -7::INTEGER AS i, -5::BIGINT AS bi, 1.5::FLOAT AS f, 0.1::DOUBLE d, 'nan'::DOUBLE nan, -12.34::DECIMAL(4,2) d4, 1234567.89::DECIMAL(9,2) d9, 1234567890123456.78::DECIMAL(18,2) d18, (-99999999999999999999999999999999999999)::DECIMAL(38,0) d38, 'it''s 世界' s, repeat('x', 100) s100, repeat('y',5000) s5000, '\\x00\\xFF'::BLOB bl, DATE '1969-12-31' dt, TIMESTAMPTZ '1970-01-01 01:00:00.000001+01' ts, TIMESTAMPTZ '0044-03-15 (BC) 00:00:00+00' bc, TIMESTAMPTZ 'infinity' inf, NULL::BIGINT n, 1 AS \"a \"\"b\", '' AS empty UNION ALL SELECT false, NULL,NULL,NULL,NULL,NULL,3.25e300,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL) TO '/tmp/aprobe/out/p.parquet' (FORMAT parquet, COMPRESSION zstd, RETURN_STATS)";
        foreach (var f in c.Copy(sql))
        {
            TestContext.Out.WriteLine($"{f.Path} {f.RowCount} {f.SizeBytes}");
            foreach (var (k, v) in f.Columns) TestContext.Out.WriteLine($"{k}: {string.Join(", ", v.Select(p => p.Key + "=" + (p.Value.Length > 70 ? "long" : p.Value)))}");
        }
        foreach (var f in c.Copy("COPY (SELECT 1 AS b WHERE false) TO '/tmp/aprobe/out/e.parquet' (FORMAT parquet, COMPRESSION zstd, RETURN_STATS)")) TestContext.Out.WriteLine($"{f.Path} {f.RowCount} {f.SizeBytes} {f.Columns.Count}");
    }
}
