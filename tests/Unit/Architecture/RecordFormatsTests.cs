using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Lepton.Data.Schemas.Configuration;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Architecture;

/// <summary>The descriptors of all records that people write in YAML, in whatever room.</summary>
public sealed class RecordFormatsTests
{
    /// <summary>All of them, with those inside; in order of room and declaration.</summary>
    internal static IReadOnlyList<RecordFormat> Formats { get; } =
    [
        .. Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll")
            .Select(path => Path.GetFileNameWithoutExtension(path)!)
            .Where(name => name == "lepton" || (name.StartsWith("Lepton.Data.", StringComparison.Ordinal) && !name.StartsWith("Lepton.Data.Test", StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal)
            .SelectMany(name => Assembly.Load(name).GetTypes())
            .Where(type => !type.ContainsGenericParameters)
            .SelectMany(type => type.GetProperties(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(property => typeof(RecordFormat).IsAssignableFrom(property.PropertyType))
            .Select(property => (RecordFormat)property.GetValue(null)!)
            .SelectMany(format => format.NestedFormats().Prepend(format))
            .Distinct(),
    ];

    [Test]
    public void Documentation_OfEveryKey_IsASentenceInBothLanguages()
    {
        Assert.Multiple(() =>
        {
            foreach (RecordFormat format in Formats)
            {
                foreach ((string what, string english, string chinese) in format.Properties.Select(property => ($"{format.Name}.{property.Key}", property.Documentation.English, property.Documentation.Chinese))
                    .Prepend((format.Name, format.Documentation.English, format.Documentation.Chinese)))
                {
                    Assert.That(english, Does.EndWith(".").And.Not.Match(@"\p{IsCJKUnifiedIdeographs}"), what);
                    Assert.That(chinese, Does.EndWith("。").And.Match(@"\p{IsCJKUnifiedIdeographs}"), what);
                }
            }
        });
    }

    [Test]
    public void JsonSchemaAndMarkdown_OfEveryFormat_AreMade()
    {
        foreach (RecordFormat format in Formats)
        {
            using JsonDocument schema = JsonDocument.Parse(format.ToJsonSchema(CultureInfo.InvariantCulture));
            Assert.That(schema.RootElement.GetProperty("properties").EnumerateObject().Count(), Is.EqualTo(format.Properties.Count));
            Assert.That(format.ToMarkdown(CultureInfo.GetCultureInfo("zh")), Does.Contain($"`{format.Properties[0].Key}`"));
        }
    }

    [Test]
    public void Names_OfFormats_AreChineseInChineseMessages()
        => Assert.That(Formats.Select(format => format.Word.Chinese), Has.All.Match(@"^\p{IsCJKUnifiedIdeographs}+$"));

    // Schemas refer to a record by its name.
    [Test]
    public void Names_OfFormats_AreDistinct() => Assert.That(Formats.Select(format => format.Name), Is.Unique);
}
