using System.Text.Json;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Cli.Output;

/// <summary>Writes the rows of a query in the form asked for, as they come.</summary>
internal static class RowOutput
{
    // Enough to align by; a table is held in memory whole, so longer ones are printed in parts of so many rows, each aligned for itself.
    private const int TableRowsMax = 10_000;

    /// <summary>Writes at most <paramref name="limit"/> rows.</summary>
    /// <returns>How many were written, and whether there are more.</returns>
    internal static async Task<(long Rows, bool HasMore)> WriteAsync(IRecordBatchReader rows, OutputFormat format, long? limit, Terminal terminal, CancellationToken cancellationToken)
    {
        using IRowSink sink = format switch
        {
            OutputFormat.Json => new JsonSink(rows.Schema, terminal),
            OutputFormat.Csv => new CsvSink(rows.Schema, terminal),
            _ => new TableSink(rows.Schema, terminal),
        };
        long written = 0;
        while (await rows.ReadAsync(cancellationToken) is { } batch)
        {
            using (batch)
            {
                long room = limit is null ? long.MaxValue : limit.Value - written;
                if (batch.RowCount > room)
                {
                    using RecordBatch part = batch.Slice(0, (int)room);
                    if (part.RowCount > 0) sink.Write(part);
                    sink.Complete();
                    return (written + room, true);
                }
                sink.Write(batch);
                written += batch.RowCount;
            }
        }
        sink.Complete();
        return (written, false);
    }

    private interface IRowSink : IDisposable
    {
        void Write(RecordBatch batch);

        void Complete();
    }

    private sealed class JsonSink : IRowSink
    {
        private readonly Terminal _terminal;
        private readonly BufferedStream _buffer;
        private readonly Utf8JsonWriter _json;

        internal JsonSink(Schema schema, Terminal terminal)
        {
            _terminal = terminal;
            terminal.Out.Flush();
            _buffer = new BufferedStream(terminal.OutStream, 64 * 1024);
            _json = new Utf8JsonWriter(_buffer, JsonOutput.LineOptions);
            _json.WriteStartObject();
            _json.WriteStartArray("columns");
            foreach (Field field in schema.Fields)
            {
                _json.WriteStartObject();
                _json.WriteString("name", field.Name);
                _json.WriteString("type", field.Type.ToString());
                _json.WriteEndObject();
            }
            _json.WriteEndArray();
            _json.WriteStartArray("rows");
        }

        public void Write(RecordBatch batch)
        {
            for (int row = 0; row < batch.RowCount; row++)
            {
                _json.WriteStartObject();
                for (int i = 0; i < batch.Schema.Count; i++)
                {
                    _json.WritePropertyName(batch.Schema[i].Name);
                    ValueText.WriteJson(_json, batch.Column(i), row);
                }
                _json.WriteEndObject();
                if (_json.BytesPending > 64 * 1024) _json.Flush();
            }
        }

        public void Complete()
        {
            _json.WriteEndArray();
            _json.WriteEndObject();
            _json.Flush();
            _buffer.Write("\n"u8);
            _buffer.Flush();
            _terminal.OutStream.Flush();
        }

        // What was not written when the query failed stays unwritten: the JSON is then cut off, and the exit code says so.
        public void Dispose() { }
    }

    private sealed class CsvSink : IRowSink
    {
        private readonly Terminal _terminal;
        private readonly CsvOutput _csv;

        internal CsvSink(Schema schema, Terminal terminal)
        {
            (_terminal, _csv) = (terminal, new CsvOutput(terminal.Out));
            _csv.WriteHeader(schema);
        }

        public void Write(RecordBatch batch) => _csv.WriteRows(batch);

        public void Complete() => _terminal.Out.Flush();

        public void Dispose() { }
    }

    private sealed class TableSink(Schema schema, Terminal terminal) : IRowSink
    {
        private TextTable? _table;
        private bool _hasWritten;

        public void Write(RecordBatch batch)
        {
            for (int row = 0; row < batch.RowCount; row++)
            {
                _table ??= NewTable();
                string?[] cells = new string?[schema.Count];
                for (int i = 0; i < cells.Length; i++) cells[i] = ValueText.ForPeople(batch.Column(i), row);
                _table.Row(cells);
                if (_table.RowCount == TableRowsMax) WriteTable();
            }
        }

        public void Complete()
        {
            if (!_hasWritten) _table ??= NewTable();
            WriteTable();
        }

        public void Dispose() { }

        private void WriteTable()
        {
            if (_table is null) return;
            _table.Write(terminal);
            terminal.Out.Flush();
            (_table, _hasWritten) = (null, true);
        }

        private TextTable NewTable()
        {
            var table = new TextTable();
            foreach (Field field in schema.Fields) table.Column(field.Name, ValueText.IsNumber(field.Type), field.Type.ToString());
            return table;
        }
    }
}
