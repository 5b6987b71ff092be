using System.Globalization;
using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Sql.Printing;

/// <summary>How far one SELECT … is written: what comes later in SQL's own order of evaluation can still be added to it, the rest needs a SELECT around it.</summary>
internal enum SelectStage
{
    From,
    Where,
    Group,
    Having,
    Window,
    Items,
    SetOperation,
    Distinct,
    Order,
    Limit,
}

/// <summary>One SELECT while it is written.</summary>
internal sealed class SelectText
{
    internal required string From { get; set; }

    internal SelectStage Stage { get; set; }

    /// <summary>Whether <see cref="From"/> is one relation with its alias, fit for either side of a join.</summary>
    internal bool IsSingleRelation { get; set; }

    internal List<string> Where { get; } = [];

    /// <summary>Whether all rows are one group, which SQL says by an aggregate among the items; where none is left, by GROUP BY ().</summary>
    internal bool IsOneGroup { get; set; }

    /// <summary>GROUP BY's text; null where there is none.</summary>
    internal string? GroupBy { get; set; }

    internal List<string> Having { get; } = [];

    /// <summary>What comes out and its text; null while that is what FROM gives.</summary>
    internal List<(BoundColumn Column, string Text)>? Items { get; set; }

    /// <summary>DISTINCT or DISTINCT ON (…).</summary>
    internal string? Distinct { get; set; }

    internal List<string> OrderBy { get; } = [];

    internal string? Limit { get; set; }

    /// <summary>The whole text of a set operation, in place of SELECT … FROM ….</summary>
    internal string? SetOperation { get; set; }

    /// <summary>The text of the whole SELECT.</summary>
    /// <param name="names">The name of each column that comes out, in order.</param>
    internal string Finish(IReadOnlyList<string> names)
    {
        var text = new StringBuilder();
        if (SetOperation is not null) text.Append(SetOperation);
        else
        {
            text.Append("SELECT ");
            if (Distinct is not null) text.Append(Distinct).Append(' ');
            for (int i = 0; i < Items!.Count; i++)
            {
                if (i > 0) text.Append(", ");
                text.Append(Items[i].Text).Append(" AS ").Append(SqlLiteral.Name(names[i]));
            }
            // A relation without columns still has rows.
            if (Items.Count == 0) text.Append("NULL AS \"__nothing\"");
            if (From.Length > 0) text.Append(" FROM ").Append(From);
            if (Where.Count > 0) text.Append(" WHERE ").AppendJoin(" AND ", Where);
            if (GroupBy is not null) text.Append(" GROUP BY ").Append(GroupBy);
            if (Having.Count > 0) text.Append(" HAVING ").AppendJoin(" AND ", Having);
        }
        if (OrderBy.Count > 0) text.Append(" ORDER BY ").AppendJoin(", ", OrderBy);
        if (Limit is not null) text.Append(CultureInfo.InvariantCulture, $" {Limit}");
        return text.ToString();
    }
}
