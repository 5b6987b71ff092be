using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>What can be said of label rows from their columns alone, before any work is done.</summary>
internal static class LabelChecks
{
    // A SELECT of the join has keys, times and places beside the features.
    private const int ColumnsMax = Binder.ColumnCountMax - 100;

    internal static void Check(Schema labels, string eventTime, IReadOnlyList<ViewJoin> views, IReadOnlyDictionary<string, Input> tables, SourcePlace? place)
    {
        Field time = labels.Find(eventTime)
            ?? throw FeatureResolver.Unknown("featurestore.label_time_missing", eventTime, labels.Fields.Select(field => field.Name), place);
        if (time.Type is not InstantType) throw new LeptonDataException(CodeOf(time.Type), [time.Name, time.Type]) { Place = place };
        foreach (Field field in labels.Fields)
        {
            if (field.Name.StartsWith("__", StringComparison.Ordinal)) throw new LeptonDataException("featurestore.label_column_ours", [field.Name]) { Place = place };
            if (IsNested(field.Type)) throw new LeptonDataException("featurestore.label_column_nested", [field.Name, field.Type]) { Place = place };
            if (field.Type is NaiveTimeType) throw new LeptonDataException("featurestore.label_column_naive", [field.Name]) { Place = place };
        }
        int columns = labels.Count + views.Sum(view => view.Columns.Count());
        if (columns > ColumnsMax) throw new LeptonDataException("featurestore.too_many_columns", [columns, ColumnsMax]) { Place = place };
        foreach (ViewJoin join in views)
        {
            foreach (string column in join.Columns)
                if (labels.Find(column) is not null) throw new LeptonDataException("featurestore.label_column_taken", [column, join.View.Name]) { Place = place };
            CheckKeys(labels, join, tables[join.View.Table.ToString()].Schema, place);
        }
    }

    // What to do differs by what the column is.
    private static string CodeOf(DataType type) => type switch
    {
        IntegerType => "featurestore.label_time_number",
        StringType => "featurestore.label_time_text",
        NaiveTimeType => "featurestore.label_time_naive",
        DateType => "featurestore.label_time_date",
        _ => "featurestore.label_time_type",
    };

    /// <summary>Whether values of the two types can be equal by type: the same type, or integers of any width.</summary>
    internal static bool AreComparable(DataType left, DataType right) => left == right || (left is IntegerType && right is IntegerType);

    /// <summary>Whether a batch cannot hold the type.</summary>
    internal static bool IsNested(DataType type) => type.Id is TypeId.Struct or TypeId.List or TypeId.FixedSizeList or TypeId.Map;

    private static void CheckKeys(Schema labels, ViewJoin join, Schema table, SourcePlace? place)
    {
        for (int i = 0; i < join.Entity.Keys.Count; i++)
        {
            string key = join.Entity.Keys[i];
            Field label = labels.Find(key)
                ?? throw FeatureResolver.Unknown("featurestore.label_key_missing", key, labels.Fields.Select(field => field.Name), place, join.Entity.Name);
            DataType expected = table.Find(join.View.KeyColumns[i])!.Type;
            if (!AreComparable(label.Type, expected))
                throw new LeptonDataException("featurestore.label_key_type", [label.Name, label.Type, join.View.Name, join.View.KeyColumns[i], expected]) { Place = place };
        }
    }
}
