using System.Globalization;
using Lepton.Data.Operators;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Functions;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Sql;

internal sealed class FunctionTableTests
{
    private static readonly string[] s_writtenByTheBinder = ["coalesce", "try", "nullif", "split_part", "not like", "not ilike", "like", "ilike", "glob", "current_date"];

    private SqlWorkbench _bench = null!;
    private Dictionary<string, HashSet<string>> _kindsByName = null!;

    [OneTimeSetUp]
    public void Open()
    {
        _bench = new SqlWorkbench();
        _kindsByName = _bench.Rows("SELECT DISTINCT function_name, function_type FROM duckdb_functions()", 2, false)
            .Select(row => row.Trim('{', '}').Split(", "))
            .Select(parts => (Name: Part(parts[0]), Kind: Part(parts[^1])))
            .GroupBy(pair => pair.Name).ToDictionary(group => group.Key, group => group.Select(pair => pair.Kind).ToHashSet());
    }

    // 'c0': name
    private static string Part(string text) => text[(text.IndexOf(':', StringComparison.Ordinal) + 2)..].Trim('\'');

    [OneTimeTearDown]
    public void Close() => _bench.Dispose();

    public static IEnumerable<SqlFunction> Functions => FunctionTable.All;

    /// <summary>Every function is one of the engine's own, of the same kind, and no macro, which could be replaced.</summary>
    [TestCaseSource(nameof(Functions))]
    public void Function_OfTheTable_IsTheEnginesOwn(SqlFunction function)
    {
        if (s_writtenByTheBinder.Contains(function.Name)) return;
        if (function == FunctionTable.Find("position", FunctionKind.Scalar)) Assert.That(function.DuckDbName, Is.EqualTo("strpos"));
        Assert.That(_kindsByName.TryGetValue(function.DuckDbName, out HashSet<string>? kinds), Is.True, function.Name);
        string kind = function.Kind switch { FunctionKind.Table => "table", FunctionKind.Scalar => "scalar", _ => "aggregate" };
        Assert.That(kinds, Does.Contain(kind).And.Not.Contain("macro"), function.Name);
    }

    /// <summary>A name that the parser reads as a keyword could not be written as a call.</summary>
    [TestCaseSource(nameof(Functions))]
    public void Function_OfTheTable_CanBeWrittenAsACall(SqlFunction function)
    {
        if (function.Form != FunctionForm.Call || s_writtenByTheBinder.Contains(function.Name)) return;
        string text = function.Kind switch
        {
            FunctionKind.Table => $"SELECT * FROM {function.DuckDbName}(1)",
            FunctionKind.Window => $"SELECT {function.DuckDbName}() OVER ()",
            _ => $"SELECT {function.DuckDbName}(1, 2)",
        };
        Assert.That(_bench.FrontEnd.Parse(text), Does.Contain($"\"function_name\":\"{function.DuckDbName}\""));
    }

    /// <summary>By overload: a function is pure only if all forms of it that are accepted are. The catalogue is not always right (age of one time); what it does not tell, <see cref="BinderRefusalTests"/> does.</summary>
    [Test]
    public void Functions_ThatAreNotPure_AreThoseOfWhichTheEngineCallsAnAcceptedFormSo()
    {
        (string Name, string Kind, int? Arity, bool IsStable)[] overloads = [.. _bench
            .Rows("SELECT DISTINCT function_name, function_type, if(varargs IS NULL, len(parameters), -1), stability FROM duckdb_functions() WHERE function_type IN ('scalar', 'aggregate', 'macro', 'table')", 4, false)
            .Select(row => row.Trim('{', '}').Split(", "))
            .Select(parts => (Part(parts[0]), Part(parts[^3]), Part(parts[^2]) is "-1" ? (int?)null : int.Parse(Part(parts[^2]), System.Globalization.CultureInfo.InvariantCulture), Part(parts[^1]) is "CONSISTENT" or "NULL"))];
        Assert.That(overloads.Count(overload => !overload.IsStable), Is.GreaterThan(20), "the catalogue knows some that are not");
        foreach (SqlFunction function in FunctionTable.All.Where(function => !s_writtenByTheBinder.Contains(function.Name) || function.Name == "current_date"))
        {
            string kind = function.Kind switch { FunctionKind.Table => "table", FunctionKind.Scalar => "scalar", _ => "aggregate" };
            var accepted = overloads.Where(overload => overload.Name == function.DuckDbName && overload.Kind == kind && (function.ArgumentCount is null || overload.Arity is null || overload.Arity == function.ArgumentCount)).ToList();
            Assert.That(accepted, Is.Not.Empty, function.Name);
            Assert.That(function.IsPure, Is.EqualTo(accepted.TrueForAll(overload => overload.IsStable)), function.Name);
        }
    }

    [Test]
    public void Functions_OfTheProduct_AreThoseThatEnginesAreGiven()
    {
        Assert.That(FunctionTable.All.Where(function => function.Group == "Cleaning and checks").Select(function => function.Name), Is.EqualTo(RowFunctions.All.Select(function => function.Name).Order(StringComparer.Ordinal)));
        Assert.That(RowFunctions.All.All(function => !function.IsVolatile), "the table says that they are pure");
    }

    [Test]
    public void Functions_Count_IsWhatThePageSays() => Assert.That(FunctionTable.All.Count, Is.GreaterThan(250));

    [TestCase("docs/sql.md", "en")]
    [TestCase("docs/zh/sql.md", "zh")]
    public void Page_BelowItsMark_IsTheFunctionTableAsItStands(string path, string language)
    {
        const string mark = "<!-- Below: written by FunctionTableTests from the function table. -->\n";
        string file = RepositoryFolder.At(path);
        string page = File.ReadAllText(file);
        string expected = $"{page[..(page.IndexOf(mark, StringComparison.Ordinal) + mark.Length)]}\n{FunctionPage.Markdown(Signatures(), CultureInfo.GetCultureInfo(language))}";
        if (Environment.GetEnvironmentVariable("LEPTON_UPDATE_DOCS") == "1") File.WriteAllText(file, page = expected);
        Assert.That(page, Is.EqualTo(expected), $"{path} is stale: run the unit tests with LEPTON_UPDATE_DOCS=1 and commit it");
    }

    private IReadOnlyList<FunctionSignature> Signatures()
    {
        const string separator = "\u001f";
        return [.. _bench.Texts(
            $"""
            SELECT concat_ws('{separator}', function_name, function_type, coalesce(return_type, ''),
              array_to_string(list_transform(parameter_types, lambda p: coalesce(p, 'ANY')), '{separator}') || coalesce(if(len(parameter_types) > 0, '{separator}', '') || varargs || '…', ''))
            FROM duckdb_functions() WHERE function_type IN ('scalar', 'aggregate', 'table') ORDER BY ALL
            """).Select(row => row.Split(separator)).Select(parts => new FunctionSignature(parts[0], parts[1], new EquatableList<string>(parts.Skip(3).Where(part => part.Length > 0)), parts[2]))];
    }

    [TestCaseSource(nameof(Functions))]
    public void Function_OfTheTable_SaysHowSparkSaysItOrWhyItCannot(SqlFunction function)
    {
        Assert.That(function.Spark is null, Is.Not.EqualTo(function.WhyNotOnSpark is null));
        Assert.That(function.Spark ?? function.WhyNotOnSpark, Is.Not.Empty.And.Not.StartsWith("no:"));
        if (function.WhyNotOnSpark is { } why) Assert.That(why.Split(' '), Has.Length.GreaterThan(3), "a reason is a few words");
        else Assert.That(function.Spark!.Count(letter => letter == '('), Is.EqualTo(function.Spark!.Count(letter => letter == ')')));
    }

    /// <summary>Whatever else the engine knows, macros and functions of tables among it.</summary>
    [Test]
    public void Bind_EveryFunctionThatTheTableLacks_IsRefusedByName()
    {
        int refused = 0;
        foreach ((string name, HashSet<string> kinds) in _kindsByName)
        {
            bool isInFrom = kinds.Overlaps(["table", "table_macro", "pragma"]);
            bool isValue = kinds.Overlaps(["scalar", "aggregate", "macro"]);
            string quoted = $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
            if (isValue && name != "->>" && FunctionTable.All.All(function => function.Name != name && function.DuckDbName != name))
            {
                LeptonDataException? error = Assert.Catch<LeptonDataException>(() => _bench.Bind($"SELECT {quoted}(id) AS c FROM t"), name);
                if (error!.Code is not ("sql.unknown_function" or "sql.unknown_function_suggest") || !name.Equals((string?)error.Arguments[0], StringComparison.OrdinalIgnoreCase)) Assert.Fail($"{name}: {error.Code} {error.Message}");
                refused++;
            }
            if (isInFrom && FunctionTable.Find(name, FunctionKind.Table) is null)
            {
                LeptonDataException? error = Assert.Catch<LeptonDataException>(() => _bench.Bind($"SELECT * FROM {quoted}('x')"), name);
                if (error!.Code != "sql.refused_table_function" || !name.Equals((string?)error.Arguments[0], StringComparison.OrdinalIgnoreCase)) Assert.Fail($"{name}: {error.Code} {error.Message}");
                refused++;
            }
        }
        TestContext.Out.WriteLine($"{refused} refused");
        Assert.That(refused, Is.GreaterThan(300));
    }

    [TestCase("SELECT random() AS r", "random")]
    [TestCase("SELECT id FROM t WHERE ts < now()", "now")]
    [TestCase("SELECT current_timestamp AS r", "get_current_timestamp")]
    [TestCase("SELECT current_date AS r", "current_date")]
    [TestCase("SELECT uuid()::VARCHAR AS r", "uuid")]
    [TestCase("SELECT id FROM t", null)]
    public void Bind_ImpureFunction_IsTold(string sql, string? function)
    {
        Data.Sql.Binding.BoundQuery query = _bench.Bind(sql);
        Assert.That((query.IsPure, query.ImpureCall?.Function), Is.EqualTo((function is null, function)));
    }

    [Test]
    public void PlanHash_Query_FollowsItsMeaningAndNotItsLook()
    {
        string Hash(string sql) => _bench.Bind(sql).PlanHash;
        string hash = Hash("SELECT id, k FROM t WHERE n > 1");
        Assert.That(hash, Has.Length.EqualTo(64));
        Assert.That(Hash("SELECT id, k\n  FROM t /* more */ WHERE t.n > 1"), Is.EqualTo(hash));
        Assert.That(Hash("SELECT q.id, q.k FROM t AS q WHERE n > 1"), Is.EqualTo(hash));
        Assert.That(Hash("SELECT id, k FROM t WHERE n > 2"), Is.Not.EqualTo(hash));
        Assert.That(Hash("SELECT id, k AS j FROM t WHERE n > 1"), Is.Not.EqualTo(hash));
    }

    [Test]
    public void PlanHash_InputColumnOfAnotherType_IsAnother()
    {
        string Hash(DataType b, DataType c) => _bench.Binder.Bind(
            new Data.Sql.SqlText("SELECT a, b FROM m"),
            new Dictionary<string, Schema> { ["m"] = new Schema([new Field("a", DataType.Int64), new Field("b", b), new Field("c", c)]) }, AccessContext.Owner).PlanHash;
        Assert.That(Hash(DataType.Int32, DataType.String), Is.Not.EqualTo(Hash(DataType.Int64, DataType.String)));
        Assert.That(Hash(DataType.Int64, DataType.String), Is.EqualTo(Hash(DataType.Int64, DataType.Date)), "c is not read");
    }
}
