using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Lepton.Data.Tests.System.S3;

/// <summary>What becomes of a request on a <see cref="Wire"/>.</summary>
internal enum WireFault
{
    /// <summary>It is passed on, and its answer too.</summary>
    None,

    /// <summary>The connection breaks before the server sees it.</summary>
    RequestLost,

    /// <summary>The server does it; the connection breaks before its answer arrives.</summary>
    AnswerLost,

    /// <summary>The server does it; the connection breaks in the middle of its answer.</summary>
    AnswerCutOff,
}

/// <summary>A relay between clients and a server, which knows where a request begins: HTTP/1.1 clients of ours send one after the answer to the last. Tests break connections there, and kill at a moment that is the same each time.</summary>
internal sealed class Wire : IDisposable
{
    private static readonly string[] s_methods = ["GET ", "PUT ", "POST ", "HEAD ", "DELETE "];

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _serverPort;
    private int _requestCount;

    /// <param name="endpoint">Of the server, on this machine.</param>
    internal Wire(string endpoint)
    {
        _serverPort = new Uri(endpoint).Port;
        _listener.Start();
        Endpoint = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _ = AcceptAsync();
    }

    internal string Endpoint { get; }

    /// <summary>How many requests began since this was last set.</summary>
    internal int RequestCount
    {
        get => Volatile.Read(ref _requestCount);
        set => Volatile.Write(ref _requestCount, value);
    }

    /// <summary>Asked before a request is passed on; given its number, from 1, and its first line.</summary>
    internal Func<int, string, WireFault> Request { get; set; } = (_, _) => WireFault.None;

    /// <summary>Called when an answer is lost, before the client can know.</summary>
    internal Action Lost { get; set; } = () => { };

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = RelayAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task RelayAsync(TcpClient accepted)
    {
        using TcpClient client = accepted, server = new();
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _serverPort);
            (client.NoDelay, server.NoDelay) = (true, true);
            var exchange = new Exchange();
            // Whichever ends first ends both.
            await Task.WhenAny(SendAsync(client.GetStream(), server.GetStream(), exchange), AnswerAsync(server.GetStream(), client.GetStream(), exchange));
        }
        catch (SocketException)
        {
            // The server has ended.
        }
    }

    private async Task SendAsync(NetworkStream client, NetworkStream server, Exchange exchange)
    {
        byte[] buffer = new byte[1 << 16];
        while (await ReadAsync(client, buffer) is > 0 and var read)
        {
            // A server may answer before it has all of a request: what follows is no new one.
            if (exchange.IsAnswered && LineOf(buffer.AsSpan(0, read)) is { } line)
            {
                exchange.IsAnswered = false;
                exchange.Fault = Request(Interlocked.Increment(ref _requestCount), line);
                if (exchange.Fault == WireFault.RequestLost) return;
            }
            if (!await WriteAsync(server, buffer.AsMemory(0, read))) return;
        }
    }

    private async Task AnswerAsync(NetworkStream server, NetworkStream client, Exchange exchange)
    {
        byte[] buffer = new byte[1 << 16];
        while (await ReadAsync(server, buffer) is > 0 and var read)
        {
            exchange.IsAnswered = true;
            if (exchange.Fault == WireFault.AnswerLost)
            {
                Lost();
                return;
            }
            if (exchange.Fault == WireFault.AnswerCutOff) read /= 2;
            if (!await WriteAsync(client, buffer.AsMemory(0, read)) || exchange.Fault == WireFault.AnswerCutOff) return;
        }
    }

    private static string? LineOf(ReadOnlySpan<byte> bytes)
    {
        string text = Encoding.ASCII.GetString(bytes[..Math.Min(bytes.Length, 4096)]);
        return s_methods.Any(method => text.StartsWith(method, StringComparison.Ordinal)) ? text.Split('\r')[0] : null;
    }

    private static async Task<int> ReadAsync(NetworkStream stream, byte[] buffer)
    {
        try
        {
            return await stream.ReadAsync(buffer);
        }
        catch (Exception end) when (end is IOException or ObjectDisposedException)
        {
            return 0;
        }
    }

    private static async Task<bool> WriteAsync(NetworkStream stream, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await stream.WriteAsync(bytes);
            return true;
        }
        catch (Exception end) when (end is IOException or ObjectDisposedException)
        {
            return false;
        }
    }

    private sealed class Exchange
    {
        internal volatile bool IsAnswered = true;

        internal WireFault Fault { get; set; }
    }
}
