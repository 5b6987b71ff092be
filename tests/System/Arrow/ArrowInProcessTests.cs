using System.Globalization;
using System.Runtime.InteropServices;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Tests.System.Running;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Arrow;

/// <summary>Python in this very process: batches pass to pyarrow and back by Arrow's C data interface.</summary>
[TestFixture]
internal sealed unsafe class ArrowInProcessTests
{
    [Test]
    public void Batches_OfEveryType_PassToPyArrowAndBack()
    {
        if (!EmbeddedPython.IsThere) return;
        using var folder = new TempFolder();
        var random = new Random(7);
        Schema[] schemas = [RandomBatches.SchemaOf([DataType.Null, DataType.Int64]), .. RandomBatches.SampleSchemas];
        for (int i = 0; i < schemas.Length; i++)
        {
            using RecordBatch whole = RandomBatches.Create(random, schemas[i], 100);
            using RecordBatch slice = whole.Slice(i, i % 4 == 3 ? 0 : 60);
            CArrowArray array, returnedArray;
            CArrowSchema schema, returnedSchema;
            ArrowCData.Export(slice, &array);
            ArrowCData.Export(schemas[i], &schema);
            string path = folder[$"{i}"];
            EmbeddedPython.Run(folder, $"""
                import pyarrow as pa, peer
                batch = pa.RecordBatch._import_from_c({Address(&array)}, {Address(&schema)})
                batch.validate(full=True)
                peer.dump({Text(path)}, batch.schema, [batch])
                batch.slice(1)._export_to_c({Address(&returnedArray)}, {Address(&returnedSchema)})
                del batch
                """);
            Assert.That(CanonicalRows.FirstDifference($"{path}.json", BatchRows.Of(slice)), Is.Null, $"{schemas[i]}");
            using RecordBatch returned = ArrowCData.Import(&returnedArray, &returnedSchema);
            Assert.That(BatchRows.FirstDifference([.. BatchRows.Of(slice).Skip(1)], BatchRows.Of(returned)), Is.Null, $"{schemas[i]}");
        }
    }

    [Test]
    public void Import_EveryTypeOfPyArrowSlicedAndNot_IsEqual()
    {
        if (!EmbeddedPython.IsThere) return;
        using var folder = new TempFolder();
        EmbeddedPython.Run(folder, $"""
            import pyarrow as pa, peer, random
            columns = peer.samples(50, random.Random(3))
            with open({Text(folder["names"])}, 'w') as out: out.write('\n'.join(columns))
            """);
        foreach (string name in File.ReadAllLines(folder["names"]))
        {
            foreach (int start in new[] { 0, 13 })
            {
                CArrowArray array;
                CArrowSchema schema;
                string path = folder[$"{name}-{start}"];
                EmbeddedPython.Run(folder, $"""
                    batch = pa.record_batch([columns[{Text(name)}]], [{Text(name)}]).slice({start.ToString(CultureInfo.InvariantCulture)}, 30)
                    peer.dump({Text(path)}, batch.schema, [batch])
                    batch._export_to_c({Address(&array)}, {Address(&schema)})
                    """);
                using RecordBatch batch = ArrowCData.Import(&array, &schema);
                Assert.That(CanonicalRows.FirstDifference($"{path}.json", BatchRows.Of(batch)), Is.Null, $"{name} from {start}");
            }
        }
    }

    [Test]
    public void Facts_OfSchemaFieldsAndZones_PassToPyArrowAndBack()
    {
        if (!EmbeddedPython.IsThere) return;
        using var folder = new TempFolder();
        FieldMetadata facts = FieldMetadata.Empty.With("ключ", "значение");
        var schema = new Schema([new Field("at", DataType.Instant) { Metadata = facts.With(ArrowSchema.TimeZoneKey, "Europe/Berlin") }]) { Metadata = facts };
        CArrowSchema exported, returned;
        ArrowCData.Export(schema, &exported);
        EmbeddedPython.Run(folder, $"""
            import pyarrow as pa
            schema = pa.Schema._import_from_c({Address(&exported)})
            facts = dict([('ключ'.encode(), 'значение'.encode())])
            assert schema.equals(pa.schema([pa.field('at', pa.timestamp('us', 'Europe/Berlin'), metadata=facts)], metadata=facts), check_metadata=True), schema
            schema._export_to_c({Address(&returned)})
            """);
        Schema back = ArrowCData.Import(&returned);
        Assert.That(back, Is.EqualTo(schema));
        Assert.That(back.Metadata, Is.EqualTo(facts));
    }

    [Test]
    public void Streams_PassToPyArrowAndBack()
    {
        if (!EmbeddedPython.IsThere) return;
        using var folder = new TempFolder();
        Schema schema = RandomBatches.SchemaOf([DataType.Int64, DataType.String, DataType.Parse("VARCHAR[]")]);
        CArrowArrayStream stream, returned;
        ArrowCData.Export(RandomBatches.Stream(new Random(1), schema, 1000), &stream);
        EmbeddedPython.Run(folder, $"""
            import pyarrow as pa
            reader = pa.RecordBatchReader._import_from_c({Address(&stream)})
            table = reader.read_all()
            reader.close()
            table.to_reader(max_chunksize=70)._export_to_c({Address(&returned)})
            """);
        IRecordBatchReader expected = RandomBatches.Stream(new Random(1), schema, 1000);
        IRecordBatchReader actual = ArrowCData.Import(&returned);
        Assert.That(BatchRows.FirstDifferenceAsync(expected, actual).GetAwaiter().GetResult(), Is.Null);
        actual.DisposeAsync().AsTask().GetAwaiter().GetResult();
        expected.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    private static string Address(void* pointer) => ((nint)pointer).ToString(CultureInfo.InvariantCulture);

    private static string Text(string text) => $"'{text}'";
}

/// <summary>CPython as a library of this process, begun once.</summary>
internal static unsafe partial class EmbeddedPython
{
    private const string Library = "libpython3.11.so.1.0";

    private const int Now = 2, Global = 0x100;

    private static readonly Lazy<bool> s_isStarted = new(Start);

    /// <summary>Whether there is one; else the test is skipped.</summary>
    internal static bool IsThere
    {
        get
        {
            if (Peers.PythonFolder is null) Needs.Skip("LEPTON_TEST_ASSETS is not set, so there is no pyarrow");
            // Its modules look for it among what is global.
            else if (OpenLibrary(Library, Now | Global) == 0) Needs.Skip($"{Library} is missing: apt-get install libpython3.11");
            else return s_isStarted.Value;
            return false;
        }
    }

    /// <summary>Runs statements in one module that stays; an exception fails the test.</summary>
    internal static void Run(TempFolder folder, string script)
    {
        string source = folder["script.py"];
        string problem = folder["problem.txt"];
        File.WriteAllText(source, script);
        nint state = PyGILState_Ensure();
        try
        {
            // The interpreter would print what went wrong; a file can be read.
            int result = PyRun_SimpleString($"""
                import traceback
                try:
                    exec(compile(open('{source}').read(), '{source}', 'exec'), globals())
                except BaseException:
                    open('{problem}', 'w').write(traceback.format_exc())
                """);
            Assert.That(result, Is.Zero);
        }
        finally
        {
            PyGILState_Release(state);
        }
        if (File.Exists(problem)) Assert.Fail(File.ReadAllText(problem));
    }

    private static bool Start()
    {
        Py_InitializeEx(0);
        string packages = Directory.GetDirectories(Path.Combine(Peers.PythonFolder!, "lib"), "python3*").Select(folder => Path.Combine(folder, "site-packages")).Single();
        int result = PyRun_SimpleString($"import sys; sys.path[:0] = ['{packages}', '{RepositoryFolder.At("tests/System/Arrow")}']");
        // Other threads may come.
        PyEval_SaveThread();
        return result == 0 ? true : throw new InvalidOperationException("Python does not start");
    }

    [LibraryImport("libc", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint OpenLibrary(string name, int flags);

    [LibraryImport(Library)]
    private static partial void Py_InitializeEx(int signals);

    [LibraryImport(Library)]
    private static partial nint PyEval_SaveThread();

    [LibraryImport(Library)]
    private static partial nint PyGILState_Ensure();

    [LibraryImport(Library)]
    private static partial void PyGILState_Release(nint state);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int PyRun_SimpleString(string script);
}
