using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Cli.Output;

/// <summary>Rows as RFC 4180 has them, with a header; NULL is an empty field, an empty text <c>""</c>, so that both come back as they were.</summary>
internal sealed class CsvOutput(TextWriter writer)
{
    internal void WriteHeader(Schema schema)
    {
        for (int i = 0; i < schema.Count; i++)
        {
            if (i > 0) writer.Write(',');
            WriteField(schema[i].Name);
        }
        writer.Write('\n');
    }

    internal void WriteRows(RecordBatch batch)
    {
        for (int row = 0; row < batch.RowCount; row++)
        {
            for (int i = 0; i < batch.Schema.Count; i++)
            {
                if (i > 0) writer.Write(',');
                if (ValueText.Of(batch.Column(i), row) is { } value) WriteField(value);
                else if (batch.Schema.Count == 1) writer.Write("NULL");
            }
            writer.Write('\n');
        }
    }

    private void WriteField(string value)
    {
        if (value.Length > 0 && value.AsSpan().IndexOfAny(",\"\r\n") < 0) writer.Write(value);
        else
        {
            writer.Write('"');
            writer.Write(value.Replace("\"", "\"\"", StringComparison.Ordinal));
            writer.Write('"');
        }
    }
}
