using System.Text;
using Lepton.Data.Cli.Native;

namespace Lepton.Data.Cli;

/// <summary>Where the command writes to, and what that can show.</summary>
internal sealed class Terminal : IDisposable
{
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private readonly Lazy<bool> _isOutTerminal = new(() => !Console.IsOutputRedirected);
    private readonly Lazy<bool> _isErrorTerminal = new(() => !Console.IsErrorRedirected);

    internal Terminal()
    {
        OutStream = new StandardStream(1);
        Out = new StreamWriter(OutStream, s_utf8, 32 * 1024) { AutoFlush = false };
        Error = new StreamWriter(new StandardStream(2), s_utf8, 1024) { AutoFlush = true };
    }

    /// <summary>Results.</summary>
    internal StreamWriter Out { get; }

    /// <summary>Results, as bytes; <see cref="Out"/> is to be flushed first where both are used.</summary>
    internal Stream OutStream { get; }

    /// <summary>Errors, notes and progress.</summary>
    internal StreamWriter Error { get; }

    internal bool IsOutTerminal => _isOutTerminal.Value;

    internal bool IsErrorTerminal => _isErrorTerminal.Value;

    /// <summary>Characters in a line of a terminal; null where the results go elsewhere.</summary>
    internal int? Width => IsOutTerminal ? Math.Max(20, TerminalSize.Width(1) ?? 80) : null;

    /// <summary>Whether results may be coloured (https://no-color.org).</summary>
    internal bool HasColor => IsOutTerminal && MayColor;

    /// <summary>Whether progress may move and errors may be coloured.</summary>
    internal bool HasErrorColor => IsErrorTerminal && MayColor;

    private static bool MayColor => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    public void Dispose()
    {
        try
        {
            Out.Dispose();
        }
        catch (IOException)
        {
            // Nobody reads any more, or the disk is full: said already, where it was still of use.
        }
    }
}
