using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using NUnit.Framework;
using static Lepton.Data.Tests.Unit.Storage.Delta.DeltaFixture;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

/// <summary>Tables of others: written where nothing is in use that a writer must do and we do not, refused by the feature's name where something is.</summary>
public sealed class WriterRulesTests
{
    private const string AllLegacy = """{"protocol":{"minReaderVersion":2,"minWriterVersion":6}}""";
    private const string Named = """{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["appendOnly","invariants","checkConstraints","changeDataFeed","generatedColumns","identityColumns"]}}""";

    [TestCase(AllLegacy)]
    [TestCase(Named)]
    [TestCase("""{"protocol":{"minReaderVersion":1,"minWriterVersion":3}}""")]
    public async Task Commit_FeaturesThatNothingUses_AreNoHindrance(string protocol)
    {
        using var t = new DeltaFixture();
        t.WriteLog(FirstLines(protocol, """{"delta.columnMapping.mode":"none","delta.enableChangeDataFeed":"false"}""") + AddLine("a"));
        Assert.That((await t.Table.CommitAsync(Append(await t.Table.ReadAsync(), t.File("b")))).Files, Has.Count.EqualTo(2));
    }

    [TestCase(AllLegacy, """{"delta.constraints.positive":"id > 0","delta.constraints.named":"name <> ''"}""", "'checkConstraints (named, positive)'")]
    [TestCase(Named, """{"delta.constraints.positive":"id > 0"}""", "'checkConstraints (positive)'")]
    [TestCase(Named, """{"delta.enableChangeDataFeed":"true"}""", "'changeDataFeed'")]
    [TestCase("""{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["inCommitTimestamp","appendOnly","domainMetadata"]}}""", "{}", "'inCommitTimestamp, domainMetadata'")]
    [TestCase("""{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}""", """{"delta.enableRowTracking":"true"}""", "'rowTracking'")]
    public async Task Commit_FeatureThatAWriterMustActUpon_IsRefusedByName(string protocol, string configuration, string words)
    {
        using var t = new DeltaFixture();
        t.WriteLog(FirstLines(protocol, configuration) + AddLine("a"));
        LeptonDataException refusal = await Refusal.Of("storage.delta_feature", async () => await t.Table.CommitAsync(Append(await t.Table.ReadAsync(), t.File("b"))));
        Assert.That(refusal.Message, Does.Contain(words));
        Assert.That((await Refusal.Of("storage.delta_feature", () => t.Table.VacuumAsync(new VacuumOptions { Now = Noon }).AsTask())).Message, Does.Contain(words));
    }

    [TestCase("""{"delta.generationExpression":"id + 1"}""", "'generatedColumns (id)'")]
    [TestCase("""{"delta.identity.start":1,"delta.identity.step":1}""", "'identityColumns (id)'")]
    [TestCase("""{"CURRENT_DEFAULT":"7"}""", "'allowColumnDefaults (id)'")]
    public async Task Commit_ColumnThatAWriterMustFill_IsRefusedByName(string metadata, string words)
    {
        using var t = new DeltaFixture();
        t.WriteLog(FirstLines(AllLegacy, schema: $$$"""{"type":"struct","fields":[{"name":"id","type":"long","nullable":true,"metadata":{{{metadata}}}}]}"""));
        Assert.That((await Refusal.Of("storage.delta_feature", async () => await t.Table.CommitAsync(Append(await t.Table.ReadAsync())))).Message, Does.Contain(words));
    }
}
