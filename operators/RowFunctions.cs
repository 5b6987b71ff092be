using Lepton.Data.Operators.Checks;
using Lepton.Data.Operators.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Operators;

/// <summary>The functions that this product adds to SQL. All are pure, and give NULL for NULL.</summary>
public static class RowFunctions
{
    private delegate bool TextCheck(ReadOnlySpan<byte> text);

    /// <summary>The functions, by name. What queries may call is a list of its own (<c>FunctionTable</c> in <c>sql</c>), which names them too.</summary>
    public static IReadOnlyList<ScalarFunction> All { get; } =
    [
        new ScalarFunction("clean_text", [DataType.String], DataType.String, Clean),
        Check("iban_is_valid", CheckDigits.IsIban),
        Check("luhn_is_valid", CheckDigits.IsLuhn),
        Check("resident_id_is_valid", CheckDigits.IsResidentId),
    ];

    private static ScalarFunction Check(string name, TextCheck isValid) => new(name, [DataType.String], DataType.Boolean, (arguments, results) =>
    {
        ColumnView texts = arguments.Column(0);
        for (int row = 0; row < texts.Count; row++)
        {
            if (texts.IsNull(row)) results.AppendNull();
            else results.AppendBoolean(isValid(texts.Bytes(row)));
        }
    });

    private static void Clean(RecordBatch arguments, ColumnBuilder results)
    {
        ColumnView texts = arguments.Column(0);
        for (int row = 0; row < texts.Count; row++)
        {
            if (texts.IsNull(row)) results.AppendNull();
            else if (CleanText.IsClean(texts.Bytes(row))) results.AppendBytes(texts.Bytes(row));
            else results.AppendString(CleanText.Of(System.Text.Encoding.UTF8.GetString(texts.Bytes(row))));
        }
    }
}
