namespace Lepton.Data.Sql.Functions;

public static partial class FunctionTable
{
    private static SqlFunction[] Aggregates() =>
    [
        Any("any_value", Exactness.ExactWhenOrdered, "any_value(x, true); with ORDER BY min_by(x, t) FILTER (WHERE x IS NOT NULL)", "some value that is not NULL"),
        Any("approx_count_distinct", Exactness.Inexact, "no: another estimate; count(DISTINCT x) is exact", "how many different values, nearly"),
        Any("approx_quantile", Exactness.Inexact, "no: another estimate; quantile_disc is exact", "quantile, nearly"),
        Any("arbitrary", Exactness.ExactWhenOrdered, "first(x); with ORDER BY min_by(struct(x), t).col1", "some value"),
        Any("arg_max", Exactness.ExactWhenOrdered, "max_by(x, y) FILTER (WHERE x IS NOT NULL)", "x where y is greatest"),
        Any("arg_min", Exactness.ExactWhenOrdered, "min_by(x, y) FILTER (WHERE x IS NOT NULL)", "x where y is least"),
        Any("array_agg", Exactness.ExactWhenOrdered, "transform(array_sort(array_agg(struct(t, x))), e -> e.x), NULL where there are no rows", "values as a list"),
        Any("avg", Exactness.InexactForFloats, "CAST(sum(x) AS DOUBLE) / count(x); of floats avg(x)", "mean; exact for integers and decimals"),
        Any("bit_and", Exactness.Exact, "bit_and(x)", "and of bits"),
        Any("bit_or", Exactness.Exact, "bit_or(x)", "or of bits"),
        Any("bit_xor", Exactness.Exact, "bit_xor(x)", "exclusive or of bits"),
        Any("bool_and", Exactness.Exact, "bool_and(x)", "whether all are true"),
        Any("bool_or", Exactness.Exact, "bool_or(x)", "whether one is true"),
        Any("corr", Exactness.Inexact, "corr(x, y)", "correlation"),
        Any("count", Exactness.Exact, "count(x)", "how many are not NULL"),
        Any("count_star", Exactness.Exact, "count(*)", "how many rows; count(*)"),
        Any("count_if", Exactness.Exact, "count_if(x)", "how many are true"),
        Any("covar_pop", Exactness.Inexact, "covar_pop(x, y)", "covariance of the population"),
        Any("covar_samp", Exactness.Inexact, "covar_samp(x, y)", "covariance of the sample"),
        Any("entropy", Exactness.Inexact, "no: there is no such function", "entropy in bits"),
        Any("favg", Exactness.Inexact, "no: Spark does not compensate the error of float sums", "mean, summed more exactly"),
        Any("first", Exactness.ExactWhenOrdered, "first(x); with ORDER BY min_by(struct(x), t).col1", "the first value"),
        Any("fsum", Exactness.Inexact, "no: Spark does not compensate the error of float sums", "sum, summed more exactly"),
        Any("group_concat", Exactness.ExactWhenOrdered, "listagg(x, s) WITHIN GROUP (ORDER BY t)", "texts put together"),
        Any("histogram", Exactness.Exact, "no: there is no such function; group by the value and count", "a map from values to their counts"),
        Any("kurtosis", Exactness.Inexact, "no: Spark's is of the population; write kurtosis_pop", "excess kurtosis, corrected for bias"),
        Any("kurtosis_pop", Exactness.Inexact, "kurtosis(x)", "excess kurtosis of the population"),
        Any("last", Exactness.ExactWhenOrdered, "last(x); with ORDER BY max_by(struct(x), t).col1", "the last value"),
        Any("list", Exactness.ExactWhenOrdered, "transform(array_sort(array_agg(struct(t, x))), e -> e.x), NULL where there are no rows", "values as a list"),
        Any("listagg", Exactness.ExactWhenOrdered, "listagg(x, s) WITHIN GROUP (ORDER BY t)", "texts put together"),
        Any("mad", Exactness.Exact, "no: there is no such function", "median of the distances from the median"),
        Any("max", Exactness.Exact, "max(x)", "the greatest"),
        Any("max_by", Exactness.ExactWhenOrdered, "max_by(x, y) FILTER (WHERE x IS NOT NULL)", "x where y is greatest"),
        Any("mean", Exactness.InexactForFloats, "CAST(sum(x) AS DOUBLE) / count(x); of floats avg(x)", "mean; exact for integers and decimals"),
        Any("median", Exactness.Exact, "percentile_cont(0.5) WITHIN GROUP (ORDER BY x), of numbers", "the middle value, or between the two middle ones"),
        Any("min", Exactness.Exact, "min(x)", "the least"),
        Any("min_by", Exactness.ExactWhenOrdered, "min_by(x, y) FILTER (WHERE x IS NOT NULL)", "x where y is least"),
        Any("mode", Exactness.ExactWhenOrdered, "no: of values that are equally frequent another may be picked", "the most frequent value"),
        Any("product", Exactness.Inexact, "no: there is no such function", "product"),
        Any("quantile", Exactness.Exact, "percentile_disc(p) WITHIN GROUP (ORDER BY x), of numbers", "the value at a quantile"),
        Any("quantile_cont", Exactness.Exact, "percentile_cont(p) WITHIN GROUP (ORDER BY x), of numbers", "the value at a quantile, or between two"),
        Any("quantile_disc", Exactness.Exact, "percentile_disc(p) WITHIN GROUP (ORDER BY x), of numbers", "the value at a quantile"),
        Any("regr_avgx", Exactness.Inexact, "regr_avgx(y, x)", "mean of x where neither is NULL"),
        Any("regr_avgy", Exactness.Inexact, "regr_avgy(y, x)", "mean of y where neither is NULL"),
        Any("regr_count", Exactness.Exact, "regr_count(y, x)", "how many where neither is NULL"),
        Any("regr_intercept", Exactness.Inexact, "regr_intercept(y, x)", "intercept of the line of regression"),
        Any("regr_r2", Exactness.Inexact, "regr_r2(y, x)", "share of the variance that the line explains"),
        Any("regr_slope", Exactness.Inexact, "regr_slope(y, x)", "slope of the line of regression"),
        Any("regr_sxx", Exactness.Inexact, "regr_sxx(y, x)", "sum of squares of x"),
        Any("regr_sxy", Exactness.Inexact, "regr_sxy(y, x)", "sum of products"),
        Any("regr_syy", Exactness.Inexact, "regr_syy(y, x)", "sum of squares of y"),
        Any("sem", Exactness.Inexact, "stddev_pop(x) / sqrt(count(x))", "standard error of the mean"),
        Any("skewness", Exactness.Inexact, "no: Spark's is of the population", "skewness, corrected for bias"),
        Any("stddev", Exactness.Inexact, "stddev_samp(x)", "standard deviation of the sample"),
        Any("stddev_pop", Exactness.Inexact, "stddev_pop(x)", "standard deviation of the population"),
        Any("stddev_samp", Exactness.Inexact, "stddev_samp(x)", "standard deviation of the sample"),
        Any("string_agg", Exactness.ExactWhenOrdered, "listagg(x, s) WITHIN GROUP (ORDER BY t)", "texts put together"),
        Any("sum", Exactness.InexactForFloats, "sum(x); of decimals CAST(sum(x) AS DECIMAL(38, s))", "sum; of integers a BIGINT, and an error where that is too small"),
        Any("var_pop", Exactness.Inexact, "var_pop(x)", "variance of the population"),
        Any("var_samp", Exactness.Inexact, "var_samp(x)", "variance of the sample"),
        Any("variance", Exactness.Inexact, "var_samp(x)", "variance of the sample"),
    ];

    private static SqlFunction[] Windows() =>
    [
        Over("cume_dist", Exactness.Exact, "cume_dist()", "share of rows up to this one and its equals"),
        Over("dense_rank", Exactness.Exact, "dense_rank()", "rank without gaps"),
        Over("fill", Exactness.InexactForFloats, "no: there is no such function", "NULLs filled between their neighbours"),
        Over("first_value", Exactness.ExactWhenOrdered, "first_value(x)", "value of the frame's first row"),
        Over("lag", Exactness.ExactWhenOrdered, "lag(x, n, d)", "value n rows before"),
        Over("last_value", Exactness.ExactWhenOrdered, "last_value(x)", "value of the frame's last row"),
        Over("lead", Exactness.ExactWhenOrdered, "lead(x, n, d)", "value n rows after"),
        Over("nth_value", Exactness.ExactWhenOrdered, "nth_value(x, n)", "value of the frame's nth row"),
        Over("ntile", Exactness.ExactWhenOrdered, "ntile(n)", "which of n equal parts"),
        Over("percent_rank", Exactness.Exact, "percent_rank()", "rank as a share"),
        Over("rank", Exactness.Exact, "rank()", "rank with gaps after equals"),
        Over("row_number", Exactness.ExactWhenOrdered, "row_number()", "number from 1"),
    ];

    private static SqlFunction[] Tables() =>
    [
        From("generate_series", "explode(sequence(a, b, s))", "numbers or times from a to b, b included"),
        From("range", "range(a, b, s)", "numbers or times from a to b, b left out"),
        From("unnest", "explode(x)", "the elements of a list"),
    ];

    private static SqlFunction Any(string name, Exactness exactness, string spark, string summary) => new(name, FunctionKind.Aggregate, true, exactness, spark, summary);

    private static SqlFunction Over(string name, Exactness exactness, string spark, string summary) => new(name, FunctionKind.Window, true, exactness, spark, summary);

    private static SqlFunction From(string name, string spark, string summary) => new(name, FunctionKind.Table, true, Exactness.Exact, spark, summary);
}
