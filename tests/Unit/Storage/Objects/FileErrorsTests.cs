using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Objects;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Objects;

public sealed class FileErrorsTests
{
    private static readonly CultureInfo s_chinese = CultureInfo.GetCultureInfo("zh-CN");

    // Numbers of errno on Linux.
    [TestCase(2, "文件或文件夹不存在")]
    [TestCase(13, "没有权限")]
    [TestCase(21, "这是文件夹")]
    [TestCase(24, "打开的文件过多")]
    [TestCase(28, "磁盘空间不足")]
    [TestCase(30, "文件系统只读")]
    [TestCase(5, "输入输出错误")]
    [TestCase(107, "错误码 107")]
    public void Reason_ErrorOfTheSystem_IsChineseInChineseAndItsOwnWordsInEnglish(int number, string chinese)
    {
        BilingualText reason = FileErrors.Reason(new IOException("Words of the system.\r\n", number));
        Assert.That((reason.English, reason.Chinese), Is.EqualTo(("Words of the system", chinese)));
    }

    [Test]
    public void Reason_PathAtTheEnd_IsLeftOut()
        => Assert.That(FileErrors.Reason(new IOException("No space left on device : '/lake/it's here'", 28)).English, Is.EqualTo("No space left on device"));

    [Test]
    public void Reason_ExceptionOfTheFramework_IsSaidByItsKindOrItsNumber()
    {
        Assert.Multiple(() =>
        {
            Assert.That(FileErrors.Reason(new FileNotFoundException()).Chinese, Is.EqualTo("文件或文件夹不存在"));
            Assert.That(FileErrors.Reason(new UnauthorizedAccessException()).Chinese, Is.EqualTo("没有权限"));
            Assert.That(FileErrors.Reason(new PathTooLongException()).Chinese, Is.EqualTo("路径过长"));
            Assert.That(FileErrors.Reason(new IOException("x", unchecked((int)0x80131620))).Chinese, Is.EqualTo("错误码 0x80131620"));
        });
    }

    // The framework's words, of a size reserved on a full disk.
    [Test]
    public void Of_NoRoomToReserveAFile_IsAFullDisk()
    {
        var failure = new IOException("Failed to create '/lake/a' with allocation size '1183516' because the disk was full.");
        Assert.That(FileErrors.Of(failure, "/lake/a").Code, Is.EqualTo("storage.disk_full"));
        Assert.That(FileErrors.Reason(failure).Chinese, Is.EqualTo("磁盘空间不足"));
    }

    [Test]
    public void Of_ErrorWithoutWordsOfOurs_HasNoEnglishInChinese()
        => Assert.That(FileErrors.Of(new IOException("Too many open files", 24), "/lake/a").MessageIn(s_chinese), Does.Contain("打开的文件过多").And.Not.Contain("Too many"));
}
