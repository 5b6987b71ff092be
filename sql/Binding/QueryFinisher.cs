using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Lineage;
using Lepton.Data.Sql.Printing;

namespace Lepton.Data.Sql.Binding;

/// <summary>Makes a <see cref="BoundQuery"/> of a bound tree: final types, lineage, marks, hash, and a last look by the front end.</summary>
internal static class QueryFinisher
{
    internal static BoundQuery Finish(SqlText text, ISqlFrontEnd frontEnd, BoundRelation root, IReadOnlyDictionary<string, Schema> inputs, ImpureCall? impureCall, AccessContext access)
    {
        root = WithTableTypes(text, root);
        BoundQuery query = Assemble(text, root, inputs, impureCall, access);
        Verify(text, frontEnd, root);
        return query;
    }

    /// <summary>The query of a tree whose columns are all of types that tables hold.</summary>
    internal static BoundQuery Assemble(SqlText text, BoundRelation root, IReadOnlyDictionary<string, Schema> inputs, ImpureCall? impureCall, AccessContext access)
    {
        (IReadOnlyList<Flow> columns, Flow rows) = new LineageBuilder(inputs).Follow(root);
        var fields = new List<Field>();
        var lineage = new Dictionary<string, ColumnLineage>(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < columns.Count; i++)
        {
            BoundColumn column = root.Columns[i];
            if (column.Name == AutomaticName.Unnamed) throw text.At(OffsetOf(root, i, throughStars: true), "sql.unnamed_column");
            if (!lineage.TryAdd(column.Name, new ColumnLineage(columns[i].Values, columns[i].Influences.Concat(rows.Influences).ToHashSet())))
                throw text.At(OffsetOf(root, i), "sql.duplicate_output", column.Name);
            FieldMetadata marks = FieldMetadata.Empty.With(FieldMetadata.InexactKey, columns[i].IsInexact ? "true" : null).With(FieldMetadata.PersonalKey, columns[i].Values.Any(IsPersonal) ? "true" : null);
            fields.Add(new Field(column.Name, column.Type.DataType!) { Metadata = marks });
        }
        var schema = new Schema(fields);
        var facts = new QueryFacts(new QueryLineage(lineage), PlanHash.Of(root, schema, inputs), rows.IsInexact, IsOrdered(root), impureCall);
        return new BoundQuery(text, root, schema, inputs, facts, access);

        bool IsPersonal(InputColumn column) => inputs[column.Input].Find(column.Column)!.Metadata[FieldMetadata.PersonalKey] == "true";
    }

    // Unsigned integers are widened to a type that tables hold; what has no such type is the person's to cast.
    private static BoundRelation WithTableTypes(SqlText text, BoundRelation root)
    {
        if (root.Columns.All(column => column.Type.DataType is not null && !IsUntyped(column.Type))) return root;
        var items = new List<BoundItem>();
        for (int i = 0; i < root.Columns.Count; i++)
        {
            BoundColumn column = root.Columns[i];
            var reference = new BoundColumnReference(column);
            string? widened = column.Type.Name switch
            {
                "UTINYINT" => "SMALLINT",
                "USMALLINT" => "INTEGER",
                "UINTEGER" => "BIGINT",
                "UBIGINT" => "DECIMAL(20,0)",
                "\"NULL\"" or "NULL" => "INTEGER",
                _ => null,
            };
            if (widened is null && column.Type.DataType is null) throw text.At(OffsetOf(root, i), "sql.column_type", column.Name, column.Type.Name, Remedy(column.Type.Name));
            SqlType type = widened is null ? column.Type : new SqlType(widened);
            items.Add(new BoundItem(new BoundColumn(column.Name, type), widened is null ? reference : new BoundCast(reference, type, false)));
        }
        return new BoundProject(root, new EquatableList<BoundItem>(items));
    }

    // Where the text says what the column is; or, through stars, what it is made of.
    private static long OffsetOf(BoundRelation root, int index, bool throughStars = false)
    {
        long outer = -1;
        while (true)
        {
            switch (root)
            {
                case BoundProject project:
                    BoundExpression expression = project.Items[index].Expression;
                    int inner = expression is BoundColumnReference reference ? IndexOf(project.Source.Columns, reference.Column) : -1;
                    if (expression.Offset >= 0) outer = expression.Offset;
                    if (inner < 0 || (outer >= 0 && !throughStars)) return outer;
                    (root, index) = (project.Source, inner);
                    break;
                case BoundDistinct or BoundDistinctOn or BoundSort or BoundLimit or BoundWith:
                    root = ExpressionWalk.Sources(root).Last();
                    break;
                case BoundSetOperation operation:
                    root = operation.Left;
                    break;
                default: return outer;
            }
        }
    }

    private static int IndexOf(EquatableList<BoundColumn> columns, BoundColumn column)
    {
        for (int i = 0; i < columns.Count; i++)
            if (columns[i] == column) return i;
        return -1;
    }

    private static bool IsUntyped(SqlType type) => type.DataType is NullType;

    private static string Remedy(string type) => type switch
    {
        "HUGEINT" or "UHUGEINT" or "BIGNUM" => "CAST(… AS BIGINT)",
        "INTERVAL" => "epoch_us(…)",
        "TIMESTAMP_S" or "TIMESTAMP_MS" or "TIMESTAMP_NS" => "CAST(… AS TIMESTAMP)",
        _ => "CAST(… AS VARCHAR)",
    };

    private static bool IsOrdered(BoundRelation root)
    {
        while (root is BoundProject or BoundLimit or BoundWith) root = ExpressionWalk.Sources(root).Last();
        return root is BoundSort or BoundDistinctOn { Order.Count: > 0 };
    }

    /// <summary>The printed query as a whole, over empty inputs: what no single scope shows (a subquery that cannot be joined in) is found before anything runs.</summary>
    private static void Verify(SqlText text, ISqlFrontEnd frontEnd, BoundRelation root)
    {
        (BoundRelation narrow, ILookup<string, BoundColumn> columns) = InputNarrower.Narrow(root);
        string Stub(string name) => $"(SELECT {string.Join(", ", columns[name].Select(column => $"CAST(NULL AS {column.Type.Name}) AS {SqlLiteral.Name(column.Name)}"))})";
        IReadOnlyList<(string Name, string DuckDbType)> found;
        try
        {
            found = frontEnd.Describe(new DuckDbWriter(Stub).Query(narrow));
        }
        catch (SqlFrontEndException error)
        {
            // Said in no scope, since only both sides together show that the one is made for each row of the other.
            if (error.Message.Contains("non-inner LATERAL JOIN", StringComparison.Ordinal))
                throw text.At(ExpressionWalk.AllRelations(root).OfType<BoundJoin>().First(join => join is { Kind: JoinKind.Left, IsLateral: true }).Condition!.Offset, "sql.lateral_condition");
            throw RefusalWords.Error(text, -1, error);
        }
        for (int i = 0; i < found.Count; i++)
        {
            BoundColumn column = root.Columns[i];
            if (!Equals(new SqlType(found[i].DuckDbType).DataType, column.Type.DataType))
                throw new InvalidOperationException($"The column {column} comes out as {found[i].DuckDbType}.");
        }
    }
}
