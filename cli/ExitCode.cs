namespace Lepton.Data.Cli;

/// <summary>What the command tells the shell. Scripts rely on them.</summary>
internal static class ExitCode
{
    /// <summary>The work is done.</summary>
    internal const int Done = 0;

    /// <summary>The work failed, bad YAML and SQL included.</summary>
    internal const int Failed = 1;

    /// <summary>The command line is not understood.</summary>
    internal const int Usage = 2;

    /// <summary>A declared check refused the data.</summary>
    internal const int DataRefused = 3;

    /// <summary>Somebody stopped it: 128 and SIGINT, as shells count.</summary>
    internal const int Interrupted = 130;
}
