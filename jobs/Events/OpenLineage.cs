using System.Net.Http.Headers;
using System.Threading.Channels;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Jobs.Events;

/// <summary>
/// Sends a run's steps as OpenLineage events to a file (JSON lines, appended) or to a server (one POST an event), in their order, beside the work. What cannot be delivered fails no run:
/// it is counted, and said at the end.
/// </summary>
public sealed class OpenLineage : IRunListener, IAsyncDisposable
{
    // A server that does not answer must not keep a run that is done: what is left then counts as not delivered.
    private static readonly TimeSpan s_eachLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_lastLimit = TimeSpan.FromSeconds(10);

    private readonly OpenLineageDefinition _definition;
    private readonly string _jobNamespace;
    private readonly string? _file;
    private readonly Channel<byte[]> _events = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _sending;
    private OpenLineageJson? _json;
    private int _undelivered;

    /// <summary>Gets ready to send; nothing is opened yet.</summary>
    /// <param name="definition">Where to.</param>
    /// <param name="project">Whose runs.</param>
    public OpenLineage(OpenLineageDefinition definition, Project project)
    {
        _definition = definition;
        _jobNamespace = definition.Namespace ?? project.Name;
        _file = definition.File is { } file ? Path.GetFullPath(file, project.Folder) : null;
        _sending = Task.Run(SendAsync);
    }

    /// <summary>The first failure to deliver, and how many events were not delivered; null where all were. Of use after disposal.</summary>
    public (string Reason, int EventCount)? Undelivered => FirstFailure is { } reason ? (reason, _undelivered) : null;

    private string? FirstFailure { get; set; }

    /// <inheritdoc/>
    public void Report(RunEvent happened)
    {
        switch (happened)
        {
            case RunStarted started:
                _json = new OpenLineageJson(_jobNamespace, $"urn:lepton-data:{typeof(OpenLineage).Assembly.GetName().Version?.ToString(3)}", started.Id);
                break;
            case StepStarted started:
                _events.Writer.TryWrite(_json!.Start(started.At, started.Step));
                break;
            case StepEnded ended:
                foreach (byte[] line in _json!.End(ended)) _events.Writer.TryWrite(line);
                break;
        }
    }

    /// <summary>Waits until all is delivered, ten seconds at most.</summary>
    public async ValueTask DisposeAsync()
    {
        _events.Writer.TryComplete();
        _stop.CancelAfter(s_lastLimit);
        await _sending.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task SendAsync()
    {
        using HttpClient? http = _file is null ? new HttpClient { Timeout = s_eachLimit } : null;
        await foreach (byte[] line in _events.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                // After the first that is not answered in time the others would not be either, and each would cost as long.
                if (http is not null && FirstFailure is not null && _undelivered >= 3) _undelivered++;
                else if (http is not null) await PostAsync(http, line).ConfigureAwait(false);
                else await AppendAsync(line).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException || FileErrors.IsFileFailure(failure))
            {
                _undelivered++;
                FirstFailure ??= failure switch
                {
                    OperationCanceledException => "timeout",
                    HttpRequestException => failure.InnerException?.Message ?? failure.Message,
                    _ => FileErrors.Reason(failure).English,
                };
            }
        }
    }

    private async Task PostAsync(HttpClient http, byte[] line)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _definition.Url) { Content = new ByteArrayContent(line) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (_definition.ApiKeyVariable is { } variable && Environment.GetEnvironmentVariable(variable) is { Length: > 0 } key) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using HttpResponseMessage response = await http.SendAsync(request, _stop.Token).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode) throw new HttpRequestException($"HTTP {(int)response.StatusCode}");
    }

    private async Task AppendAsync(byte[] line)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_file!)!);
        await using var stream = new FileStream(_file!, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        // One write a line, so that two runs at once do not cut each other's.
        await stream.WriteAsync((byte[])[.. line, (byte)'\n'], _stop.Token).ConfigureAwait(false);
    }
}
