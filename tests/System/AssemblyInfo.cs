using NUnit.Framework;

[assembly: Parallelizable(ParallelScope.None)]

// Only fixtures that say so run their tests side by side.
[assembly: LevelOfParallelism(2)]
