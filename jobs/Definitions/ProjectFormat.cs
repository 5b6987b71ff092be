using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.Jobs.Definitions;

/// <summary>What <c>lepton.yaml</c> says.</summary>
/// <param name="Name">The project's name.</param>
/// <param name="Lake">Where the lake lies: a folder, relative to the project's, or <c>s3://bucket/prefix</c>.</param>
/// <param name="S3">How to speak to the bucket's server.</param>
/// <param name="Engine"><c>duckdb</c>.</param>
/// <param name="MemoryBytes">What the engine may hold; null for a share of the machine's.</param>
/// <param name="ThreadCount">How many threads it may use; null for all cores.</param>
/// <param name="OpenLineage">Where events of runs go; null for nowhere.</param>
public sealed record ProjectDefinition(string Name, string Lake, S3Definition? S3, string Engine, long? MemoryBytes, int? ThreadCount, Events.OpenLineageDefinition? OpenLineage)
{
    // Less holds not even one row group of a wide table.
    private const long MemoryBytesMin = 64L << 20;

    /// <summary>Reads a <c>lepton.yaml</c>.</summary>
    public static RecordFormat<ProjectDefinition> Format { get; } = RecordFormat.Declare<ProjectDefinition>(
        new("project", "项目"),
        "A project: where its lake lies and what runs its SQL.",
        "项目：数据湖的位置以及运行 SQL 的引擎。",
        format =>
        {
            Property<string> name = format.Required("project", Kinds.Name, "The project's name.", "项目名称。");
            Property<string> description = format.Optional("description", Kinds.Text, "What it is for.", "用途。");
            Property<string> lake = format.Optional("lake", Kinds.Text, "lake", "The folder of the tables, relative to the project's folder; or `s3://bucket/prefix`.", "存放表的文件夹，相对于项目文件夹；或 `s3://存储桶/前缀`。");
            Property<S3Definition> s3 = format.Optional<S3Definition>("s3", S3Definition.Format, "How to speak to the server of a lake in a bucket.", "如何访问存储桶所在的服务器。");
            Property<string> engine = format.Optional("engine", Kinds.Choice(("duckdb", "duckdb")), "duckdb", "What runs the SQL.", "运行 SQL 的引擎。");
            Property<long> memory = format.Optional("memory", Kinds.ByteSize, "The most memory that the engine takes before it spills to disk.", "引擎溢写到磁盘前最多使用的内存。");
            Property<long> threads = format.Optional("threads", Kinds.Integer(1, 1024), "How many threads the engine uses; all cores where it is not said.", "引擎使用的线程数；省略时使用全部核心。");
            Property<Events.OpenLineageDefinition> lineage = format.Optional<Events.OpenLineageDefinition>("openlineage", Events.OpenLineageDefinition.Format, "Where events of OpenLineage go.", "OpenLineage 事件的去向。");
            return values =>
            {
                _ = values.Find(description);
                if (values.Find(memory) < MemoryBytesMin) throw values.Error(memory, "jobs.memory_too_small", MemoryBytesMin >> 20);
                if (values.Has(s3) && !values.Get(lake).StartsWith(Project.S3Scheme, StringComparison.Ordinal)) throw values.Error(s3, "jobs.s3_without_bucket", values.Get(lake));
                return new ProjectDefinition(values.Get(name), values.Get(lake), values.Find(s3), values.Get(engine), values.Find(memory), (int?)values.Find(threads), values.Find(lineage));
            };
        });
}
