using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using NUnit.Framework;
using static Lepton.Data.Tests.Unit.Storage.Delta.DeltaFixture;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

/// <summary>What a table of ours may not be created with.</summary>
public sealed class SchemaRulesTests
{
    private static readonly Field s_naive = new("element", DataType.NaiveTime);

    private static readonly object[] s_refused =
    [
        new object[] { "storage.column_name", new Field("", DataType.Int64) },
        new object[] { "storage.column_name", new Field("a b", DataType.Int64) },
        new object[] { "storage.column_name", new Field("a,b", DataType.Int64) },
        new object[] { "storage.column_name", new Field("a;b", DataType.Int64) },
        new object[] { "storage.column_name", new Field("{a}", DataType.Int64) },
        new object[] { "storage.column_name", new Field("f(a)", DataType.Int64) },
        new object[] { "storage.column_name", new Field("a\nb", DataType.Int64) },
        new object[] { "storage.column_name", new Field("a\tb", DataType.Int64) },
        new object[] { "storage.column_name", new Field("a=b", DataType.Int64) },
        new object[] { "storage.column_name", new Field("s", new StructType([new Field("a b", DataType.Int64)])) },
        new object[] { "storage.column_name", new Field("s", new ListType(new Field("element", new StructType([new Field("x=y", DataType.Int64)])))) },
        new object[] { "storage.naive_time", new Field("at", DataType.NaiveTime) },
        new object[] { "storage.naive_time", new Field("at", new ListType(s_naive)) },
        new object[] { "storage.naive_time", new Field("at", new MapType(new Field("key", DataType.String, false), s_naive)) },
        new object[] { "storage.naive_time", new Field("at", new StructType([new Field("x", DataType.NaiveTime)])) },
        new object[] { "storage.void_column", new Field("n", DataType.Null) },
        new object[] { "storage.nested_fixed_size", new Field("v", new ListType(new Field("element", new FixedSizeListType(new Field("element", DataType.Float32), 3)))) },
        new object[] { "schemas.duplicate_column", new Field("s", new StructType([new Field("a", DataType.Int64), new Field("A", DataType.Int64)])) },
    ];

    [TestCaseSource(nameof(s_refused))]
    public async Task Create_SchemaThatDeltaRefuses_IsRefusedAndLeavesNothing(string code, Field field)
    {
        using var t = new DeltaFixture();
        await Refusal.Of(code, () => t.Table.CommitAsync(Append(null) with { Schema = new Schema([field]) }).AsTask());
        Assert.That(Directory.Exists(t.TablePath), Is.False);
        Snapshot first = await t.Table.CommitAsync(Append(null));
        await Refusal.Of(code, () => t.Table.CommitAsync(Append(first) with { Schema = new Schema([.. Columns.Fields, field]) }).AsTask());
        Assert.That((await t.Table.ReadAsync())!.Version, Is.Zero);
    }

    [Test]
    public async Task Create_NamesBeyondAscii_AreTaken()
    {
        using var t = new DeltaFixture();
        var schema = new Schema([new Field("城市", DataType.String), new Field("größe-in.m²", DataType.Float64), new Field("\"quoted\"", DataType.Int64)]);
        await t.Table.CommitAsync(Append(null) with { Schema = schema });
        Assert.That((await t.Open().ReadAsync())!.Schema, Is.EqualTo(schema));
    }

    // What stays must fit: types and names as they were, NULL still allowed.
    [TestCase("INTEGER", "id", true, TestName = "Change_AnotherType_IsRefused")]
    [TestCase("BIGINT", "ID", true, TestName = "Change_AnotherCaseOfTheName_IsRefused")]
    [TestCase("BIGINT", "id", false, TestName = "Change_NoLongerNullable_IsRefused")]
    public async Task Change_OfAColumn(string type, string name, bool isNullable)
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a")));
        var changed = new Schema([new Field(name, DataType.Parse(type), isNullable), Columns[1]]);
        await Refusal.Of("storage.schema_change", () => t.Table.CommitAsync(Append(first) with { Schema = changed }).AsTask());
        Assert.That((await t.Table.CommitAsync(Overwrite(first, t.File("b")) with { Schema = changed })).Schema, Is.EqualTo(changed));
    }

    [Test]
    public async Task Change_NewColumnThatIsNeverNull_IsRefusedWhileFilesStay()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a")));
        var changed = new Schema([.. Columns.Fields, new Field("c", DataType.Int64, IsNullable: false)]);
        await Refusal.Of("storage.schema_change", () => t.Table.CommitAsync(Append(first) with { Schema = changed }).AsTask());
    }

    [Test]
    public async Task Commit_NullInAColumnThatTakesNone_IsRefused()
    {
        using var t = new DeltaFixture();
        var strict = new Schema([new Field("id", DataType.Int64, IsNullable: false), Columns[1]]);
        Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a")) with { Schema = strict });
        DataFile file = t.File("b", rows: 5);
        file = file with { Statistics = new FileStatistics(5, new Dictionary<string, ColumnStatistics> { ["id"] = new(2, 1L, 3L) }) };
        LeptonDataException failure = await Refusal.Of("storage.not_null", () => t.Table.CommitAsync(Append(first, file)).AsTask());
        Assert.That(failure.Message, Does.Contain("'id' takes no NULL, and 2 rows"));
    }

    [Test]
    public async Task Create_PropertyThatWouldBindOthers_IsTheCallersMistake()
    {
        using var t = new DeltaFixture();
        TableChange change = Append(null) with { Properties = new Dictionary<string, string> { ["delta.enableDeletionVectors"] = "true" } };
        await Assert.ThrowsAsync<ArgumentException>(() => t.Table.CommitAsync(change).AsTask());
    }
}
