using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using NUnit.Framework;
using static Lepton.Data.Tests.Unit.Storage.Delta.DeltaFixture;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

public sealed class PartitionTests
{
    private static readonly object?[][] s_values =
    [
        [DataType.String, "a"], [DataType.String, "it's/../%20 = 北京?*[x]"], [DataType.String, "__HIVE_DEFAULT_PARTITION__"], [DataType.String, " "], [DataType.String, new string('長', 400)], [DataType.String, null],
        [DataType.Int64, long.MinValue], [DataType.Boolean, true], [DataType.Decimal(38, 10), Int128.Parse("-12345678901234567890123456789012345678", System.Globalization.CultureInfo.InvariantCulture)],
        [DataType.Date, new DateOnly(1, 1, 1)], [DataType.Instant, new EventTime(-1)], [DataType.Instant, new EventTime(253402300799999999)],
    ];

    [TestCaseSource(nameof(s_values))]
    public async Task Commit_OddPartitionValue_IsReadAgainFromALogAndASafePath(DataType type, object? value)
    {
        using var t = new DeltaFixture();
        string? text = PartitionValue.Write(value, type);
        var values = new Dictionary<string, string?> { ["p/%"] = text };
        string folder = PartitionValue.FolderOf(["p/%"], values);
        Assert.That(folder.Split('/'), Has.Length.EqualTo(1).And.All.Matches<string>(part => Encoding.UTF8.GetByteCount(part ?? "") <= 255 && part != ".."));
        TableChange creation = Append(null, t.File($"{folder}/a") with { PartitionValues = values }) with { Schema = new Schema([.. Columns.Fields, new Field("p/%", type)]), PartitionColumns = ["p/%"] };
        await t.Table.CommitAsync(creation);
        Snapshot read = (await t.Open().ReadAsync())!;
        Assert.That(read.PartitionColumns, Is.EqualTo(new[] { "p/%" }));
        Assert.That(read.Files.Single().Path, Is.EqualTo($"{folder}/a"));
        Assert.That(read.Files.Single().PartitionValues["p/%"], Is.EqualTo(text));
        if (text is not null) Assert.That(PartitionValue.Read(text, type), Is.EqualTo(value));
    }

    [Test]
    public async Task Commit_WhatDeltaCannotTellApartOrHold_IsRefused()
    {
        using var t = new DeltaFixture();
        // To Delta an empty text is NULL.
        await Refusal.Of("storage.partition_value_write", () => CommitAsync(new Field("p", DataType.String), ""));
        await Refusal.Of("storage.partition_value_write", () => CommitAsync(new Field("p", DataType.Date), "2026-02-30"));
        await Refusal.Of("storage.partition_value_write", () => CommitAsync(new Field("p", DataType.Int8), "300"));
        await Refusal.Of("storage.partition_value_write", () => CommitAsync(new Field("p", DataType.Instant), new EventTime(long.MaxValue).ToString()));
        await Refusal.Of("storage.partition_value_write", () => CommitAsync(new Field("p", DataType.Instant), "2026-01-01 00:00:00"));
        await Refusal.Of("storage.partition_value_write", () => CommitAsync(new Field("p", DataType.Boolean), "True"));
        await Refusal.Of("storage.partition_column", () => CommitAsync(new Field("p", DataType.Float64), "1.0"));
        await Refusal.Of("storage.partition_column", () => CommitAsync(new Field("p", DataType.Binary), "x"));
        await Refusal.Of("storage.not_null", () => CommitAsync(new Field("p", DataType.String, IsNullable: false), null));
        Assert.That(await t.Table.ReadAsync(), Is.Null);

        Task CommitAsync(Field field, string? value) => t.Table.CommitAsync(
            Append(null, t.File("a") with { PartitionValues = new Dictionary<string, string?> { ["p"] = value } }) with { Schema = new Schema([.. Columns.Fields, field]), PartitionColumns = ["p"] }).AsTask();
    }

    [Test]
    public async Task Commit_OtherPartitionsThanTheTable_AreRefused()
    {
        using var t = new DeltaFixture();
        Snapshot current = await t.Table.CommitAsync(Append(null) with { PartitionColumns = ["name"] });
        await Refusal.Of("storage.partition_change", () => t.Table.CommitAsync(Append(current) with { PartitionColumns = ["id"] }).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => t.Table.CommitAsync(Append(current, t.File("a"))).AsTask());
        using var other = new DeltaFixture();
        await Assert.ThrowsAsync<ArgumentException>(() => other.Table.CommitAsync(Append(null) with { PartitionColumns = ["missing"] }).AsTask());
        await Refusal.Of("storage.partition_all", () => other.Table.CommitAsync(Append(null) with { PartitionColumns = ["id", "name"] }).AsTask());
    }

    [Test]
    public async Task Commit_PartitionColumnTakesAnotherType_IsRefusedEvenWhereAllFilesAreReplaced()
    {
        using var t = new DeltaFixture();
        Snapshot current = await t.Table.CommitAsync(Append(null) with { PartitionColumns = ["name"] });
        await Refusal.Of("storage.schema_change", () => t.Table.CommitAsync(Overwrite(current) with { Schema = new Schema([new Field("id", DataType.Int64), new Field("name", DataType.Date)]) }).AsTask());
    }
}
