using System.Globalization;
using Lepton.Data.Jobs;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Predicates;
using Lepton.Data.Storage.Delta.Rewrites;
using Lepton.Data.Storage.Objects.S3;

namespace Lepton.Data.Tests.System.Storage;

/// <summary>This assembly as a program: one of several processes that commit to the same tables. Arguments: the lake (a folder, or <c>s3://bucket/prefix</c> of the server that the environment names), this writer's number, how many rounds; it says that it is ready and begins at a line of input.</summary>
/// <remarks>
/// Each round appends a file to <c>main.log</c> with its progress. Each fifth also adds one to <c>main.counter</c>, of which the only file says the count, again until nobody was quicker; and each tenth
/// deletes this writer's rows of the ten rounds before from <c>main.log</c>, by a predicate that the others' rows do not meet.
/// </remarks>
internal static class RacingWriter
{
    internal static readonly Schema Columns = new([new Field("writer", DataType.Int64), new Field("round", DataType.Int64)]);
    internal static readonly TableName Log = TableName.Parse("main.log"), Counter = TableName.Parse("main.counter");

    internal static async Task<int> Main(string[] arguments)
    {
        using S3ObjectStore? bucket = arguments[0].StartsWith(Project.S3Scheme, StringComparison.Ordinal) ? new S3ObjectStore(S3Definition.Default.OptionsFor(arguments[0], "/"), TimeProvider.System) : null;
        var lake = bucket is null ? Lake.Open(arguments[0]) : Lake.Open(bucket);
        long writer = long.Parse(arguments[1], CultureInfo.InvariantCulture);
        int rounds = int.Parse(arguments[2], CultureInfo.InvariantCulture);
        Console.WriteLine("ready");
        await Console.In.ReadLineAsync();
        int lost = 0;
        for (int round = 1; round <= rounds; round++)
        {
            ITable log = lake.Table(Log);
            Snapshot current = (await log.ReadAsync())!;
            await log.CommitAsync(Change(current, [FileOf(lake, Log, writer, round, $"{writer}-{round}")]) with { Transactions = [new TransactionStep($"writer/{writer}", round == 1 ? null : round - 1, round)] });
            if (round % 5 == 0) lost += await IncrementAsync(lake, writer, round);
            if (round % 10 == 0) await DeleteAsync(log, writer, round);
        }
        Console.WriteLine($"{lost} races lost");
        return 0;
    }

    internal static TableChange Change(Snapshot? current, IReadOnlyList<DataFile> files) => new()
    {
        Base = current,
        Schema = Columns,
        Added = files,
        HasReadTable = false,
        Operation = "WRITE",
        CommittedAt = EventTime.FromDateTimeOffset(TimeProvider.System.GetUtcNow()),
    };

    /// <summary>A file of one row; nobody looks inside.</summary>
    internal static DataFile FileOf(Lake lake, TableName table, long writer, long round, string name)
    {
        string folder = lake.FolderOf(lake.Table(table).RootPath);
        lake.Store.MakeFolder(folder);
        File.WriteAllText(lake.Store.PathToWrite($"{folder}/{name}"), name);
        var columns = new Dictionary<string, ColumnStatistics> { ["writer"] = new(0, writer, writer), ["round"] = new(0, round, round) };
        return new DataFile(name, name.Length, new EventTime(0), new FileStatistics(1, columns), new ContentSum(1, (UInt128)((writer * 1_000_003) + round)));
    }

    private static async Task<int> IncrementAsync(Lake lake, long writer, int round)
    {
        ITable table = lake.Table(Counter);
        for (int lost = 0; ; lost++)
        {
            Snapshot current = (await table.ReadAsync())!;
            long count = (long)current.Files.Single().Statistics!.Columns["round"].Max!;
            TableChange change = Change(current, [FileOf(lake, Counter, writer, count + 1, $"{writer}-{round}-{lost}")]) with { HasReadTable = true, Removed = current.Files };
            try
            {
                await table.CommitAsync(change);
                return lost;
            }
            catch (LeptonDataException failure) when (failure.Code == "storage.conflict")
            {
                // Somebody was quicker: count again.
            }
        }
    }

    private static async Task DeleteAsync(ITable table, long writer, int round)
    {
        RowPredicate own = RowPredicate.Compare("writer", Comparison.Equal, writer).And(RowPredicate.Between("round", (long)(round - 9), (long)(round - 5)));
        RewritePlan plan = RewritePlan.Of((await table.ReadAsync())!, own);
        if (plan.Mixed.Count > 0 || plan.Matching.Count != 5) throw new InvalidOperationException($"{plan.Matching.Count} files match, {plan.Mixed.Count} are mixed");
        await table.CommitAsync(plan.Delete([], EventTime.FromDateTimeOffset(TimeProvider.System.GetUtcNow())));
    }
}
