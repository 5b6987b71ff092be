using System.Globalization;
using System.Text;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Architecture;

/// <summary>
/// What the documentation says of YAML files is written by their descriptors: <c>docs/configuration.md</c> below its mark, and <c>docs/schemas/*.json</c> for editors.
/// With <c>LEPTON_UPDATE_DOCS=1</c> these tests write them anew.
/// </summary>
public sealed class ConfigurationPageTests
{
    private const string Mark = "<!-- Below: written by ConfigurationPageTests from the descriptors. -->";

    // A record that stands in no other is a file of its own.
    private static RecordFormat[] Files => [.. RecordFormatsTests.Formats.Except(RecordFormatsTests.Formats.SelectMany(format => format.NestedFormats())).OrderBy(format => format.Name, StringComparer.Ordinal)];

    [TestCase("docs/configuration.md", "en")]
    [TestCase("docs/zh/configuration.md", "zh")]
    public void Page_BelowItsMark_IsWhatTheDescriptorsSay(string path, string language)
    {
        var culture = CultureInfo.GetCultureInfo(language);
        string page = File.ReadAllText(RepositoryFolder.At(path));
        string head = page[..(page.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length)];
        var text = new StringBuilder(head).Append('\n');
        HashSet<RecordFormat> written = [];
        foreach (RecordFormat file in Files)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {file.Name}\n\n").Append(file.ToMarkdownTable(culture));
            foreach (RecordFormat nested in file.NestedFormats().Where(written.Add)) text.Append(CultureInfo.InvariantCulture, $"\n### {nested.Name}\n\n").Append(nested.ToMarkdownTable(culture));
        }
        IsWritten(path, text.ToString());
    }

    [Test]
    public void JsonSchemas_OfFiles_AreWhatTheDescriptorsSay()
    {
        foreach (RecordFormat file in Files) IsWritten($"docs/schemas/{file.Name.Replace(' ', '-')}.json", file.ToJsonSchema(CultureInfo.InvariantCulture));
        Assert.That(
            Directory.EnumerateFiles(RepositoryFolder.At("docs/schemas")).Select(path => Path.GetFileNameWithoutExtension(path)),
            Is.EquivalentTo(Files.Select(file => file.Name.Replace(' ', '-'))));
    }

    private static void IsWritten(string path, string expected)
    {
        string file = RepositoryFolder.At(path);
        if (Environment.GetEnvironmentVariable("LEPTON_UPDATE_DOCS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, expected);
        }
        Assert.That(File.Exists(file) ? File.ReadAllText(file) : "", Is.EqualTo(expected), $"{path} is older than the descriptors: run `LEPTON_UPDATE_DOCS=1 dotnet test tests/Unit --filter ConfigurationPage`");
    }
}
