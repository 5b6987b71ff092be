using System.Text.RegularExpressions;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Cli;

/// <summary>The tutorial as it stands: each of its commands is run, each of its files written, and each answer that it shows must come out.</summary>
[TestFixture]
internal sealed partial class TutorialTests
{
    [TestCase("docs/tutorial.md")]
    [TestCase("docs/zh/tutorial.md")]
    public void Tutorial_EveryCommand_RunsAndAnswersAsShown(string page)
    {
        using TestFolder folder = new();
        Directory.CreateDirectory(folder["bin"]);
        File.CreateSymbolicLink(folder["bin/lepton"], LeptonProcess.Command);
        string at = folder.Path, said = "";
        int commands = 0, answers = 0;
        foreach (Block block in Blocks(page))
        {
            switch (block.Language)
            {
                case "yaml":
                    Assert.That(block.File, Is.Not.Null, $"the text before line {block.Line} names no file");
                    string file = Path.Combine(at, block.File!);
                    Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                    File.WriteAllText(file, block.Text);
                    break;
                case "bash":
                    // A block begins where the one before it ended.
                    Answer answer = folder.Lepton.Shell($"export PATH='{folder["bin"]}':$PATH\ncd '{at}' || exit 99\n{(block.Fails ? "" : "set -e\n")}{block.Text}code=$?\npwd > '{folder["at"]}'\nexit $code\n");
                    Assert.That(answer.ExitCode == 0, Is.Not.EqualTo(block.Fails), $"line {block.Line}: {block.Text}\n{answer}");
                    (said, at) = (Plain(answer.Out + answer.Error), File.ReadAllText(folder["at"]).Trim());
                    commands += block.Text.Split('\n').Count(line => line.StartsWith("lepton ", StringComparison.Ordinal));
                    break;
                default:
                    Assert.That(said, Does.Contain(Plain(block.Text)), $"line {block.Line}");
                    answers++;
                    break;
            }
        }
        Assert.That((commands, answers), Is.EqualTo((13, 6)), "commands and answers found");
    }

    [Test]
    public void Tutorial_InChinese_HasTheSameCommandsFilesAndAnswers()
        => Assert.That(Blocks("docs/zh/tutorial.md").Select(block => (block.Language, block.Text, block.File)), Is.EqualTo(Blocks("docs/tutorial.md").Select(block => (block.Language, block.Text, block.File))));

    private static List<Block> Blocks(string page)
    {
        string[] lines = File.ReadAllLines(Path.Combine(LeptonProcess.Repository, page));
        var blocks = new List<Block>();
        string before = "";
        for (int i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith("```", StringComparison.Ordinal))
            {
                if (lines[i].Length > 0) before = lines[i];
                continue;
            }
            int start = i++;
            while (lines[i] != "```") i++;
            string text = string.Join('\n', lines[(start + 1)..i]) + "\n";
            string? file = NamedFile().Matches(before).LastOrDefault()?.Groups[1].Value;
            // The answer to a command that fails begins with its error.
            if (blocks.Count > 0 && text.StartsWith("error:", StringComparison.Ordinal)) blocks[^1] = blocks[^1] with { Fails = true };
            blocks.Add(new Block(start + 1, lines[start][3..], text, file));
        }
        return blocks;
    }

    // How long it took is another answer each time.
    private static string Plain(string text) => string.Join('\n', text.Split('\n').Select(line => Seconds().Replace(line.TrimEnd(), "0.0")));

    [GeneratedRegex("(?<= )[0-9]\\.[0-9](?= )")]
    private static partial Regex Seconds();

    [GeneratedRegex("`([a-z/]+\\.yaml)`")]
    private static partial Regex NamedFile();

    private sealed record Block(int Line, string Language, string Text, string? File)
    {
        public bool Fails { get; init; }
    }
}
