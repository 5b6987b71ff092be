using System.Runtime.InteropServices;

namespace Lepton.Data.Cli.Native;

/// <summary>The width of the terminal behind a descriptor. The framework's console would set the terminal up for input first, and write control sequences to it.</summary>
internal static partial class TerminalSize
{
    private const nuint GetWindowSize = 0x5413;

    /// <summary>Columns, or null where the descriptor is no terminal or does not know.</summary>
    internal static int? Width(int descriptor)
        => ioctl(descriptor, GetWindowSize, out WindowSize size) == 0 && size.Columns > 0 ? size.Columns : null;

    [LibraryImport("libc")]
    private static partial int ioctl(int descriptor, nuint request, out WindowSize size);

    [StructLayout(LayoutKind.Sequential)]
    private struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort PixelWidth;
        public ushort PixelHeight;
    }
}
