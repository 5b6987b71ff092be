using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.FeatureStore.Feast;

/// <summary>Turns the JSON form of Feast's registry (<c>feast.core.Registry</c>, as protobuf prints it) into YAML of ours. Python is not read.</summary>
internal sealed class FeastReader(string path)
{
    private const string Entity = "entity";
    private const string View = "feature view";
    private const string Service = "feature service";

    // What Feast puts in place of no entity.
    private const string Dummy = "__dummy";

    private static readonly JsonSerializerOptions s_quoting = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly (string Key, string What, BilingualText Why)[] s_unknown =
    [
        ("onDemandFeatureViews", "on demand feature view", new("its Python is not read: write it as SQL under on_demand_views", "不读取其中的 Python：请在 on_demand_views 中改写为 SQL")),
        ("streamFeatureViews", "stream feature view", new("streams are not carried over: write a pipeline for its table", "不转换流：请为其表编写流水线")),
        ("labelViews", "label view", new("write its SELECT as `labels` of a training set", "请把它写成训练集 `labels` 的 SELECT")),
        ("savedDatasets", "saved dataset", new("make a training set of its labels", "请用它的标签定义训练集")),
        ("validationReferences", "validation reference", new("write `expect` rules", "请编写 `expect` 规则")),
        ("permissions", "permission", new("policies are written anew", "访问策略需重新编写")),
    ];

    private readonly List<FeastNote> _notes = [];
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string[]> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _views = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _entities = new(StringComparer.Ordinal);
    private readonly StringBuilder _sources = new();
    private readonly StringBuilder _steps = new();

    internal FeastImport Read(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(utf8);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) throw new JsonException("there is no object");
            foreach (JsonElement entity in Specs(root, "entities")) AddEntity(entity);
            var views = new StringBuilder();
            int viewCount = Specs(root, "featureViews").Count(view => AddView(view, views));
            var services = new StringBuilder();
            int serviceCount = Specs(root, "featureServices").Count(service => AddService(service, services));
            foreach ((string key, string what, BilingualText why) in s_unknown)
                foreach (JsonElement spec in Specs(root, key)) Note($"{what} {Text(spec, "name")}", why);
            if (viewCount == 0) throw new JsonException("it holds no feature view that can be carried over");
            string features = $"# From a Feast registry. `lepton plan` shows what it changes.\n\nentities:\n{string.Concat(_entities.Values)}\nfeature_views:\n{views}{(services.Length > 0 ? $"\nfeature_services:\n{services}" : "")}";
            string? pipeline = _steps.Length == 0 ? null : $"# Brings the tables of features/feast.yaml. Feast takes times without a zone for UTC: where a run asks for one, write `columns: {{ created: {{ zone: UTC }} }}` beside the path.\npipeline: feast\n\nsources:\n{_sources}\nsteps:\n{_steps}";
            return new FeastImport(features, pipeline, (_entities.Count, viewCount, serviceCount), _notes);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            throw new LeptonDataException("featurestore.feast_broken", [path, failure.Message], failure);
        }
    }

    private void AddEntity(JsonElement spec)
    {
        string name = Text(spec, "name");
        if (name is Dummy or "") return;
        string[] keys = Texts(spec, "joinKeys") is { Length: > 0 } several ? several : [Text(spec, "joinKey") is { Length: > 0 } one ? one : name];
        _keys[name] = keys;
        _entities[Fit(name, Entity)] = $"  {Fit(name, Entity)}:\n    keys: {List(keys)}\n{Notes(spec)}";
    }

    private bool AddView(JsonElement spec, StringBuilder yaml)
    {
        string name = Text(spec, "name"), what = $"{View} {name}";
        string[] entities = [.. Texts(spec, "entities").Where(entity => entity != Dummy)];
        string[] features = [.. Items(spec, "features").Select(feature => Text(feature, "name"))];
        string[] unknown = [.. entities.Where(entity => !_keys.ContainsKey(entity))];
        if (entities.Length == 0 || unknown.Length > 0 || features.Length == 0)
        {
            Note(what, entities.Length == 0 ? new("a view without an entity has no key to be joined by", "没有实体的视图没有可用于连接的键")
                : features.Length == 0 ? new("it lists no features", "未列出特征")
                : new($"the registry has no entity {string.Join(", ", unknown)}", $"注册表中没有实体 {string.Join(", ", unknown)}"));
            return false;
        }
        JsonElement source = spec.TryGetProperty("batchSource", out JsonElement batch) ? batch : default;
        string eventTime = Text(source, "timestampField") is { Length: > 0 } field ? field : Text(source, "eventTimestampColumn");
        if (eventTime.Length == 0)
        {
            Note(what, new("its source names no timestamp field", "其数据源未指定时间戳列"));
            return false;
        }
        string createdTime = Text(source, "createdTimestampColumn");
        if (createdTime.Length == 0) Note(what, new("it has no created timestamp: `created_time: none` promises that a row was known when it happened; make sure that it was", "没有创建时间戳：`created_time: none` 表示发生时就已可知，请确认属实"));
        if (spec.TryGetProperty("streamSource", out _)) Note(what, new("its stream source is not carried over", "不转换其流数据源"));
        string entity = EntityOf(entities);
        string view = Fit(name, View);
        _views[name] = view;
        string[] keys = [.. entities.SelectMany(one => _keys[one]).Distinct(StringComparer.Ordinal)];
        yaml.Append(CultureInfo.InvariantCulture, $"  {view}:\n    entity: {entity}\n    table: {view}\n    event_time: {Word(eventTime)}\n    created_time: {(createdTime.Length == 0 ? "none" : Word(createdTime))}\n");
        if (DurationOf(Text(spec, "ttl")) is { } ttl) yaml.Append(CultureInfo.InvariantCulture, $"    ttl: {Quantities.DurationText(ttl)}\n");
        yaml.Append(CultureInfo.InvariantCulture, $"    features: {List(features)}\n{Notes(spec)}");
        AddTable(view, what, source, [.. keys, eventTime, .. createdTime.Length == 0 ? (string[])[] : [createdTime], .. features]);
        return true;
    }

    // Feast joins by all entities of a view; here these are one entity with all their keys.
    private string EntityOf(string[] entities)
    {
        if (entities is [var only]) return Fit(only, Entity);
        string name = Fit(string.Join('+', entities), Entity);
        _entities.TryAdd(name, $"  {name}:\n    keys: {List(entities.SelectMany(entity => _keys[entity]).Distinct(StringComparer.Ordinal))}\n");
        return name;
    }

    private void AddTable(string view, string what, JsonElement source, string[] columns)
    {
        JsonElement file = source.TryGetProperty("fileOptions", out JsonElement options) ? options : default;
        string uri = Text(file, "uri") is { Length: > 0 } modern ? modern : Text(file, "fileUrl");
        if (uri.Length == 0)
        {
            string type = Text(source, "type") is { Length: > 0 } known ? known : "?";
            Note(what, new($"its source ({type}) is no file: write a pipeline that makes the table {view}", $"其数据源（{type}）不是文件：请编写生成表 {view} 的流水线"));
            return;
        }
        string format = uri.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) ? "csv" : "parquet";
        if (uri.StartsWith("file://", StringComparison.Ordinal)) uri = uri["file://".Length..];
        // The mapping says what a column of the file is called.
        Dictionary<string, string> inFile = source.TryGetProperty("fieldMapping", out JsonElement mapping) && mapping.ValueKind == JsonValueKind.Object
            ? mapping.EnumerateObject().Where(pair => pair.Value.ValueKind == JsonValueKind.String).DistinctBy(pair => pair.Value.GetString()).ToDictionary(pair => pair.Value.GetString()!, pair => pair.Name, StringComparer.Ordinal)
            : [];
        string select = string.Join(", ", columns.Distinct(StringComparer.Ordinal).Select(column => inFile.TryGetValue(column, out string? other) ? $"{SqlLiteral.Name(other)} AS {SqlLiteral.Name(column)}" : SqlLiteral.Name(column)));
        _sources.Append(CultureInfo.InvariantCulture, $"  {view}_file: {{ format: {format}, path: {Quoted(uri)} }}\n");
        _steps.Append(CultureInfo.InvariantCulture, $"  {view}:\n    sql: |\n      SELECT {select}\n      FROM {view}_file\n");
    }

    private bool AddService(JsonElement spec, StringBuilder yaml)
    {
        string name = Text(spec, "name"), what = $"{Service} {name}";
        var references = new List<string>();
        foreach (JsonElement projection in Items(spec, "features"))
        {
            string view = Text(projection, "featureViewName");
            if (!_views.TryGetValue(view, out string? known))
            {
                Note(what, new($"without the features of {view}, which was not carried over", $"不含未转换的 {view} 的特征"));
                continue;
            }
            string[] features = [.. Items(projection, "featureColumns").Select(column => Text(column, "name"))];
            string alias = Text(projection, "featureViewNameAlias");
            string[] keys = projection.TryGetProperty("joinKeyMap", out JsonElement map) ? [.. map.EnumerateObject().Select(pair => $"{Word(pair.Name)}: {Word(Text(map, pair.Name))}")] : [];
            if (alias.Length == 0 && keys.Length == 0) references.AddRange(features.Length == 0 ? [known] : features.Select(feature => Word($"{known}:{feature}")));
            else references.Add($"{{ view: {known}, prefix: {(alias.Length == 0 ? known : Fit(alias, "alias"))}, keys: {{ {string.Join(", ", keys)} }}{(features.Length == 0 ? "" : $", features: {List(features)}")} }}");
        }
        if (references.Count == 0)
        {
            Note(what, new("none of its views was carried over", "其视图均未转换"));
            return false;
        }
        string service = Fit(name, Service);
        yaml.Append(CultureInfo.InvariantCulture, $"  {service}:\n    features: [{string.Join(", ", references.Distinct(StringComparer.Ordinal))}]\n{Notes(spec)}");
        return true;
    }

    private static string Notes(JsonElement spec)
    {
        var text = new StringBuilder();
        foreach (string key in (string[])["description", "owner"])
            if (Text(spec, key) is { Length: > 0 } said) text.Append(CultureInfo.InvariantCulture, $"    {key}: {Quoted(said)}\n");
        if (spec.TryGetProperty("tags", out JsonElement tags) && tags.ValueKind == JsonValueKind.Object)
        {
            string[] pairs = [.. tags.EnumerateObject().Where(tag => tag.Value.ValueKind == JsonValueKind.String && tag.Name.Length > 0 && tag.Value.GetString()!.Length > 0).Select(tag => $"{Quoted(tag.Name)}: {Quoted(tag.Value.GetString()!)}")];
            if (pairs.Length > 0) text.Append(CultureInfo.InvariantCulture, $"    tags: {{ {string.Join(", ", pairs)} }}\n");
        }
        return text.ToString();
    }

    // Protobuf writes durations as seconds; 0 is Feast's word for no limit.
    private static TimeSpan? DurationOf(string text)
    {
        if (!text.EndsWith('s') || !decimal.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds) || seconds <= 0) return null;
        return new TimeSpan((long)(seconds * TimeSpan.TicksPerSecond));
    }

    /// <summary>A name as ours are: small letters, digits and underscores, a letter first.</summary>
    private string Fit(string name, string what)
    {
        if (_names.TryGetValue($"{what} {name}", out string? known)) return known;
        string fit = string.Concat(name.Normalize().Select(letter => char.IsAsciiLetterOrDigit(letter) ? char.ToLowerInvariant(letter) : '_')).TrimStart('_');
        while (fit.Contains("__", StringComparison.Ordinal)) fit = fit.Replace("__", "_", StringComparison.Ordinal);
        if (fit.Length == 0 || !char.IsAsciiLetterLower(fit[0])) fit = $"f_{fit}".TrimEnd('_');
        // `--features NAME` takes a service as well as a view.
        if (what == Service && IsTaken(View, fit)) fit += "_service";
        string free = fit;
        for (int number = 2; IsTaken(what, free); number++) free = string.Create(CultureInfo.InvariantCulture, $"{fit}_{number}");
        _names.Add($"{what} {name}", free);
        if (free != name) Note($"{what} {name}", new($"is called {free} here", $"在此称为 {free}"));
        return free;
    }

    private bool IsTaken(string what, string name) => _names.Any(other => other.Key.StartsWith($"{what} ", StringComparison.Ordinal) && other.Value == name);

    private void Note(string what, BilingualText text) => _notes.Add(new FeastNote(what, text));

    private static IEnumerable<JsonElement> Specs(JsonElement root, string key) => Items(root, key).Select(item => item.ValueKind == JsonValueKind.Object && item.TryGetProperty("spec", out JsonElement spec) ? spec : item);

    private static JsonElement[] Items(JsonElement json, string key)
        => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(key, out JsonElement items) && items.ValueKind == JsonValueKind.Array ? [.. items.EnumerateArray()] : [];

    private static string Text(JsonElement json, string key)
        => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static string[] Texts(JsonElement json, string key) => [.. Items(json, key).Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)];

    private static string List(IEnumerable<string> words) => $"[{string.Join(", ", words.Select(Word))}]";

    // Bare where no reader of YAML could take it for anything else.
    private static string Word(string word)
        => word.Length > 0 && word.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_') && char.IsAsciiLetter(word[0]) && word.ToLowerInvariant() is not ("true" or "false" or "null" or "yes" or "no" or "on" or "off" or "y" or "n") ? word : Quoted(word);

    private static string Quoted(string text) => JsonSerializer.Serialize(text, s_quoting);
}
