using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;

namespace Lepton.Data.FeatureStore.Definitions;

/// <summary>The keys of <c>features/*.yaml</c>, what each takes and means.</summary>
public static class DefinitionFormats
{
    // Before the formats that use it: static fields are filled in the order of the text.
    private static RecordFormat<EquatableList<FeatureReference>> Reference { get; } = RecordFormat.Declare<EquatableList<FeatureReference>>(
        new("reference", "引用"), "A view under another prefix and by other key columns, so that it can be joined more than once.", "以另一个前缀和其他键列引用的视图，使同一视图可以连接多次。", format =>
        {
            Property<string> view = format.Required("view", Kinds.Text, "The view, or `view@v1` for a version of it.", "视图；`view@v1` 表示它的某个版本。");
            Property<string> prefix = format.Required("prefix", Kinds.Name, "What the output columns begin with instead of the view's name.", "输出列以它代替视图名开头。");
            Property<EquatableList<Entry<string>>> keys = format.Optional(
                "keys", Kinds.MapByText(Kinds.Text), "{}", "The labels' column for each key of the entity whose name differs.", "实体的键与标签列名不同时，键对应的标签列。");
            Property<EquatableList<string>> features = format.Optional("features", Kinds.List(Kinds.Text, countMin: 1), "Features of the view; all of them where it is left out.", "视图的特征；省略则为全部。");
            return values =>
            {
                var columns = new EquatableList<KeyColumn>(values.Get(keys).Select(key => new KeyColumn(key.Name, key.Value)));
                FeatureReference reference = FeatureReference.ParseView(values.Get(view)) with { Prefix = values.Get(prefix), Keys = columns.Count == 0 ? null : columns };
                return values.Find(features) is { } names ? new EquatableList<FeatureReference>(names.Select(name => reference with { Feature = name })) : [reference];
            };
        });

    private static ValueKind<EquatableList<FeatureReference>> References { get; } = Kinds.List(Reference.Or(Kinds.Text.Select(text => new EquatableList<FeatureReference>([FeatureReference.Parse(text)]))), countMin: 1)
        .Select(items => new EquatableList<FeatureReference>(items.SelectMany(item => item)));

    internal static RecordFormat<Func<string, SourcePlace, Entity>> Entity { get; } = RecordFormat.Declare<Func<string, SourcePlace, Entity>>(
        new("entity", "实体"), "A thing that features describe.", "特征所描述的对象。", format =>
        {
            Property<EquatableList<Located<string>>> keys = format.Required("keys", Kinds.List(Kinds.Text.WithPlace(), countMin: 1), "The columns that identify it, in order.", "标识该对象的列，按顺序。");
            Func<RecordValues, Notes> notes = DeclareNotes(format);
            return values =>
            {
                EquatableList<string> names = Distinct(values.Get(keys), "featurestore.key_twice");
                return (name, place) => new Entity(name, names) { Notes = notes(values), Place = place };
            };
        });

    internal static RecordFormat<ViewText> View { get; } = RecordFormat.Declare<ViewText>(
        new("feature view", "特征视图"), "Named features from one table, and when its rows become visible.", "来自一张表的一组命名特征，以及其行何时可见。", format =>
        {
            Property<Located<string>> entity = format.Required("entity", Kinds.Name.WithPlace(), "The entity that the features describe.", "特征所描述的实体。");
            Property<Located<TableName>> table = format.Required("table", Kinds.Table.WithPlace(), "The table that holds them.", "存放特征的表。");
            Property<Located<string>> eventTime = format.Optional(
                "event_time", Kinds.Text.WithPlace(), "The column of when it happened. Without it the view is not point-in-time and is joined by key alone.", "事件发生时间所在的列。没有该列则视图不是时间点正确的，只按键连接。");
            Property<Located<string>> createdTime = format.Optional(
                "created_time", Kinds.Text.WithPlace(), "The column of when it could first have been known, or `none`: then a row is taken as known as soon as it happened. Required with event_time; there is no default.", "最早可获知该行的时间所在的列，或 `none`：即认为事件发生时就已获知。有 event_time 时必填，没有默认值。");
            Property<Located<TimeSpan>> ttl = format.Optional("ttl", Kinds.Duration.WithPlace(), "How old a value may be at the label's time; older ones are expired.", "在标签时刻允许的最大年龄；更旧的值视为过期。");
            Property<Located<string>> sequence = format.Optional("sequence", Kinds.Text.WithPlace(), "A BIGINT column that orders rows of equal event and created time.", "在事件时间和获知时间相同时用于排序的 BIGINT 列。");
            Property<bool> strict = format.Optional("strict", Kinds.Boolean, "false", "Whether a value at exactly the label's time counts as still to come.", "恰好在标签时刻发生的值是否视为尚未发生。");
            Property<bool> skipNulls = format.Optional("skip_nulls", Kinds.Boolean, "false", "Whether each feature looks further back past rows where it is NULL.", "特征为 NULL 时是否继续向更早的行查找。");
            Property<EquatableList<Entry<Located<string>>>> keys = format.Optional(
                "keys", Kinds.MapByText(Kinds.Text.WithPlace()), "{}", "The table's column for each key of the entity whose name differs.", "实体的键与表中列名不同时，键对应的列。");
            Property<EquatableList<Located<string>>> features = format.Required("features", Kinds.List(Kinds.Text.WithPlace(), countMin: 1), "Columns of the table.", "表中的列。");
            Func<RecordValues, Notes> notes = DeclareNotes(format);
            foreach (Property property in (Property[])[createdTime, ttl, sequence, strict, skipNulls]) format.Needs(property, eventTime);
            return values =>
            {
                if (values.Has(eventTime) && !values.Has(createdTime)) throw values.Error(eventTime, "featurestore.created_time_missing");
                if (values.Find(ttl) is { } age && age.Value <= TimeSpan.Zero) throw values.Error(ttl, "featurestore.ttl_not_positive");
                return new ViewText
                {
                    Entity = values.Get(entity),
                    Table = values.Get(table),
                    EventTime = values.Find(eventTime),
                    CreatedTime = values.Find(createdTime),
                    Ttl = values.Find(ttl)?.Value,
                    Sequence = values.Find(sequence),
                    IsStrict = values.Get(strict),
                    SkipsNulls = values.Get(skipNulls),
                    Keys = values.Get(keys),
                    Features = values.Get(features),
                    Notes = notes(values),
                };
            };
        });

    internal static RecordFormat<Func<string, SourcePlace, OnDemandView>> OnDemand { get; } = RecordFormat.Declare<Func<string, SourcePlace, OnDemandView>>(
        new("on-demand view", "按需特征视图"), "Features that are computed from joined ones and from columns of the labels, row by row.", "由已连接的特征和标签的列逐行计算的特征。", format =>
        {
            Property<EquatableList<FeatureReference>> reads = format.Optional("reads", References, "Views that it reads, as a service names them; joined even where nobody asks for them.", "所读取的视图，写法与服务相同；即使没有被要求输出也会连接。");
            Property<EquatableList<Entry<Located<DataType>>>> inputs = format.Optional("inputs", Kinds.MapByText(Kinds.Type.WithPlace()), "{}", "Columns of the labels that it reads, each with its type.", "所读取的标签列及其类型。");
            Property<EquatableList<Entry<TextWithPlace>>> features = format.Required("features", Kinds.MapByName(Kinds.Sql, countMin: 1), "For each feature one SQL expression over `view__feature`, `view__status` and the inputs.", "每个特征一个 SQL 表达式，可用 `view__feature`、`view__status` 和输入列。");
            Func<RecordValues, Notes> notes = DeclareNotes(format);
            return values =>
            {
                if (values.Find(inputs) is { } given && given.GroupBy(input => input.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is { } twice)
                    throw new LeptonDataException("featurestore.on_demand_input_twice", [twice.Key]) { Place = twice.Last().Value.Place };
                return (name, place) => new OnDemandView(name, new EquatableList<OnDemandFeature>(values.Get(features).Select(feature => new OnDemandFeature(feature.Name, new SqlText(feature.Value.Text, feature.Value.Start, feature.Value.Indent)))))
                {
                    Reads = values.Find(reads) ?? [],
                    Inputs = new EquatableList<RequestColumn>(values.Get(inputs).Select(input => new RequestColumn(input.Name, input.Value.Value))),
                    Notes = notes(values),
                    Place = place,
                };
            };
        });

    internal static RecordFormat<Func<string, SourcePlace, FeatureService>> Service { get; } = RecordFormat.Declare<Func<string, SourcePlace, FeatureService>>(
        new("feature service", "特征服务"), "The features of one model.", "一个模型所用的特征。", format =>
        {
            Property<EquatableList<FeatureReference>> features = format.Required("features", References, "Views, or single features as `view:feature`; `view@v1` for a version of a view; a view with a prefix and key columns of its own as `{view, prefix, keys}`.", "视图，或写作 `view:feature` 的单个特征；`view@v1` 表示视图的某个版本；带有自己的前缀和键列的视图写作 `{view, prefix, keys}`。");
            Func<RecordValues, Notes> notes = DeclareNotes(format);
            return values => (name, place) => new FeatureService(name, values.Get(features)) { Notes = notes(values), Place = place };
        });

    internal static RecordFormat<SplitPartText> Split { get; } = RecordFormat.Declare<SplitPartText>(
        new("split", "划分"), "Rows of a training set: up to a bound of time, or a share of all.", "训练集的一部分行：某一时间界限之前，或占全部的一定比例。", format =>
        {
            Property<Located<EventTime>> before = format.Optional("before", Kinds.Instant.WithPlace(), "Rows with an earlier event time, from the bound before on. The last split may go without and takes the rest.", "事件时间早于该时刻、且不早于前一界限的行。最后一个划分可以省略，取其余全部。");
            Property<Located<double>> share = format.Optional("share", Kinds.Percent.WithPlace(), "How much of all rows, drawn by `seed` and row (or `groups`) alone. Write all splits with shares that add up to 100%, or none.", "占全部行的比例，只由 `seed` 和行（或 `groups`）决定。所有划分都写比例且合计 100%，或都不写。");
            format.AtMostOne(before, share);
            return values => new SplitPartText(values.Find(before)?.Value, values.Find(share));
        });

    internal static RecordFormat<SampleDefinition> Sample { get; } = RecordFormat.Declare<SampleDefinition>(
        new("sample", "抽样"), "Some of the labels instead of all; the same ones each time.", "只取部分标签；每次都相同。", format =>
        {
            Property<long> rows = format.Optional("rows", Kinds.Integer(min: 1), "How many rows.", "取多少行。");
            Property<Located<double>> share = format.Optional("share", Kinds.Percent.WithPlace(), "How many of all.", "取多大比例。");
            Property<EquatableList<string>> groups = format.Optional("groups", Kinds.OneOrMore(Kinds.Text), "With a share: label columns whose equal values are drawn together.", "与比例一起使用：取值相同的行一起抽取的标签列。");
            format.ExactlyOne(rows, share);
            format.Needs(groups, share);
            return values => new SampleDefinition(values.Find(rows), values.Find(share) is { } part ? ShareOf(part) : null) { Groups = values.Find(groups) ?? [] };
        });

    internal static RecordFormat<WeightDefinition> Weight { get; } = RecordFormat.Declare<WeightDefinition>(
        new("weight", "权重"), "How much each row counts, as a column `weight`.", "每行的权重，写入 `weight` 列。", format =>
        {
            Property<string> balance = format.Required("balance", Kinds.Text, "A label column: each of its values weighs as much in all within a split, as rows / (values × rows of the value).", "一个标签列：在每个划分中它的每个取值总权重相等，即 行数 /（取值个数 × 该取值的行数）。");
            return values => new WeightDefinition(values.Get(balance));
        });

    internal static RecordFormat<Func<string, SourcePlace, TrainingSetDefinition>> TrainingSet { get; } = RecordFormat.Declare<Func<string, SourcePlace, TrainingSetDefinition>>(
        new("training set", "训练集"), "Labels, and the features to be joined to them.", "标签，以及要连接到标签上的特征。", format =>
        {
            Property<string> service = format.Optional("service", Kinds.Name, "The service whose features are joined.", "要连接其特征的服务。");
            Property<EquatableList<FeatureReference>> features = format.Optional("features", References, "The features, instead of a service.", "直接列出特征，代替服务。");
            Property<TextWithPlace> labels = format.Required("labels", Kinds.Sql, "One SELECT with a total ORDER BY: the join keys, the event time, and the label's own columns.", "一个带有全序 ORDER BY 的 SELECT：连接键、事件时间和标签自己的列。");
            Property<string> eventTime = format.Required("event_time", Kinds.Text, "The labels' column that says when features must have been known.", "标签中表示特征须在何时之前已知的列。");
            Property<EquatableList<Entry<SplitPartText>>> split = format.Optional("split", Kinds.MapByName(Split.ToValueKind(), countMin: 1), "Named parts, in order: by event time with `before`, or by a draw with `share`. Adds the column `split`.", "按顺序命名的部分：用 `before` 按事件时间划分，或用 `share` 按比例抽取。增加 `split` 列。");
            Property<long> folds = format.Optional("folds", Kinds.Integer(2, 1000), "Instead of `split`: so many equal parts `fold_1`, `fold_2`…, drawn.", "代替 `split`：抽取为若干等份 `fold_1`、`fold_2`……。");
            Property<Located<TimeSpan>> gap = format.Optional("gap", Kinds.Duration.WithPlace(), "With bounds of time: rows less than this before a bound are left out, unless it is the last.", "与时间界限一起使用：界限之前不足该时长的行被排除，最后一个界限除外。");
            Property<EquatableList<string>> groups = format.Optional("groups", Kinds.OneOrMore(Kinds.Text), "With shares or folds: label columns (such as an entity's keys) whose equal values stay in one part.", "与比例或折一起使用：取值相同的行留在同一部分的标签列（如实体的键）。");
            Property<string> stratify = format.Optional("stratify", Kinds.Text, "With shares or folds: a label column of whose every value each part has its share.", "与比例或折一起使用：按该标签列的每个取值分层。");
            Property<SampleDefinition> sample = format.Optional("sample", Sample.ToValueKind(), "Some of the labels instead of all.", "只取部分标签。");
            Property<WeightDefinition> weight = format.Optional("weight", Weight.ToValueKind(), "Adds the column `weight`.", "增加 `weight` 列。");
            Property<Located<TimeSpan>> horizon = format.Optional("horizon", Kinds.Duration.WithPlace(), "How long after its event time a label is known. A row whose label was not known yet at the bound of its split is left out, unless it is the last bound.", "标签在事件时间之后多久才可知。在所属划分的界限处标签尚不可知的行被排除，最后一个界限除外。");
            Property<long> seed = format.Optional("seed", Kinds.Integer(), "0", "Chooses another draw, for `sample`, shares and folds.", "为 `sample`、比例和折选择另一次抽取。");
            Func<RecordValues, Notes> notes = DeclareNotes(format);
            format.ExactlyOne(service, features);
            format.AtMostOne(split, folds);
            format.AtMostOne(groups, stratify);
            format.Needs(gap, split);
            return values =>
            {
                SplitDefinition? shared = values.Find(folds) is { } count ? SplitDefinition.Folds((int)count) : values.Find(split) is { } parts ? SplitParts.Read(parts) : null;
                if (shared is not { IsByTime: false } && values.Has(groups)) throw values.Error(groups, "featurestore.split_not_drawn", "groups");
                if (shared is not { IsByTime: false } && values.Has(stratify)) throw values.Error(stratify, "featurestore.split_not_drawn", "stratify");
                if (shared is { IsByTime: false } && values.Has(gap)) throw values.Error(gap, "featurestore.gap_without_bounds");
                foreach (Property<Located<TimeSpan>> span in (Property<Located<TimeSpan>>[])[gap, horizon])
                    if (values.Find(span) is { } length && length.Value <= TimeSpan.Zero) throw values.Error(span, "featurestore.duration_not_positive", span.Key);
                if (shared is not null) shared = shared with { Gap = values.Find(gap)?.Value ?? TimeSpan.Zero, Groups = values.Find(groups) ?? [], Stratify = values.Find(stratify) };
                TextWithPlace text = values.Get(labels);
                return (name, place) => new TrainingSetDefinition(name, new SqlText(text.Text, text.Start, text.Indent), values.Get(eventTime))
                {
                    Service = values.Find(service),
                    Features = values.Find(features) ?? [],
                    Split = shared,
                    Sample = values.Find(sample),
                    Weight = values.Find(weight),
                    Horizon = values.Find(horizon)?.Value ?? TimeSpan.Zero,
                    Seed = values.Get(seed),
                    Notes = notes(values),
                    Place = place,
                };
            };
        });

    internal static RecordFormat<FileText> File { get; } = RecordFormat.Declare<FileText>(
        new("feature file", "特征文件"), "Entities, feature views, on-demand views, feature services and training sets.", "实体、特征视图、按需特征视图、特征服务和训练集。", format =>
        {
            Property<EquatableList<Entry<Func<string, SourcePlace, Entity>>>> entities = format.Optional("entities", Kinds.MapByName(Entity.ToValueKind()), "{}", "Entities by name.", "按名称给出的实体。");
            Property<EquatableList<Entry<ViewText>>> views = format.Optional("feature_views", Kinds.MapByName(View.ToValueKind()), "{}", "Feature views by name.", "按名称给出的特征视图。");
            Property<EquatableList<Entry<Func<string, SourcePlace, OnDemandView>>>> onDemand = format.Optional("on_demand_views", Kinds.MapByName(OnDemand.ToValueKind()), "{}", "On-demand views by name.", "按名称给出的按需特征视图。");
            Property<EquatableList<Entry<Func<string, SourcePlace, FeatureService>>>> services = format.Optional("feature_services", Kinds.MapByName(Service.ToValueKind()), "{}", "Feature services by name.", "按名称给出的特征服务。");
            Property<EquatableList<Entry<Func<string, SourcePlace, TrainingSetDefinition>>>> trainingSets = format.Optional("training_sets", Kinds.MapByName(TrainingSet.ToValueKind()), "{}", "Training sets by name.", "按名称给出的训练集。");
            return values => new FileText(values.Get(entities), values.Get(views), values.Get(onDemand), values.Get(services), values.Get(trainingSets));
        });

    /// <summary>The format of a whole file, for editors and documentation.</summary>
    public static RecordFormat FeatureFile => File;

    internal static EquatableList<string> Distinct(EquatableList<Located<string>> words, string code)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (Located<string> word in words)
            if (!seen.Add(word.Value)) throw new LeptonDataException(code, [word.Value]) { Place = word.Place };
        return new EquatableList<string>(words.Select(word => word.Value));
    }

    /// <summary>A share as it was written, more than nothing and at most all.</summary>
    internal static double ShareOf(Located<double> share)
        => share.Value is > 0 and <= 1 ? share.Value : throw new LeptonDataException("featurestore.share_range", []) { Place = share.Place };

    private static Func<RecordValues, Notes> DeclareNotes(RecordFormatBuilder format)
    {
        Property<string> description = format.Optional("description", Kinds.Text, "What people should know of it.", "供人阅读的说明。");
        Property<string> owner = format.Optional("owner", Kinds.Text, "Who answers for it.", "负责人。");
        Property<EquatableList<Entry<string>>> tags = format.Optional("tags", Kinds.MapByText(Kinds.Text), "{}", "Words to find it by, each with a value.", "便于查找的标签及其取值。");
        return values => new Notes
        {
            Description = values.Find(description),
            Owner = values.Find(owner),
            Tags = new EquatableList<Tag>(values.Get(tags).Select(tag => new Tag(tag.Name, tag.Value)).OrderBy(tag => tag.Name, StringComparer.Ordinal)),
        };
    }
}

/// <summary>A view as a file says it: the entity may stand in another file.</summary>
internal sealed record ViewText
{
    internal required Located<string> Entity { get; init; }

    internal required Located<TableName> Table { get; init; }

    internal Located<string>? EventTime { get; init; }

    internal Located<string>? CreatedTime { get; init; }

    internal TimeSpan? Ttl { get; init; }

    internal Located<string>? Sequence { get; init; }

    internal bool IsStrict { get; init; }

    internal bool SkipsNulls { get; init; }

    internal required EquatableList<Entry<Located<string>>> Keys { get; init; }

    internal required EquatableList<Located<string>> Features { get; init; }

    internal required Notes Notes { get; init; }
}

/// <summary>What one file says.</summary>
internal sealed record FileText(
    EquatableList<Entry<Func<string, SourcePlace, Entity>>> Entities,
    EquatableList<Entry<ViewText>> Views,
    EquatableList<Entry<Func<string, SourcePlace, OnDemandView>>> OnDemandViews,
    EquatableList<Entry<Func<string, SourcePlace, FeatureService>>> Services,
    EquatableList<Entry<Func<string, SourcePlace, TrainingSetDefinition>>> TrainingSets);
