// npm's apache-arrow, as the tests' other side.
//
// usage: peer.mjs dump FILE...             FILE.js.json beside each: its rows in a form that both sides can make
//        peer.mjs echo FILE OUT [FILE OUT…]  reads and writes again: the rows after the first of every batch, as a slice
//        peer.mjs make FOLDER              files of what JavaScript makes by itself, and what they hold as FILE.js.json
import { readFileSync, writeFileSync } from 'node:fs';
import * as arrow from 'apache-arrow';

const { Type } = arrow;

function hex(bytes) {
    return Buffer.from(bytes).toString('hex').toUpperCase();
}

function double(value) {
    if (Number.isNaN(value)) return 'nan';
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return bytes.toString('hex');
}

function decimal(words) {
    let value = 0n;
    for (let i = words.length - 1; i >= 0; i--) value = (value << 32n) | BigInt(words[i]);
    return String(BigInt.asIntN(32 * words.length, value));
}

const range = (start, end) => Array.from({ length: end - start }, (_, i) => start + i);

// What lies in the buffers, not what getters make of it: those round times to milliseconds.
function canon(data, i) {
    if (data.type.typeId === Type.Null || !data.getValid(i)) return null;
    const type = data.type;
    switch (type.typeId) {
        case Type.Bool: return data.values[(data.offset % 8 + i) >> 3] >> ((data.offset % 8 + i) & 7) & 1 ? true : false;
        case Type.Int: return String(data.values[i]);
        case Type.Float: return double(data.values[i]);
        case Type.Decimal: return decimal(data.values.subarray(4 * i, 4 * i + 4));
        case Type.Date: return String(data.values[i]);
        case Type.Timestamp: return String(data.values[i]);
        case Type.Utf8: return 's:' + Buffer.from(data.values.subarray(data.valueOffsets[i], data.valueOffsets[i + 1])).toString('utf8');
        case Type.Binary: return 'x:' + hex(data.values.subarray(data.valueOffsets[i], data.valueOffsets[i + 1]));
        case Type.FixedSizeBinary: return 'x:' + hex(data.values.subarray(type.byteWidth * i, type.byteWidth * (i + 1)));
        case Type.List: return range(data.valueOffsets[i], data.valueOffsets[i + 1]).map(j => canon(data.children[0], j));
        case Type.FixedSizeList: return range(type.listSize * i, type.listSize * (i + 1)).map(j => canon(data.children[0], j));
        case Type.Struct: return data.children.map(child => canon(child, i));
        case Type.Map: return range(data.valueOffsets[i], data.valueOffsets[i + 1]).map(j => data.children[0].children.map(child => canon(child, j)));
        case Type.Dictionary: {
            let index = data.values[i];
            for (const part of data.dictionary.data) {
                if (index < part.length) return canon(part, Number(index));
                index -= part.length;
            }
            throw new Error('no such number');
        }
        default: throw new Error(String(type));
    }
}

function dump(path, batches, schema) {
    const rows = batches.flatMap(batch => range(0, batch.numRows).map(i => batch.data.children.map(child => canon(child, i))));
    writeFileSync(path + '.js.json', JSON.stringify({ schema: schema.fields.map(field => [field.name, String(field.type), field.nullable]), rows }));
}

function read(path) {
    const reader = arrow.RecordBatchReader.from(readFileSync(path));
    reader.open();
    const schema = reader.schema;
    return { batches: [...reader], schema };
}

const [command, ...paths] = process.argv.slice(2);
if (command === 'dump') {
    for (const path of paths) {
        const { batches, schema } = read(path);
        dump(path, batches, schema);
    }
} else if (command === 'echo') {
    for (let i = 0; i < paths.length; i += 2) {
        const { batches, schema } = read(paths[i]);
        const sliced = batches.map(batch => batch.slice(1));
        const Writer = paths[i + 1].endsWith('.arrow') ? arrow.RecordBatchFileWriter : arrow.RecordBatchStreamWriter;
        const writer = new Writer();
        writer.reset(undefined, schema);
        for (const batch of sliced) writer.write(batch);
        writer.finish();
        writeFileSync(paths[i + 1], writer.toUint8Array(true));
    }
} else if (command === 'make') {
    const n = 50;
    const vectors = {
        dictionary: arrow.vectorFromArray(range(0, n).map(i => i % 5 ? `text ${i % 7}` : null)),
        utf8: arrow.vectorFromArray(range(0, n).map(i => i % 5 ? `text ${i}` : null), new arrow.Utf8()),
        int32: arrow.vectorFromArray(range(0, n).map(i => i % 5 ? i : null), new arrow.Int32()),
        uint16: arrow.vectorFromArray(range(0, n), new arrow.Uint16()),
        float64: arrow.vectorFromArray(range(0, n).map(i => i / 3), new arrow.Float64()),
        list: arrow.vectorFromArray(range(0, n).map(i => i % 5 ? range(0, i % 4) : null), new arrow.List(new arrow.Field('item', new arrow.Int32(), true))),
    };
    for (const kind of ['file', 'stream']) {
        const path = `${paths[0]}/javascript.${kind === 'file' ? 'arrow' : 'arrows'}`;
        const table = new arrow.Table(vectors);
        writeFileSync(path, arrow.tableToIPC(table, kind));
        dump(path, table.batches, table.schema);
    }
}
