using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Schemas.Contracts;

/// <summary>Takes in batches and sums them up: a hash, a profile, a fit, a join's build side. One per thread, then merged; not safe for several threads.</summary>
public interface IAccumulator : IDisposable
{
    /// <summary>Takes in the rows of <paramref name="borrowed"/>, which stays the caller's and is invalid after the call.</summary>
    void Process(RecordBatch borrowed);

    /// <summary>Takes in what <paramref name="other"/>, of the same kind, took in; <paramref name="other"/> is then only disposed.</summary>
    void Merge(IAccumulator other);
}
