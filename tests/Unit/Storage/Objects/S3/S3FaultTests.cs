using System.Net.Http.Headers;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Objects.S3;
using Lepton.Data.Testing;
using NUnit.Framework;
using static Lepton.Data.Tests.Unit.Storage.Delta.DeltaFixture;

namespace Lepton.Data.Tests.Unit.Storage.Objects.S3;

/// <summary>A table's life over a server that fails at any one request, in any of S3's ways: nobody notices. And over one that stops at any request: another process finishes.</summary>
public sealed class S3FaultTests
{
    private const int PartSize = 10;

    /// <summary>What becomes of a request.</summary>
    public enum Fault
    {
        /// <summary>Refused: too many of them.</summary>
        SlowDown,

        /// <summary>Refused: another of the same key is under way.</summary>
        Conflict,

        /// <summary>Refused: signed at another time than the server's.</summary>
        ClockSkew,

        /// <summary>It never arrives.</summary>
        RequestLost,

        /// <summary>It is done, and its answer never arrives.</summary>
        AnswerLost,

        /// <summary>It is done, and what stands between says that it failed.</summary>
        AnswerReplaced,

        /// <summary>The connection breaks in the middle of the answer's body.</summary>
        BodyCutOff,
    }

    [Test]
    public async Task Table_AnyOneRequestFails_NobodyNotices([Values] Fault fault)
    {
        int failing = 1;
        for (; ; failing++)
        {
            using var world = new World();
            world.Strike(fault, request => request == failing);
            await world.LiveAsync();
            int requests = world.RequestCount;
            await world.AssertWholeAsync($"{fault} at request {failing}");
            // An upload that began, but whose beginning was not answered, nobody can end.
            Assert.That(world.OpenUploadCount, Is.LessThanOrEqualTo(1), $"{fault} at request {failing}");
            if (requests < failing) break;
        }
        Assert.That(failing, Is.GreaterThan(30), "so many requests must be there to fail, else the test shows nothing");
    }

    [Test]
    public async Task Table_ServerStopsAtAnyRequest_AnotherProcessFinishes([Values(Fault.SlowDown, Fault.AnswerLost)] Fault fault)
    {
        for (int failing = 1; ; failing++)
        {
            using var world = new World();
            world.Strike(fault, request => request >= failing);
            try
            {
                await world.LiveAsync();
            }
            catch (LeptonDataException failure)
            {
                Assert.That((failure.Code, failure.IsTransient), Is.EqualTo((fault == Fault.SlowDown ? "storage.s3_busy" : "storage.s3_unreachable", true)), failure.Message);
            }
            bool isWhole = world.RequestCount < failing;
            world.Strike(fault, _ => false);
            await world.LiveAsync();
            await world.AssertWholeAsync($"{fault} from request {failing} on");
            if (isWhole) break;
        }
    }

    /// <summary>A server, and processes one after the other, each with a cache of its own.</summary>
    private sealed class World : IDisposable
    {
        private static readonly TableName s_table = TableName.Parse("main.t");

        private readonly FakeS3 _server = new();
        private readonly List<TempFolder> _folders = [];
        private int _requests;

        internal int OpenUploadCount => _server.OpenUploadCount;

        internal int RequestCount => Volatile.Read(ref _requests);

        /// <summary>Has requests fail whose number, counted from 1 since this call, is such.</summary>
        internal void Strike(Fault fault, Func<int, bool> fails)
        {
            _requests = 0;
            var struck = new AsyncLocal<bool>();
            _server.Before = _ =>
            {
                struck.Value = fails(Interlocked.Increment(ref _requests));
                if (!struck.Value) return null;
                return fault switch
                {
                    Fault.SlowDown => FakeS3.Error(503, "SlowDown"),
                    Fault.Conflict => FakeS3.Error(409, "ConditionalRequestConflict"),
                    Fault.ClockSkew => Dated(FakeS3.Error(403, "RequestTimeTooSkewed")),
                    Fault.RequestLost => throw new HttpRequestException("connection refused"),
                    _ => null,
                };
            };
            _server.After = (_, answer) => !struck.Value ? answer : fault switch
            {
                Fault.AnswerLost => throw new HttpRequestException("connection reset"),
                Fault.AnswerReplaced => FakeS3.Error(500, "InternalError"),
                Fault.BodyCutOff => CutOff(answer),
                _ => answer,
            };
        }

        /// <summary>What a process does: three commits, each unless it was done before, two of them with a file in parts; then it takes away what no version needs.</summary>
        internal async Task LiveAsync()
        {
            using S3ObjectStore store = Open();
            ITable table = Lake.Create(store).Table(s_table);
            await StepAsync(store, table, 1, 5, overwrites: false);
            await StepAsync(store, table, 2, (2 * PartSize) + 5, overwrites: false);
            await StepAsync(store, table, 3, PartSize + 1, overwrites: true);
            await table.VacuumAsync(new VacuumOptions { Now = new EventTime(Noon.MicrosecondsSinceEpoch * 2) });
        }

        internal async Task AssertWholeAsync(string what)
        {
            Strike(default, _ => false);
            using S3ObjectStore store = Open();
            Snapshot snapshot = (await Lake.Open(store).Table(s_table).ReadAsync())!;
            Assert.That((snapshot.Version, snapshot.RowCount, snapshot.Transactions["step"]), Is.EqualTo((2L, PartSize + 1L, 3L)), what);
            string path = $"main/t/{snapshot.Files.Single().Path}";
            using LocalFiles files = await store.FetchAsync([path]);
            Assert.That(await File.ReadAllBytesAsync(files.PathOf(path)), Is.EqualTo(Content(PartSize + 1)), what);
            await using (Stream stream = (await store.OpenAsync(path, 3, 4))!)
            {
                byte[] range = new byte[4];
                await stream.ReadExactlyAsync(range);
                Assert.That(range, Is.EqualTo(Content(PartSize + 1)[3..7]), what);
            }
            Assert.That(_server.Objects.Keys.Where(key => !key.StartsWith("lake/main/t/_delta_log/", StringComparison.Ordinal)), Is.EqualTo(new[] { "lake/lepton.json", $"lake/{path}" }), what);
        }

        public void Dispose()
        {
            _server.Dispose();
            foreach (TempFolder folder in _folders) folder.Dispose();
        }

        private static async Task StepAsync(S3ObjectStore store, ITable table, int number, int size, bool overwrites)
        {
            Snapshot? current = await table.ReadAsync();
            if (current?.Transactions["step"] >= number) return;
            string name = $"{number}-{Guid.NewGuid():n}";
            store.MakeFolder("main/t");
            await File.WriteAllBytesAsync(store.PathToWrite($"main/t/{name}"), Content(size));
            var file = new DataFile(name, size, Noon, new FileStatistics(size, new Dictionary<string, ColumnStatistics>()), new ContentSum(size, (UInt128)size));
            TableChange change = overwrites ? Overwrite(current!, file) : Append(current, file);
            await table.CommitAsync(change with { Transactions = [new TransactionStep("step", number == 1 ? null : number - 1, number)] });
        }

        private static byte[] Content(int size) => [.. Enumerable.Range(0, size).Select(i => (byte)i)];

        private S3ObjectStore Open()
        {
            var folder = new TempFolder();
            _folders.Add(folder);
            return _server.Store(folder, partSize: PartSize);
        }

        private HttpResponseMessage Dated(HttpResponseMessage answer)
        {
            answer.Headers.Date = _server.Now;
            return answer;
        }

        private static HttpResponseMessage CutOff(HttpResponseMessage answer)
        {
            HttpContentHeaders headers = answer.Content.Headers;
            byte[] whole = answer.Content.ReadAsByteArrayAsync().GetAwaiter().GetResult();
            if (whole.Length < 2) return answer;
            answer.Content = new StreamContent(new BreakingStream(whole[..(whole.Length / 2)]));
            foreach ((string name, IEnumerable<string> values) in headers) answer.Content.Headers.TryAddWithoutValidation(name, values);
            return answer;
        }
    }

    /// <summary>Bytes, and then a broken connection.</summary>
    private sealed class BreakingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
            => await base.ReadAsync(buffer, cancellationToken) is > 0 and var read ? read : throw new IOException("connection reset");
    }
}
