namespace Lepton.Data.Jobs.Drafts;

/// <summary>What a source's columns are taken for, and why. A guess that is not sure is left to the person, with what speaks for it.</summary>
internal sealed record SourceGuess
{
    // Pairs that may be a key are counted one by one.
    private const int PairsMax = 8;
    private const int RowsToBelieve = 50;

    private static readonly string[] s_keyWords = ["id", "key", "uuid", "guid", "code", "number", "no", "nr", "编号", "代码", "主键", "号", "号码"];
    private static readonly string[] s_entityWords = ["user", "customer", "client", "visitor", "driver", "device", "sensor", "station", "patient", "account", "member", "vehicle", "machine", "unit", "location", "site", "store", "shop", "product", "客户", "用户", "会员", "设备", "门店", "车辆", "商品"];
    private static readonly string[] s_createdWords = ["created", "inserted", "ingested", "loaded", "recorded", "known", "创建", "入库", "录入"];
    private static readonly string[] s_timeWords = ["event_time", "event_timestamp", "timestamp", "datetime", "time", "ts", "date", "ds", "时间", "日期"];
    private static readonly string[] s_otherTimes = ["birth", "dob", "expire", "expiry", "updated", "modified", "deleted", "出生", "生日", "到期", "更新"];

    /// <summary>Columns that together tell rows apart; empty where none were found.</summary>
    internal IReadOnlyList<ColumnFacts> Key { get; private init; } = [];

    /// <summary>Other columns that tell rows apart by themselves.</summary>
    internal IReadOnlyList<ColumnFacts> OtherKeys { get; private init; } = [];

    /// <summary>When what a row tells happened.</summary>
    internal ColumnFacts? EventTime { get; private init; }

    /// <summary>The time of day that belongs to <see cref="EventTime"/>'s date; null where that column says it all.</summary>
    internal ColumnFacts? TimeOfDay { get; private init; }

    internal IReadOnlyList<ColumnFacts> OtherTimes { get; private init; } = [];

    /// <summary>When it could first have been known.</summary>
    internal ColumnFacts? CreatedTime { get; private init; }

    /// <summary>What a row describes.</summary>
    internal ColumnFacts? Entity { get; private init; }

    internal IReadOnlyList<ColumnFacts> OtherEntities { get; private init; } = [];

    /// <summary>Rows whose entity and time an earlier row has already.</summary>
    internal long TiedRowCount { get; private init; }

    /// <summary>Makes the guesses.</summary>
    /// <param name="facts">Of the source.</param>
    /// <param name="distinctAsync">Counts the different combinations of columns.</param>
    /// <param name="cancellationToken">Handed on.</param>
    internal static async ValueTask<SourceGuess> MakeAsync(SourceFacts facts, Func<IReadOnlyList<string>, CancellationToken, ValueTask<long>> distinctAsync, CancellationToken cancellationToken)
    {
        ColumnFacts[] times = [.. facts.Columns.Select((column, i) => (Column: column, Score: TimeScore(column, facts), Index: i)).Where(scored => scored.Score > 0).OrderByDescending(scored => scored.Score).ThenBy(scored => scored.Index).Select(scored => scored.Column)];
        ColumnFacts? created = times.FirstOrDefault(column => Has(column, s_createdWords));
        ColumnFacts? happened = times.FirstOrDefault(column => column != created) ?? created;
        if (happened == created) created = null;
        ColumnFacts? clock = happened?.Shape.Kind == ShapeKind.Date ? TimeOfDayOf(happened, facts) : null;

        bool IsWhole(ColumnFacts column) => column.ValueCount == facts.FilledRowCount;
        ColumnFacts[] unique = [.. facts.Columns.Where(column => column.IsIdentifier && IsWhole(column) && facts.FilledRowCount > 1 && column.IsDistinctExact && column.DistinctCount == facts.FilledRowCount)];
        ColumnFacts[] keys = [.. unique.Where(column => IsNamed(column, s_keyWords) || (column == facts.Columns[0] && column.Shape.Kind == ShapeKind.Whole && facts.FilledRowCount >= RowsToBelieve)).OrderByDescending(column => IsNamed(column, s_keyWords))];
        ColumnFacts[] key = [.. keys.Take(1)];
        ColumnFacts[] entities = [.. facts.Columns.Where(column => column.IsIdentifier && column != clock && column.ValueCount >= facts.FilledRowCount / 2 && column.DistinctCount > 1 && column.DistinctCount <= 0.9 * facts.FilledRowCount && (IsNamed(column, s_keyWords) || Has(column, s_entityWords)))
            .OrderByDescending(column => Has(column, s_entityWords)).ThenByDescending(column => column.Name.Length > 2 && IsNamed(column, ["id"]))];
        string[] timeNames = happened is null ? [] : clock is null ? [happened.Name] : [happened.Name, clock.Name];
        if (key.Length == 0 && happened is not null && IsWhole(happened) && facts.FilledRowCount > 1)
        {
            ColumnFacts[] time = clock is null ? [happened] : [happened, clock];
            if (await distinctAsync(timeNames, cancellationToken).ConfigureAwait(false) == facts.FilledRowCount) key = time;
            else
            {
                // A name for what is described, and the time: the form of most histories.
                ColumnFacts[] named = [.. entities, .. facts.Columns.Where(column => column.Shape.Kind == ShapeKind.Text && !entities.Contains(column) && column.DistinctCount > 1 && column.DistinctCount <= facts.FilledRowCount / 2)];
                foreach (ColumnFacts column in named.Where(IsWhole).Take(PairsMax))
                {
                    if (await distinctAsync([column.Name, .. timeNames], cancellationToken).ConfigureAwait(false) != facts.FilledRowCount) continue;
                    key = [column, .. time];
                    break;
                }
            }
        }
        ColumnFacts? entity = key.Length > 1 && key[0] != happened ? key[0] : entities.Length > 0 ? entities[0] : key.Length == 1 && key[0] != happened ? key[0] : null;
        long tied = entity is null || happened is null || key.Contains(entity) ? 0
            : Math.Max(0, Math.Min(entity.ValueCount, happened.ValueCount) - await distinctAsync([entity.Name, .. timeNames], cancellationToken).ConfigureAwait(false));
        return new SourceGuess
        {
            Key = key,
            OtherKeys = [.. unique.Where(column => !key.Contains(column))],
            EventTime = happened,
            TimeOfDay = clock,
            OtherTimes = [.. times.Where(column => column != happened && column != created)],
            CreatedTime = created,
            Entity = entity,
            OtherEntities = [.. entities.Where(column => column != entity)],
            TiedRowCount = tied,
        };
    }

    private static int TimeScore(ColumnFacts column, SourceFacts facts)
    {
        if (!column.IsTime || column.ValueCount == 0) return 0;
        int score = 10;
        string name = column.Name.ToLowerInvariant();
        int word = Array.FindIndex(s_timeWords, candidate => name == candidate);
        if (word >= 0) score += 6 - Math.Min(word, 3);
        else if (name.EndsWith("_at", StringComparison.Ordinal) || s_timeWords.Any(candidate => name.Contains(candidate, StringComparison.Ordinal))) score += 2;
        if (column.Shape.Kind != ShapeKind.Date) score += 2;
        if (column.ValueCount == facts.FilledRowCount) score += 3;
        if (column.DistinctCount == 1) score -= 4;
        if (Has(column, s_otherTimes)) score -= 6;
        if (Has(column, s_createdWords)) score -= 2;
        return score;
    }

    // Beside each other, or called so.
    private static ColumnFacts? TimeOfDayOf(ColumnFacts date, SourceFacts facts)
    {
        ColumnFacts[] clocks = [.. facts.Columns.Where(column => column.Shape.Kind == ShapeKind.TimeOfDay && column.NullWords.Count == 0)];
        int at = facts.Columns.ToList().IndexOf(date);
        return clocks.FirstOrDefault(column => at + 1 < facts.Columns.Count && facts.Columns[at + 1] == column) ?? (clocks.Length == 1 ? clocks[0] : null);
    }

    private static bool Has(ColumnFacts column, string[] words) => words.Any(word => column.Name.Contains(word, StringComparison.OrdinalIgnoreCase));

    // A word of its own at the end: order_id, orderId, 订单号; not "paid".
    private static bool IsNamed(ColumnFacts column, string[] words)
        => words.Any(word => column.Name.EndsWith(word, StringComparison.OrdinalIgnoreCase) && (
            column.Name.Length == word.Length || !char.IsAscii(word[0]) || column.Name[^(word.Length + 1)] is '_' or '.' or '-' or ' '
            || (char.IsUpper(column.Name[^word.Length]) && char.IsLower(column.Name[^(word.Length + 1)]))));
}
