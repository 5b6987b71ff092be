"""Arrow's reference implementation, as the tests' other side.

usage: peer.py dump FILE...          FILE.json beside each: its rows in a form that both sides can make; the data is validated in full
       peer.py echo FILE OUT SEED    reads, cuts and slices the batches anew, and writes with a codec that follows from the seed
       peer.py make FOLDER           files of every type that Arrow has, and what they hold as FILE.json
       peer.py small FOLDER          a few small ones: the samples that tests/Unit keeps, and mutates
"""
import bisect, datetime, decimal, json, random, struct, sys
import pyarrow as pa, pyarrow.compute as pc, pyarrow.ipc as ipc

decimal.getcontext().prec = 100


def read(path):
    # Batches, not a table: a table may unite what the file holds apart.
    reader = ipc.open_file(path) if path.endswith('.arrow') else ipc.open_stream(path)
    if path.endswith('.arrow'):
        batches = [reader.get_batch(i) for i in range(reader.num_record_batches)]
    else:
        batches = list(reader)
    for batch in batches:
        batch.validate(full=True)
    return reader.schema, batches


def canon(s):
    if not s.is_valid:
        return None
    t = s.type
    if pa.types.is_dictionary(t) or isinstance(t, pa.BaseExtensionType):
        return canon(s.value)
    if pa.types.is_boolean(t):
        return s.as_py()
    if pa.types.is_integer(t):
        return str(s.as_py())
    if pa.types.is_floating(t):
        value = float(s.as_py())
        return 'nan' if value != value else struct.pack('>d', value).hex()
    if pa.types.is_decimal(t):
        return str(int(s.as_py().scaleb(t.scale)))
    if pa.types.is_date32(t):
        return str(s.value)
    if pa.types.is_date64(t):
        return str(s.value // 86_400_000)
    if pa.types.is_timestamp(t):
        return str({'s': lambda v: v * 1_000_000, 'ms': lambda v: v * 1000, 'us': lambda v: v, 'ns': lambda v: v // 1000}[t.unit](s.value))
    if pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_string_view(t):
        return 's:' + s.as_py()
    if pa.types.is_binary(t) or pa.types.is_large_binary(t) or pa.types.is_binary_view(t) or pa.types.is_fixed_size_binary(t):
        return 'x:' + s.as_py().hex().upper()
    if pa.types.is_struct(t):
        return [canon(s[i]) for i in range(t.num_fields)]
    if pa.types.is_map(t):
        return [[canon(entry[0]), canon(entry[1])] for entry in s.values]
    if s.values is not None and hasattr(t, 'value_type'):
        return [canon(value) for value in s.values]
    raise TypeError(str(t))


def rows(batches):
    result = []
    for batch in batches:
        columns = []
        for column in batch.columns:
            if isinstance(column, pa.ExtensionArray):
                column = column.storage
            if pa.types.is_run_end_encoded(column.type):
                ends = column.run_ends.to_pylist()
                column = [column.values[bisect.bisect_right(ends, column.offset + i)] for i in range(len(column))]
            columns.append([canon(value) for value in column])
        result.extend([list(row) for row in zip(*columns)] if columns else [[] for _ in range(batch.num_rows)])
    return result


def facts(metadata):
    return sorted([key.decode(), value.decode()] for key, value in (metadata or {}).items())


def dump(path, schema, batches):
    with open(path + '.json', 'w') as out:
        json.dump({'schema': [[f.name, str(f.type), f.nullable, facts(f.metadata)] for f in schema], 'metadata': facts(schema.metadata), 'rows': rows(batches)}, out)


def options(rng):
    codec = rng.choice([None, 'lz4', 'zstd'])
    return ipc.IpcWriteOptions(compression=codec, emit_dictionary_deltas=True)


def write(path, schema, batches, write_options):
    with (ipc.new_file if path.endswith('.arrow') else ipc.new_stream)(path, schema, options=write_options) as writer:
        for batch in batches:
            writer.write_batch(batch)


def echo(source, target, seed):
    rng = random.Random(int(seed))
    schema, batches = read(source)
    cut = []
    for batch in batches:
        at = 0
        while at < batch.num_rows:
            size = rng.randint(0, batch.num_rows - at)
            cut.append(batch.slice(at, size))
            at += size
    write(target, schema, cut, options(rng))


TEXTS = ['', 'a', 'twelve bytes', 'thirteen bytes', '中文', '🚀' * 7, 'x' * 300]


def with_nulls(values, n, rng):
    return [None if rng.random() < 0.25 else values[rng.randrange(len(values))] for _ in range(n)]


def samples(n, rng):
    """Columns of n rows, by name."""
    def make(type, values):
        return pa.array(with_nulls(values, n, rng), type)

    D = decimal.Decimal
    day = datetime.date(2024, 2, 29)
    at = datetime.datetime(1969, 12, 31, 23, 59, 59)
    columns = {
        'null': pa.nulls(n),
        'bool': make(pa.bool_(), [True, False]),
        'halffloat': pc.cast(make(pa.float32(), [0.5, -0.0, float('inf'), 65504.0]), pa.float16()),
        'float': make(pa.float32(), [1.5, float('nan')]),
        'double': make(pa.float64(), [1e300, -0.0]),
        'string': make(pa.string(), TEXTS),
        'large_string': make(pa.large_string(), TEXTS),
        'string_view': make(pa.string_view(), TEXTS),
        'binary': make(pa.binary(), [b'', b'\xff\x00', b'y' * 100]),
        'large_binary': make(pa.large_binary(), [b'', b'\xff\x00', b'y' * 100]),
        'binary_view': make(pa.binary_view(), [b'', b'\xff\x00', b'y' * 100]),
        'fixed_size_binary': make(pa.binary(3), [b'abc', b'\x00\xff\x01']),
        'decimal32': make(pa.decimal32(9, 2), [D('1234567.89'), D('-0.01')]),
        'decimal64': make(pa.decimal64(18, 3), [D('123456789012345.678'), D('-1.000')]),
        'decimal128': make(pa.decimal128(38, 10), [D('1234567890123456789012345678.0123456789'), D('-1')]),
        'decimal256': make(pa.decimal256(38, 38), [D('0.' + '9' * 38), D('-0.' + '9' * 38), D(0)]),
        'date32': make(pa.date32(), [day, datetime.date(1, 1, 1)]),
        'date64': make(pa.date64(), [day, datetime.date(1969, 12, 31)]),
        'naive': make(pa.timestamp('us'), [at]),
        'timestamp_s': make(pa.timestamp('s'), [at]),
        'timestamp_ms': make(pa.timestamp('ms', 'UTC'), [at]),
        'timestamp_us': make(pa.timestamp('us', 'Europe/Berlin'), [at]),
        'timestamp_ns': make(pa.timestamp('ns', 'UTC'), [at]),
        'list': make(pa.list_(pa.int64()), [[], [1, None, 3]]),
        'large_list': make(pa.large_list(pa.string()), [[], ['a', None]]),
        'list_view': make(pa.list_view(pa.string()), [[], ['a', None, 'b']]),
        'large_list_view': make(pa.large_list_view(pa.int8()), [[], [1, None]]),
        'fixed_size_list': make(pa.list_(pa.float32(), 2), [[1.0, None], [2.0, 3.0]]),
        'struct': make(pa.struct([('a', pa.uint8()), ('b', pa.string_view())]), [{'a': 1, 'b': None}, {'a': None, 'b': 'thirteen bytes'}]),
        'map': make(pa.map_(pa.string(), pa.int32()), [[], [('k', 1), ('l', None)]]),
        'dictionary': make(pa.dictionary(pa.int8(), pa.string()), TEXTS),
        'dictionary_struct': pa.DictionaryArray.from_arrays(make(pa.uint16(), [0, 1, 2]), pa.array([{'x': [1]}, None, {'x': None}], pa.struct([('x', pa.list_(pa.int32()))]))),
        'list_of_dictionary': pa.array(with_nulls([[], ['a', 'b', None]], n, rng), pa.list_(pa.dictionary(pa.int32(), pa.string()))),
        'run_end_encoded': pc.run_end_encode(pa.array(sorted(with_nulls(['a', 'b'], n, rng), key=str), pa.string()), run_end_type=pa.int16()),
        'run_end_list': pa.RunEndEncodedArray.from_arrays(pa.array([max(n, 1)], pa.int32()), pa.array([[1, 2]], pa.list_(pa.int64()))).slice(0, n),
    }
    for bits in (8, 16, 32, 64):
        columns[f'int{bits}'] = make(getattr(pa, f'int{bits}')(), [0, -2 ** (bits - 1), 2 ** (bits - 1) - 1])
        columns[f'uint{bits}'] = make(getattr(pa, f'uint{bits}')(), [0, 2 ** bits - 1])
    return columns


def make(folder):
    rng = random.Random(20200621)
    for name in samples(0, rng):
        for suffix in ('arrow', 'arrows'):
            batches = []
            for n in (0, 1, 100):
                column = samples(n, rng)[name]
                batch = pa.record_batch([column], [name])
                batches += [batch, batch.slice(n // 3, n // 2)]
            # A file has one dictionary for all batches, or deltas of it.
            if suffix == 'arrow' and ('dictionary' in name):
                batches = batches[-1:]
            path = f'{folder}/{name}.{suffix}'
            write(path, batches[0].schema, batches, options(rng))
            dump(path, batches[0].schema, batches)
    growing = [pa.record_batch([pa.DictionaryArray.from_arrays(pa.array([0, i, None], pa.int32()), pa.array([f'value {k}' for k in range(i + 1)]))], ['d']) for i in range(50)]
    for suffix in ('arrow', 'arrows'):
        path = f'{folder}/deltas.{suffix}'
        write(path, growing[0].schema, growing, ipc.IpcWriteOptions(emit_dictionary_deltas=True))
        dump(path, growing[0].schema, growing)
    replaced = [pa.record_batch([pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int32()), pa.array([f'{i} zero', f'{i} one']))], ['d']) for i in range(3)]
    write(f'{folder}/replaced.arrows', replaced[0].schema, replaced, ipc.IpcWriteOptions())
    dump(f'{folder}/replaced.arrows', replaced[0].schema, replaced)
    old = samples(100, rng)
    legacy = pa.record_batch([old[name] for name in ('string', 'int64', 'list')], ['string', 'int64', 'list'])
    for name, write_options in (('legacy', ipc.IpcWriteOptions(use_legacy_format=True)), ('v4', ipc.IpcWriteOptions(metadata_version=ipc.MetadataVersion.V4))):
        write(f'{folder}/{name}.arrows', legacy.schema, [legacy], write_options)
        dump(f'{folder}/{name}.arrows', legacy.schema, [legacy])
    tensor = pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float32(), [2, 2]), pa.array([[1, 2, 3, 4], None], pa.list_(pa.float32(), 4)))
    document = pa.ExtensionArray.from_storage(pa.json_(pa.large_string()), pa.array(['{"a": 1}', None], pa.large_string()))
    uuid = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(range(16)), None], pa.binary(16)))
    small = pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, None], pa.int8()))
    extensions = pa.record_batch([tensor, document, uuid, small], ['tensor', 'json', 'uuid', 'bool8'])
    write(f'{folder}/extensions.arrow', extensions.schema, [extensions], ipc.IpcWriteOptions())
    dump(f'{folder}/extensions.arrow', extensions.schema, [extensions])
    at = datetime.datetime(2024, 2, 29, 12)
    zoned = pa.schema([
        pa.field('berlin', pa.timestamp('us', 'Europe/Berlin'), metadata={'of': 'berlin'}), pa.field('offset', pa.timestamp('us', '+05:30')), pa.field('utc', pa.timestamp('us', 'UTC')),
        pa.field('list', pa.list_(pa.timestamp('us', 'America/New_York'))), pa.field('struct', pa.struct([pa.field('at', pa.timestamp('us', 'Asia/Shanghai'), metadata={'of': 'at'})])),
    ], metadata={'pandas': '{}', 'ключ': 'значение'})
    instants = pa.record_batch([[at], [at], [at], [[at]], [{'at': at}]], schema=zoned)
    for suffix in ('arrow', 'arrows'):
        write(f'{folder}/facts.{suffix}', zoned, [instants], ipc.IpcWriteOptions())
        dump(f'{folder}/facts.{suffix}', zoned, [instants])


def small(folder):
    rng = random.Random(19)
    columns = samples(6, rng)
    columns['tensor'] = pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float32(), [2]), pa.array([[1, 2], None] * 3, pa.list_(pa.float32(), 2)))
    names = sorted(columns)
    for i in range(0, len(names), 8):
        batch = pa.record_batch([columns[name] for name in names[i:i + 8]], names[i:i + 8])
        batches = [batch, batch.slice(1, 4)]
        codec = [None, 'lz4', 'zstd'][i // 8 % 3]
        write(f'{folder}/columns-{i // 8}.arrows', batch.schema, batches, ipc.IpcWriteOptions(compression=codec))
    plain = pa.record_batch([columns[name] for name in ('string', 'int64', 'bool', 'list', 'dictionary')], ['string', 'int64', 'bool', 'list', 'dictionary'])
    write(f'{folder}/plain.arrow', plain.schema, [plain, plain.slice(2, 3)], ipc.IpcWriteOptions())
    members = pa.array([1, 2, 3]), pa.array(['a', 'b', 'c'])
    refused = {
        'time': pa.array([1, None, 3], pa.time32('s')), 'duration': pa.array([1, None, 3], pa.duration('ns')), 'interval': pa.array([(1, 2, 3), None, (4, 5, 6)], pa.month_day_nano_interval()),
        'dense': pa.UnionArray.from_dense(pa.array([0, 1, 0], pa.int8()), pa.array([0, 0, 1], pa.int32()), list(members)),
        'sparse': pa.UnionArray.from_sparse(pa.array([0, 1, 0], pa.int8()), list(members)), 'decimal256': pa.array([decimal.Decimal(1), None, None], pa.decimal256(76, 0)),
        'number': pa.array([1, None, 3]),
    }
    batch = pa.record_batch(list(refused.values()), list(refused))
    write(f'{folder}/refused.arrows', batch.schema, [batch], ipc.IpcWriteOptions())
    growing = [pa.record_batch([pa.DictionaryArray.from_arrays(pa.array([0, i, None], pa.int8()), pa.array([f'v{k}' for k in range(i + 1)]))], ['d']) for i in range(8)]
    write(f'{folder}/deltas.arrows', growing[0].schema, growing, ipc.IpcWriteOptions(emit_dictionary_deltas=True))
    # Rows that take no room.
    nulls = pa.record_batch([pa.RunEndEncodedArray.from_arrays(pa.array([1009], pa.int32()), pa.nulls(1))], ['n'])
    write(f'{folder}/nulls.arrows', nulls.schema, [nulls], ipc.IpcWriteOptions())
    # Values that are written out, of lists of what takes no room.
    lists = pa.ListArray.from_arrays(pa.array([0, 3, 5], pa.int32()), pa.nulls(5))
    empties = pa.ListArray.from_arrays(pa.array([0, 3, 5], pa.int32()), pa.StructArray.from_buffers(pa.struct([]), 5, [None]))
    grids = pa.array([[[1, 2], [3, None]], None], pa.list_(pa.list_(pa.int8(), 2), 2))
    numbers = pa.array([1, 0, None, 0], pa.int8())
    unfolding = {f'dictionary {name}': pa.DictionaryArray.from_arrays(numbers, values) for name, values in (('lists', lists), ('empties', empties), ('grids', grids))}
    unfolding['run ends'] = pa.RunEndEncodedArray.from_arrays(pa.array([3, 4], pa.int32()), lists)
    unfolding['views'] = pa.ListViewArray.from_arrays(pa.array([0, 1, 0, 4], pa.int32()), pa.array([3, 4, 0, 1], pa.int32()), pa.nulls(5))
    batch = pa.record_batch(list(unfolding.values()), list(unfolding))
    write(f'{folder}/unfolding.arrows', batch.schema, [batch], ipc.IpcWriteOptions())


def main(command, *arguments):
    if command == 'dump':
        for path in arguments:
            dump(path, *read(path))
    elif command == 'echo':
        for i in range(0, len(arguments), 3):
            echo(*arguments[i:i + 3])
    elif command == 'make':
        make(*arguments)
    elif command == 'small':
        small(*arguments)
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main(*sys.argv[1:])
