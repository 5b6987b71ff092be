using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.Jobs.Events;

/// <summary>What <c>openlineage</c> in <c>lepton.yaml</c> says.</summary>
/// <param name="File">A file of JSON lines, relative to the project's folder; null where events go to a server.</param>
/// <param name="Url">Where each event is posted; null where they go to a file.</param>
/// <param name="ApiKeyVariable">The environment variable that holds the server's key; null where it asks for none.</param>
/// <param name="Namespace">Of the jobs; null for the project's name.</param>
public sealed record OpenLineageDefinition(string? File, Uri? Url, string? ApiKeyVariable, string? Namespace)
{
    /// <summary>Reads <c>openlineage</c>.</summary>
    public static RecordFormat<OpenLineageDefinition> Format { get; } = RecordFormat.Declare<OpenLineageDefinition>(
        new("lineage events", "血缘事件"),
        "Where events of OpenLineage go: each step's beginning and end, with what it read and made. What cannot be delivered fails no run.",
        "OpenLineage 事件的去向：每个步骤的开始和结束，以及读取和生成的内容。无法送达不会使运行失败。",
        format =>
        {
            Property<string> file = format.Optional("file", Kinds.Text, "A file that events are appended to, one a line, relative to the project's folder.", "事件追加写入的文件，每行一个事件，相对于项目文件夹。");
            Property<string> url = format.Optional("url", Kinds.Text, "Where each event is posted, such as `https://marquez.example/api/v1/lineage`.", "逐个 POST 事件的地址，如 `https://marquez.example/api/v1/lineage`。");
            Property<string> key = format.Optional("api_key_variable", Kinds.Text, "The environment variable that holds the server's key, sent as a bearer token.", "存放服务器密钥的环境变量，作为 Bearer 令牌发送。");
            Property<string> space = format.Optional("namespace", Kinds.Text, "The namespace of the jobs; the project's name where it is not said.", "作业的命名空间；省略时为项目名称。");
            format.ExactlyOne(file, url);
            format.Needs(key, url);
            return values =>
            {
                Uri? server = null;
                if (values.Find(url) is { } text && (!Uri.TryCreate(text, UriKind.Absolute, out server) || server.Scheme is not ("http" or "https"))) throw values.Error(url, "jobs.openlineage_url", text);
                return new OpenLineageDefinition(values.Find(file), server, values.Find(key), values.Find(space));
            };
        });
}
