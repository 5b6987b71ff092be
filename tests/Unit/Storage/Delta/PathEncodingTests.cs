using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Log;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

public sealed class PathEncodingTests
{
    [TestCase("part-0001_a~b.parquet", "part-0001_a~b.parquet")]
    [TestCase("day=2001-01-01/a b%c.parquet", "day=2001-01-01/a%20b%25c.parquet")]
    [TestCase("城市=北京/ü:#?&+.parquet", "%E5%9F%8E%E5%B8%82=%E5%8C%97%E4%BA%AC/%C3%BC%3A%23%3F%26%2B.parquet")]
    [TestCase("😀\"\n\\.parquet", "%F0%9F%98%80%22%0A%5C.parquet")]
    [TestCase("%41", "%2541")]
    public void Encode_OddNames_ComeBack(string path, string encoded)
    {
        Assert.That(PathEncoding.Encode(path), Is.EqualTo(encoded));
        Assert.That(PathEncoding.TryDecode(encoded, out string? decoded), Is.True);
        Assert.That(decoded, Is.EqualTo(path));
    }

    // Spark leaves letters beyond ASCII as they are.
    [TestCase("城市=北京/part-0.parquet", "城市=北京/part-0.parquet")]
    [TestCase("a/b:c.parquet", "a/b:c.parquet")]
    [TestCase("a%2Fb", "a/b")]
    public void Decode_WrittenByOthers_IsTaken(string encoded, string path)
    {
        Assert.That(PathEncoding.TryDecode(encoded, out string? decoded), Is.True);
        Assert.That(decoded, Is.EqualTo(path));
    }

    [TestCase("")]
    [TestCase("/etc/passwd")]
    [TestCase("../other/a.parquet")]
    [TestCase("a/../../b")]
    [TestCase("a/%2e%2E/b")]
    [TestCase("a%2F..%2Fb")]
    [TestCase("%2Fetc%2Fpasswd")]
    [TestCase("./a")]
    [TestCase("a//b")]
    [TestCase("a/")]
    [TestCase("file:/etc/passwd")]
    [TestCase("s3://bucket/a.parquet")]
    [TestCase("abfss://c@a/x")]
    [TestCase("a%00b")]
    [TestCase("a%zz")]
    [TestCase("a%4")]
    [TestCase("a%")]
    [TestCase("a%FFb")]
    [TestCase("a%C3")]
    public void Decode_LeavesTheFolderOrIsBroken_IsRefused(string encoded) => Assert.That(PathEncoding.TryDecode(encoded, out _), Is.False);

    [TestCase("a/b.parquet", "a/b.parquet", null)]
    [TestCase("a%20b", "a b", null)]
    [TestCase("a%2520b", "a%20b", null)]
    [TestCase("城市=北京", "城市=北京", "城市=北京")]
    [TestCase("p=a,b;c", "p=a,b;c", "p=a,b;c")]
    [TestCase("/lake/t/a%20b", "a b", "/lake/t/a%20b")]
    [TestCase("file:///lake/t/a", "a", "file:///lake/t/a")]
    [TestCase("file:/lake/other/a", "/lake/other/a", "file:/lake/other/a")]
    [TestCase("/lake/tt/a", "/lake/tt/a", "/lake/tt/a")]
    public void Read_PathInTheStore_KeepsItsLettersWhereOursAreOthers(string encoded, string path, string? written)
    {
        Assert.That(PathEncoding.TryRead(encoded, "/lake/t", "/lake", out FilePath read), Is.True);
        Assert.That((read.Path, read.Written, read.InLog), Is.EqualTo((path, written, encoded)));
    }

    [TestCase("s3://b/lake/t/a%20b", "a b")]
    [TestCase("s3a://b/lake/other/a%20b", "s3://b/lake/other/a b")]
    [TestCase("s3n://b/lake/other/a", "s3://b/lake/other/a")]
    [TestCase("a b", "a b")]
    public void Read_PathInABucket_IsTheObject(string encoded, string path)
    {
        Assert.That(PathEncoding.TryRead(encoded, "s3://b/lake/t", "s3://b/lake", out FilePath read), Is.True);
        Assert.That((read.Path, read.InLog), Is.EqualTo((path, encoded)));
    }

    [TestCase("s3://b/lakes/a")]
    [TestCase("s3://other/lake/t/a")]
    [TestCase("s3://b/lake/t/../../x")]
    [TestCase("s3://b/lake/t/%2e%2e/x")]
    [TestCase("s3:///b/lake/t/a")]
    [TestCase("gs://b/lake/t/a")]
    [TestCase("https://b/lake/t/a")]
    [TestCase("/b/lake/t/a")]
    [TestCase("file:///b/lake/t/a")]
    public void Read_PathOutOfTheBucket_IsRefused(string encoded) => Assert.That(PathEncoding.TryRead(encoded, "s3://b/lake/t", "s3://b/lake", out _), Is.False);

    [TestCase("/etc/passwd")]
    [TestCase("/lake")]
    [TestCase("/lakes/a")]
    [TestCase("/lake/t/../../etc/passwd")]
    [TestCase("/lake/t/%2e%2e/x")]
    [TestCase("file://host/lake/t/a")]
    [TestCase("file:a")]
    [TestCase("//lake/t/a")]
    [TestCase("s3://lake/t/a")]
    [TestCase("../other/a")]
    public void Read_PathOutOfTheStore_IsRefused(string encoded) => Assert.That(PathEncoding.TryRead(encoded, "/lake/t", "/lake", out _), Is.False);
}
