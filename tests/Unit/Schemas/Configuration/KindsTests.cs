using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Schemas.Configuration;

public sealed class KindsTests
{
    [TestCase("250us", 2_500)]
    [TestCase("5ms", 50_000)]
    [TestCase("90s", 900_000_000)]
    [TestCase("15min", 9_000_000_000)]
    [TestCase("6 h", 216_000_000_000)]
    [TestCase("7d", 6_048_000_000_000)]
    [TestCase("0s", 0)]
    [TestCase("10675199d", 9_223_371_936_000_000_000)]
    public void Duration_NumberAndUnit_IsThatLong(string text, long ticks) => Assert.That(Read(Kinds.Duration, text).Ticks, Is.EqualTo(ticks));

    [TestCase("15")]
    [TestCase("15m")]
    [TestCase("-1s")]
    [TestCase("1.5h")]
    [TestCase("1h30min")]
    [TestCase("10675200d")]
    [TestCase("99999999999999999999999999999999999999999999999s")]
    [TestCase("s")]
    [TestCase("١s")]
    public void Duration_AnythingElse_IsRefused(string text) => Assert.That(() => Read(Kinds.Duration, text), Throws.InstanceOf<LeptonDataException>());

    [TestCase("0B", 0)]
    [TestCase("4GiB", 4L << 30)]
    [TestCase("1.5 MiB", 3L << 19)]
    [TestCase("2kB", 2000)]
    [TestCase("3TB", 3_000_000_000_000)]
    [TestCase("8388607TiB", 8388607L << 40)]
    public void ByteSize_NumberAndUnit_IsThatMany(string text, long bytes) => Assert.That(Read(Kinds.ByteSize, text), Is.EqualTo(bytes));

    [TestCase("4")]
    [TestCase("4G")]
    [TestCase("4gib")]
    [TestCase("-4GiB")]
    [TestCase("8388608TiB")]
    [TestCase("1..5MiB")]
    public void ByteSize_AnythingElse_IsRefused(string text) => Assert.That(() => Read(Kinds.ByteSize, text), Throws.InstanceOf<LeptonDataException>());

    [TestCase("9223372036854775807", long.MaxValue)]
    [TestCase("-5", -5)]
    public void Integer_Digits_IsThatNumber(string text, long expected) => Assert.That(Read(Kinds.Integer(), text), Is.EqualTo(expected));

    [TestCase("9223372036854775808")]
    [TestCase("1e3")]
    [TestCase("1_000")]
    [TestCase("0x10")]
    public void Integer_AnythingElse_IsRefused(string text) => Assert.That(() => Read(Kinds.Integer(), text), Throws.InstanceOf<LeptonDataException>());

    private static T Read<T>(ValueKind<T> kind, string text) => kind.Read(YamlReader.Read(Encoding.UTF8.GetBytes($"'{text}'"), "a.yaml"));
}
