using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Sql;

namespace Lepton.Data.Jobs.Rules;

/// <summary>Pieces of SQL that rules are made of. All of it is bound like a person's own text before it runs.</summary>
internal static class RuleSql
{
    /// <summary>The name of the only column of <see cref="Holds"/>.</summary>
    internal const string HoldsColumn = "__holds";

    /// <summary>A query that gives, for each row of the step, whether the rule holds; places in it mean the person's expression.</summary>
    /// <exception cref="LeptonDataException"><c>jobs.rule_not_expression</c>: the text is more than one expression.</exception>
    internal static SqlText Holds(SqlRule rule, string step)
    {
        // Closed in itself, the text cannot reach beyond the parentheses that we put around it and mean something else there.
        if (!rule.Expression.IsClosed) throw new LeptonDataException("jobs.rule_not_expression", [rule.Name]) { Place = rule.Expression.Start };
        return rule.Expression.Wrap("SELECT (", $"\n) AS {HoldsColumn} FROM {SqlLiteral.Name(step)}");
    }

    /// <summary>A value as text of at most 100 characters, <c>NULL</c> for none.</summary>
    internal static string Shown(Field field)
        => field.Type.Id == TypeId.String
            ? $"coalesce({SqlLiteral.Text("'")} || left({SqlLiteral.Name(field.Name)}, 100) || {SqlLiteral.Text("'")}, 'NULL')"
            : $"coalesce(left(CAST({SqlLiteral.Name(field.Name)} AS VARCHAR), 100), 'NULL')";
}
