using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Storage.Arrow.CData;

/// <summary>Arrow's C stream interface, both ways.</summary>
internal static unsafe class CDataStream
{
    // What <errno.h> calls a failed read; the text says more.
    private const int InputOutput = 5;

    internal static void Export(IRecordBatchReader reader, CArrowArrayStream* target)
    {
        *target = default;
        target->GetSchema = &GetSchema;
        target->GetNext = &GetNext;
        target->GetLastError = &GetLastError;
        target->PrivateData = (void*)GCHandle.ToIntPtr(GCHandle.Alloc(new Exported(reader)));
        target->Release = &Release;
    }

    internal static IRecordBatchReader Import(CArrowArrayStream* source, ArrowReadOptions options)
    {
        var place = new ArrowPlace(options.Source ?? "C stream");
        if (source->Release is null) throw place.Error("storage.arrow_c_released", "");
        var stream = new Imported(source, options, place);
        try
        {
            stream.Open();
            return stream;
        }
        catch
        {
            stream.Free();
            throw;
        }
    }

    private static Exported Of(CArrowArrayStream* stream) => (Exported)GCHandle.FromIntPtr((nint)stream->PrivateData).Target!;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int GetSchema(CArrowArrayStream* stream, CArrowSchema* target)
    {
        Exported exported = Of(stream);
        try
        {
            ArrowCData.Export(exported.Reader.Schema, target);
            return 0;
        }
        catch (Exception failure)
        {
            // No exception crosses the border.
            return exported.Fail(failure);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int GetNext(CArrowArrayStream* stream, CArrowArray* target)
    {
        Exported exported = Of(stream);
        try
        {
            *target = default;
            using RecordBatch? batch = exported.Reader.ReadAsync().AsTask().GetAwaiter().GetResult();
            // At the end the array stays a released one.
            if (batch is not null) ArrowCData.Export(batch, target);
            return 0;
        }
        catch (Exception failure)
        {
            return exported.Fail(failure);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte* GetLastError(CArrowArrayStream* stream) => (byte*)Of(stream).LastError;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Release(CArrowArrayStream* stream)
    {
        if (stream is null || stream->Release is null) return;
        GCHandle handle = GCHandle.FromIntPtr((nint)stream->PrivateData);
        stream->Release = null;
        ((Exported)handle.Target!).Free();
        handle.Free();
    }

    private sealed class Exported(IRecordBatchReader reader)
    {
        internal IRecordBatchReader Reader => reader;

        internal nint LastError { get; private set; }

        internal int Fail(Exception failure)
        {
            Marshal.FreeCoTaskMem(LastError);
            LastError = Marshal.StringToCoTaskMemUTF8(failure.Message);
            return InputOutput;
        }

        internal void Free()
        {
            try
            {
                reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }
            catch (Exception)
            {
                // Nobody is left to be told, and no exception crosses the border.
            }
            Marshal.FreeCoTaskMem(LastError);
            LastError = 0;
        }
    }

    private sealed class Imported : IRecordBatchReader
    {
        private readonly ArrowReadOptions _options;
        private readonly ArrowPlace _place;
        private CArrowArrayStream* _stream;
        private CDataDecoder? _decoder;

        internal Imported(CArrowArrayStream* source, ArrowReadOptions options, ArrowPlace place)
        {
            (_options, _place) = (options, place);
            _stream = (CArrowArrayStream*)NativeMemory.Alloc((nuint)sizeof(CArrowArrayStream));
            *_stream = *source;
            source->Release = null;
        }

        public Schema Schema => _decoder!.Schema;

        public ValueTask<RecordBatch?> ReadAsync(CancellationToken cancellationToken = default)
        {
            while (_stream is not null)
            {
                cancellationToken.ThrowIfCancellationRequested();
                _place.MessageNumber++;
                CArrowArray next = default;
                Check(_stream->GetNext(_stream, &next));
                if (next.Release is null) break;
                using var array = new ImportedArray(&next);
                RecordBatch batch = _decoder!.Decode(array, _place, cancellationToken);
                if (batch.RowCount > 0) return ValueTask.FromResult<RecordBatch?>(batch);
                batch.Dispose();
            }
            return ValueTask.FromResult<RecordBatch?>(null);
        }

        public ValueTask DisposeAsync()
        {
            Free();
            return ValueTask.CompletedTask;
        }

        internal void Open()
        {
            CArrowSchema schema = default;
            Check(_stream->GetSchema(_stream, &schema));
            _decoder = CDataImport.Schema(&schema, _options, _place);
        }

        internal void Free()
        {
            if (_stream is null) return;
            if (_stream->Release is not null) _stream->Release(_stream);
            NativeMemory.Free(_stream);
            _stream = null;
        }

        private void Check(int error)
        {
            if (error == 0) return;
            byte* text = _stream->GetLastError is null ? null : _stream->GetLastError(_stream);
            throw _place.Error("storage.arrow_c_failed", error, CDataImport.Text(text) ?? "");
        }
    }
}
