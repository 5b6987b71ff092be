using Lepton.Data.Schemas;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Testing;
using Lepton.Data.Tests.Unit.Sql;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.DuckDb;

/// <summary>
/// What SQL reaches in a hardened database although its settings are locked: the list that nothing may pass through unbound. The second test shows that the binder lets none of
/// it through, so no text of a person's gets here.
/// </summary>
public sealed class ReachTests
{
    private static readonly string[] s_reached =
    [
        "SELECT current_setting('memory_limit')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM pragma_database_size()",
        "SELECT * FROM duckdb_memory()",
        "SELECT * FROM query('SELECT 42')",
        "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 42'))",
        "CREATE TABLE left_behind AS SELECT 1 AS a",
        "SELECT * FROM query_table('left_behind')",
        "CREATE OR REPLACE MACRO lower(x) AS 'replaced'",
        "CREATE SEQUENCE counted",
        "SELECT nextval('counted')",
        "SELECT setseed(0.5)",
        "COPY (SELECT 1 AS a) TO '{folder}/a.csv'",
        "SELECT * FROM read_text('{folder}/a.csv')",
        "ATTACH '{folder}/a.db'",
        "SELECT write_log('said')",
        "CHECKPOINT",
        "PRAGMA disable_optimizer",
        "PRAGMA enable_profiling",
        "PRAGMA add_parquet_key('k', '0123456789112345')",
    ];

    private static readonly string[] s_refused =
    [
        "SELECT * FROM duckdb_secrets()",
        "SELECT getenv('PATH')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM parquet_metadata('/tmp/a.parquet')",
        "SELECT * FROM read_blob('/etc/*')",
        "ATTACH '/tmp/lepton-elsewhere.db'",
        "EXPORT DATABASE '/tmp/lepton-elsewhere'",
        "COPY (SELECT 1) TO '/dev/stdout'",
        "CREATE SECRET s (TYPE s3, KEY_ID 'x')",
        "LOAD '/tmp/lepton.duckdb_extension'",
        "SET threads = 1",
        "SET profiling_output = '/tmp/lepton-elsewhere.json'",
        "RESET GLOBAL threads",
        "SET SESSION temp_directory = '/tmp'",
    ];

    [Test]
    public void Execute_WhatTheLockLeavesOpen_IsThisAndNoMore()
    {
        using var folder = new TempFolder();
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [folder.Path] });
        using DuckDbConnection connection = database.Connect();
        string? Refusal(string sql)
        {
            try
            {
                connection.Execute(sql.Replace("{folder}", folder.Path, StringComparison.Ordinal));
                return null;
            }
            catch (DuckDbException error)
            {
                return $"{sql}: {error.Words}";
            }
        }
        string?[] refusals = [.. s_reached.Select(Refusal).Where(refusal => refusal is not null)];
        Assert.That(refusals, Is.Empty, "a hole was closed: take it off the list");
        Assert.That(s_refused.Where(sql => Refusal(sql) is null), Is.Empty, "a hole was opened");
    }

    [TestCaseSource(nameof(s_reached))]
    public void Bind_WhatTheLockLeavesOpen_IsRefused(string sql)
    {
        using var bench = new SqlWorkbench();
        Assert.That(() => bench.Bind(sql), Throws.InstanceOf<LeptonDataException>());
    }
}
