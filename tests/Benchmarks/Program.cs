using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Lepton.Data.Tests.Benchmarks;

if (PointInTime.IsAsked(args)) return await PointInTime.RunAsync(args);

// In this process: libduckdb is found from here, and a project made beside the repository would not restore as this one does.
IConfig config = DefaultConfig.Instance
    .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(2).WithIterationCount(9).WithInvocationCount(1).WithUnrollFactor(1))
    .AddColumn(StatisticColumn.Min, StatisticColumn.Median);
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
return 0;
