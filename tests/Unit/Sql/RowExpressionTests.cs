using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Sql;

internal sealed class RowExpressionTests
{
    private static readonly Schema s_row = new([new Field("n", DataType.Int64), new Field("x", DataType.Float64), new Field("name", DataType.String), new Field("list", new ListType(new Field("element", DataType.Int64)))]);

    private SqlWorkbench _bench = null!;

    [OneTimeSetUp]
    public void Open() => _bench = new SqlWorkbench();

    [OneTimeTearDown]
    public void Close() => _bench.Dispose();

    [TestCase("n + 1", "BIGINT", "n")]
    [TestCase("CASE WHEN name = 'a' THEN X ELSE 0 END", "DOUBLE", "x name")]
    [TestCase("list_transform(list, lambda e: e + n)", "BIGINT[]", "n list")]
    [TestCase("x -- the figure", "DOUBLE", "x")]
    [TestCase("1.5e0", "DOUBLE", "")]
    public void Bind_Expression_KnowsItsTypeAndColumns(string sql, string type, string columns)
    {
        RowExpression bound = Bind(sql);
        Assert.That((bound.Field.Name, bound.Field.Type.ToString(), string.Join(' ', bound.Columns)), Is.EqualTo(("f", type, columns)));
    }

    [TestCase("n) AS a, (x", "sql.row_expression_open", 5)]
    [TestCase("n) AS f FROM __row UNION ALL SELECT (n", "sql.row_expression_open", 5)]
    [TestCase("'open", "sql.row_expression_open", 5)]
    [TestCase("sum(n)", "sql.row_expression_aggregate", 5)]
    [TestCase("sum(x) + n", "sql.row_expression_aggregate", 14)]
    [TestCase("(SELECT max(a) FROM t)", "sql.row_expression_subquery", 25)]
    [TestCase("n - lag(n) OVER (ORDER BY x)", "sql.row_expression_window", 9)]
    [TestCase("n + (SELECT 1)", "sql.row_expression_subquery", 9)]
    [TestCase("n IN (SELECT n FROM __row)", "sql.row_expression_subquery", 7)]
    [TestCase("unnest(list)", "sql.", 5)]
    [TestCase("COLUMNS(*)", "sql.", 5)]
    [TestCase("x * random()", "sql.row_expression_impure", 9)]
    [TestCase("m + 1", "sql.", 5)]
    public void Bind_WhatIsNotOneValueOfOneRow_IsRefusedAtItsPlace(string sql, string code, int column)
    {
        LeptonDataException error = Assert.Throws<LeptonDataException>(() => Bind(sql))!;
        Assert.That((error.Code.StartsWith(code, StringComparison.Ordinal), error.Place?.ToString()), Is.EqualTo((true, $"f.yaml:3:{column}")), error.Message);
    }

    private RowExpression Bind(string sql) => RowExpression.Bind(_bench.Binder, new SqlText(sql, new SourcePlace("f.yaml", 3, 5), 2), "f", s_row, AccessContext.Owner);
}
