using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>What to join and what to compute from it, held against the tables: each expression is bound, and what none takes is not joined.</summary>
/// <param name="Views">What to join.</param>
/// <param name="OnDemandViews">As they were resolved.</param>
/// <param name="Computed">The on-demand features, in order.</param>
internal sealed record BoundFeatures(IReadOnlyList<ViewJoin> Views, IReadOnlyList<OnDemandView> OnDemandViews, IReadOnlyList<ComputedFeature> Computed)
{
    /// <param name="features">What names mean.</param>
    /// <param name="tableOf">The columns of a view's table.</param>
    /// <param name="binder">Binds the expressions.</param>
    /// <param name="access">On whose behalf.</param>
    /// <exception cref="LeptonDataException">An expression that does not fit, at its place.</exception>
    internal static BoundFeatures Bind(ResolvedFeatures features, Func<TableName, Schema> tableOf, Binder binder, AccessContext access)
    {
        if (features.OnDemandViews.Count == 0) return new BoundFeatures(features.Views, [], []);
        var computed = new List<ComputedFeature>();
        foreach (OnDemandView view in features.OnDemandViews)
        {
            Schema row = RowOf(view, features.Views, tableOf);
            foreach (OnDemandFeature feature in view.Features)
            {
                RowExpression expression = RowExpression.Bind(binder, feature.Expression, view.ColumnOf(feature.Name), row, access);
                if (expression.Field.Type is NaiveTimeType) throw new LeptonDataException("featurestore.on_demand_naive", [expression.Field.Name]) { Place = feature.Expression.Start };
                if (features.Views.FirstOrDefault(join => join.View.SkipsNulls && join.View.IsPointInTime && Takes(expression, join.View.StatusColumn)) is { } skips)
                    throw new LeptonDataException("featurestore.on_demand_status", [expression.Field.Name, skips.View.Name]) { Place = feature.Expression.Start };
                computed.Add(new ComputedFeature(view.Name, feature.Name, expression));
            }
        }
        return new BoundFeatures([.. features.Views.Select(join => Needed(join, computed)).OfType<ViewJoin>()], features.OnDemandViews, computed);
    }

    /// <summary>Holds labels against what the expressions take from them.</summary>
    internal void CheckLabels(Schema labels, SourcePlace? place)
    {
        foreach (OnDemandView view in OnDemandViews)
        {
            foreach (RequestColumn input in view.Inputs)
            {
                Field label = labels.Find(input.Name) ?? throw FeatureResolver.Unknown("featurestore.label_input_missing", input.Name, labels.Fields.Select(field => field.Name), place, view.Name, input.Type);
                if (label.Type != input.Type) throw new LeptonDataException("featurestore.label_input_type", [label.Name, label.Type, view.Name, input.Type]) { Place = place };
            }
            foreach (OnDemandFeature feature in view.Features)
                if (labels.Find(view.ColumnOf(feature.Name)) is { } taken) throw new LeptonDataException("featurestore.label_column_taken", [taken.Name, view.Name]) { Place = place };
        }
    }

    /// <summary>The columns that an on-demand view's expressions may take.</summary>
    internal static Schema RowOf(OnDemandView view, IReadOnlyList<ViewJoin> joins, Func<TableName, Schema> tableOf)
    {
        var fields = new List<Field>();
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        void Add(Field field)
        {
            if (names.Add(field.Name)) fields.Add(field);
        }
        foreach (FeatureReference read in view.Reads)
        {
            if (joins.FirstOrDefault(candidate => candidate.View.Name == (read.Prefix ?? read.View)) is not { View: var joined }) continue;
            foreach (string feature in joined.Features.Where(name => read.Feature is null || string.Equals(name, read.Feature, StringComparison.OrdinalIgnoreCase)))
                Add(tableOf(joined.Table).Find(feature)! with { Name = joined.ColumnOf(feature), IsNullable = true });
            if (joined.IsPointInTime) Add(new Field(joined.StatusColumn, DataType.String));
        }
        foreach (RequestColumn input in view.Inputs)
        {
            if (!names.Add(input.Name)) throw new LeptonDataException("featurestore.on_demand_input_twice", [input.Name]) { Place = view.Place };
            fields.Add(new Field(input.Name, input.Type));
        }
        // A constant takes nothing, and there are no rows without columns.
        return new Schema(fields.Count > 0 ? fields : [new Field("__none", DataType.Boolean)]);
    }

    private static bool Takes(RowExpression expression, string column) => expression.Columns.Contains(column, StringComparer.OrdinalIgnoreCase);

    private static ViewJoin? Needed(ViewJoin join, List<ComputedFeature> computed)
    {
        FeatureView view = join.View;
        string[] features = [.. view.Features.Where((feature, i) => i < join.AskedCount || computed.Any(one => Takes(one.Expression, view.ColumnOf(feature))))];
        // A status alone is that of any feature.
        if (features.Length == 0 && view.IsPointInTime && computed.Any(one => Takes(one.Expression, view.StatusColumn))) features = [view.Features[0]];
        return features.Length == 0 ? null : join with { View = view with { Features = new EquatableList<string>(features) } };
    }
}

/// <summary>One on-demand feature, bound.</summary>
/// <param name="View">Its view.</param>
/// <param name="Feature">Its name there.</param>
/// <param name="Expression">Over the joined rows.</param>
internal sealed record ComputedFeature(string View, string Feature, RowExpression Expression)
{
    /// <summary>The output column.</summary>
    internal string Column => Expression.Field.Name;
}
