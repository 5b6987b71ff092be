"""pyarrow's side of the benchmarks: does what a line asks for, and answers with a line. usage: arrow_peer.py"""
import sys
import pyarrow as pa, pyarrow.ipc as ipc, pyarrow.parquet as parquet

table = None
for line in sys.stdin:
    command, path = line.split()
    if command == 'load':
        table = ipc.open_file(pa.OSFile(path)).read_all()
    elif command == 'write':
        with pa.OSFile(path, 'wb') as out, ipc.new_file(out, table.schema) as writer:
            writer.write_table(table)
    elif command in ('read', 'map'):
        reader = ipc.open_file(pa.OSFile(path) if command == 'read' else pa.memory_map(path))
        for i in range(reader.num_record_batches):
            reader.get_batch(i)
    elif command == 'open':
        ipc.open_file(pa.memory_map(path)).schema
    elif command == 'parquet':
        parquet.read_table(path)
    print('done', flush=True)
