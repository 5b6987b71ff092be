using Lepton.Data.Engines;
using Lepton.Data.Engines.DuckDb;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Sql.Printing;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Tests.Unit.Sql;

/// <summary>Small tables in a database, and the binder over their schemas.</summary>
internal sealed class SqlWorkbench : IDisposable
{
    private readonly DuckDbDatabase _database = Databases.Open(new DuckDbOptions { ThreadCount = 1 });
    private readonly DuckDbFrontEnd _frontEnd = new();

    internal SqlWorkbench()
    {
        Connection = _database.Connect();
        Binder = new Binder(_frontEnd);
        foreach ((string name, string columns, string rows) in Tables)
        {
            if (name.Contains('.', StringComparison.Ordinal)) Connection.Execute($"CREATE SCHEMA IF NOT EXISTS {name.Split('.')[0]}");
            Connection.Execute($"CREATE TABLE {name} ({columns})");
            Connection.Execute($"INSERT INTO {name} {(rows.StartsWith("SELECT", StringComparison.Ordinal) ? rows : $"VALUES {rows}")}");
        }
    }

    internal DuckDbConnection Connection { get; }

    internal Binder Binder { get; }

    internal ISqlFrontEnd FrontEnd => _frontEnd;

    internal static (string Name, string Columns, string Rows)[] Tables { get; } =
    [
        ("t", "id INTEGER, k VARCHAR, x DOUBLE, n BIGINT, amount DECIMAL(10,2), d DATE, ts TIMESTAMPTZ, ok BOOLEAN",
            """
            (1, 'a', 1.5, 10, 1.10, DATE '2001-01-01', TIMESTAMPTZ '2001-01-01 00:30:00+00', true),
            (2, 'a', -2.25, 20, 22.22, DATE '2001-01-02', TIMESTAMPTZ '2001-01-01 01:15:00+00', false),
            (3, 'b', 'nan', 30, NULL, DATE '2001-02-28', TIMESTAMPTZ '2001-01-01 01:45:00+00', NULL),
            (4, 'b', NULL, 40, 4.00, NULL, TIMESTAMPTZ '2001-01-02 00:00:00+00', true),
            (5, '北京', 'inf', NULL, -5.55, DATE '2000-02-29', NULL, true),
            (6, NULL, -0.0, 60, 0.00, DATE '1999-12-31', TIMESTAMPTZ '1969-12-31 23:59:59.999999+00', false),
            (7, 'O''Hare "x"', 3.75, -70, 99999999.99, DATE '2001-01-01', TIMESTAMPTZ '2001-07-01 12:00:00+00', NULL)
            """),
        ("u", "id INTEGER, k VARCHAR, name VARCHAR, since TIMESTAMPTZ, w BIGINT",
            """
            (1, 'a', 'alpha', TIMESTAMPTZ '2000-12-31 00:00:00+00', 5),
            (2, 'b', 'beta', TIMESTAMPTZ '2001-01-01 01:00:00+00', 7),
            (3, 'a', 'alpha two', TIMESTAMPTZ '2001-01-01 01:00:00+00', NULL),
            (9, '北京', '首都', TIMESTAMPTZ '1990-01-01 00:00:00+00', 9),
            (NULL, NULL, NULL, NULL, NULL)
            """),
        ("s.v", "id INTEGER, \"Odd Name\" VARCHAR, tags VARCHAR[], place STRUCT(lat DOUBLE, lon DOUBLE)",
            "(1, 'one', ['x', 'y'], {'lat': 1.5, 'lon': 2.5}), (2, '二', [], NULL), (3, NULL, NULL, {'lat': NULL, 'lon': -0.5})"),
        ("m", "id INTEGER, k VARCHAR, price DECIMAL(12,2), nums BIGINT[], pair STRUCT(a BIGINT, b VARCHAR), tally MAP(VARCHAR, BIGINT), seen TIMESTAMPTZ",
            """
            (1, 'a', 10.00, [1, 2, 3], {'a': 1, 'b': 'x'}, MAP {'a': 1, '北京': 2}, TIMESTAMPTZ '2001-03-25 00:59:59+00'),
            (2, 'b', 0.01, [], {'a': NULL, 'b': '二'}, MAP {}, TIMESTAMPTZ '2001-03-25 01:00:00+00'),
            (3, '北京', NULL, [NULL, 5], NULL, NULL, TIMESTAMPTZ '2001-10-28 00:30:00+00'),
            (4, 'a', -99.99, NULL, {'a': 4, 'b': NULL}, MAP {'a': NULL}, NULL),
            (5, NULL, 1234567890.12, [9223372036854775807], {'a': 5, 'b': ''}, MAP {'b': 7}, TIMESTAMPTZ '2001-10-28 01:30:00+00')
            """),
        .. TradeCorpus.Tables,
        .. FlightsCorpus.Tables,
    ];

    internal static Dictionary<string, Schema> Inputs { get; } = Tables.ToDictionary(table => table.Name, table => SchemaOf(table.Columns), StringComparer.OrdinalIgnoreCase);

    // "name TYPE" parted by commas outside parentheses.
    private static Schema SchemaOf(string columns)
    {
        var fields = new List<Field>();
        foreach (string column in System.Text.RegularExpressions.Regex.Split(columns, @",\s*(?![^(]*\))"))
        {
            int space = column[0] == '"' ? column.IndexOf('"', 1) + 1 : column.IndexOf(' ', StringComparison.Ordinal);
            fields.Add(new Field(column[..space].Trim('"'), DataType.Parse(column[space..])));
        }
        return new Schema(fields);
    }

    internal BoundQuery Bind(string sql) => Binder.Bind(new SqlText(sql), Inputs, AccessContext.Owner);

    internal static string Print(BoundQuery query) => DuckDbPrinter.Print(query, name => string.Join('.', name.Split('.').Select(part => $"\"{part}\"")));

    /// <summary>The query over tables that lack the columns that it does not use.</summary>
    internal static string PrintNarrow(BoundQuery query)
    {
        (BoundRelation root, ILookup<string, BoundColumn> columns) = InputNarrower.Narrow(query.Root, columnCountMin: 0);
        return new DuckDbWriter(name => $"(SELECT {string.Join(", ", columns[name].Select(column => SqlLiteral.Name(column.Name)))} FROM {string.Join('.', name.Split('.').Select(SqlLiteral.Name))})").Query(root);
    }

    /// <summary>The query over tables of which one has one column changed in every row.</summary>
    internal static string PrintOver(BoundQuery query, string input, Field changed)
    {
        string other = changed.Type switch
        {
            BooleanType => "NOT coalesce({0}, false)",
            IntegerType => "7 - 2 * coalesce({0}, 3)",
            FloatType or DecimalType => "1 - coalesce({0}, 4)",
            StringType => "concat({0}, 'z')",
            DateType => "coalesce({0}, DATE '2003-03-03') - 1",
            InstantType => "coalesce({0}, TIMESTAMPTZ '2003-03-03 00:00:00+00') - INTERVAL 1 HOUR",
            ListType { Element.Type: StringType } => "list_concat({0}, ['q'])",
            ListType => "list_concat({0}, [-5])",
            _ => "NULL",
        };
        string value = string.Format(System.Globalization.CultureInfo.InvariantCulture, other, $"\"{changed.Name}\"");
        return DuckDbPrinter.Print(query, name => name == input ? $"(SELECT * REPLACE (CAST({value} AS {changed.Type}) AS \"{changed.Name}\") FROM {name})" : name);
    }

    /// <summary>Rows as text, one after another; sorted unless <paramref name="isOrdered"/>.</summary>
    internal List<string> Rows(string sql, int columnCount, bool isOrdered)
    {
        string names = string.Join(", ", Enumerable.Range(0, columnCount).Select(i => $"c{i}"));
        var rows = new List<string>();
        using DuckDbReader reader = Connection.Read($"SELECT CAST(r AS VARCHAR) FROM ({sql}\n) AS r({names})");
        while (reader.ReadBatch() is { } batch)
        {
            using (batch)
                for (int i = 0; i < batch.RowCount; i++) rows.Add((string?)batch.Column(0).Value(i) ?? "NULL");
        }
        if (!isOrdered) rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    /// <summary>The values of the one column, as they come.</summary>
    internal List<string> Texts(string sql)
    {
        var texts = new List<string>();
        using DuckDbReader reader = Connection.Read(sql);
        while (reader.ReadBatch() is { } batch)
        {
            using (batch)
                for (int i = 0; i < batch.RowCount; i++) texts.Add((string)batch.Column(0).Value(i)!);
        }
        return texts;
    }

    /// <summary>Whether the database itself refuses the text before it runs.</summary>
    internal bool FrontEndRefuses(string sql)
    {
        try
        {
            Connection.Describe(sql);
            return false;
        }
        catch (DuckDbException)
        {
            return true;
        }
    }

    public void Dispose()
    {
        Connection.Dispose();
        _database.Dispose();
        _frontEnd.Dispose();
    }
}
