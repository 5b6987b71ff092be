using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.FeatureStore.Definitions;

/// <summary>One part as a file says it.</summary>
internal readonly record struct SplitPartText(EventTime? Before, Located<double>? Share);

/// <summary>Reads named parts of a training set.</summary>
internal static class SplitParts
{
    // Shares are written with a few digits; thirds do not add up to the last.
    private const double SumTolerance = 1e-6;

    /// <exception cref="LeptonDataException">Bounds that do not ascend, shares that do not add up, or some of each.</exception>
    internal static SplitDefinition Read(EquatableList<Entry<SplitPartText>> parts)
    {
        if (parts.Any(part => part.Value.Share is not null))
        {
            if (parts.FirstOrDefault(part => part.Value.Share is null) is { Name: not null } other) throw new LeptonDataException("featurestore.split_mixed", [other.Name]) { Place = other.Place };
            double sum = parts.Sum(part => DefinitionFormats.ShareOf(part.Value.Share!.Value));
            if (Math.Abs(sum - 1) > SumTolerance) throw new LeptonDataException("featurestore.split_sum", [Math.Round(sum * 100, 4)]) { Place = parts[0].Place };
        }
        else
        {
            CheckBounds(parts);
        }
        return new SplitDefinition(new EquatableList<SplitPart>(parts.Select(part => new SplitPart(part.Name, part.Value.Before, part.Value.Share?.Value))));
    }

    private static void CheckBounds(EquatableList<Entry<SplitPartText>> parts)
    {
        for (int i = 0; i < parts.Count - 1; i++)
        {
            if (parts[i].Value.Before is not { } bound) throw new LeptonDataException("featurestore.split_without_bound", [parts[i].Name, parts[^1].Name]) { Place = parts[i].Place };
            if (parts[i + 1].Value.Before is { } next && next <= bound)
                throw new LeptonDataException("featurestore.split_not_later", [parts[i + 1].Name, next, parts[i].Name, bound]) { Place = parts[i + 1].Place };
        }
    }
}
