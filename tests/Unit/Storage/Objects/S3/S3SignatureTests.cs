using Lepton.Data.Storage.Objects.S3;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Objects.S3;

/// <summary>
/// The examples of "Signature Calculations for the Authorization Header" in Amazon's S3 API reference (bucket examplebucket, 24 May 2013): GET Object, PUT Object, GET Bucket Lifecycle and
/// GET Bucket (List Objects), with the signatures printed there.
/// </summary>
public sealed class S3SignatureTests
{
    private static readonly S3Credentials s_credentials = new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");

    private static readonly DateTimeOffset s_time = new(2013, 5, 24, 0, 0, 0, TimeSpan.Zero);

    [Test]
    public void Authorization_OfGetObject_IsAmazonsOwn()
        => Assert.That(Sign("GET", "/test.txt", "", ("range", "bytes=0-9"), ("x-amz-content-sha256", S3Signature.EmptyHash)), Does.EndWith(
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));

    [Test]
    public void Authorization_OfPutObject_IsAmazonsOwn()
        => Assert.That(
            Sign(
                "PUT", "/" + S3Signature.Encode("test$file.text", keepsSlash: true), "",
                ("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"), ("x-amz-content-sha256", S3Signature.Hash("Welcome to Amazon S3."u8))),
            Does.EndWith("SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));

    [TestCase("lifecycle=", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")]
    [TestCase("max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")]
    public void Authorization_OfGetBucket_IsAmazonsOwn(string query, string signature)
        => Assert.That(Sign("GET", "/", query, ("x-amz-content-sha256", S3Signature.EmptyHash)), Is.EqualTo(
            $"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature={signature}"));

    // By hand from RFC 3986: the UTF-8 bytes of 城 are E5 9F 8E.
    [TestCase("a b+c/城~.-_%", true, "a%20b%2Bc/%E5%9F%8E~.-_%25")]
    [TestCase("a/b=c", false, "a%2Fb%3Dc")]
    public void Encode_OddCharacters_ArePercentSigns(string text, bool keepsSlash, string expected) => Assert.That(S3Signature.Encode(text, keepsSlash), Is.EqualTo(expected));

    private static string Sign(string method, string path, string query, params (string, string)[] headers)
        => S3Signature.Authorization(method, path, query, [("host", "examplebucket.s3.amazonaws.com"), ("x-amz-date", "20130524T000000Z"), .. headers], s_time, "us-east-1", s_credentials);
}
