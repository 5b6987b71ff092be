using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.FeatureStore.Registry;
using Lepton.Data.Schemas;

namespace Lepton.Data.FeatureStore.TrainingSets;

/// <summary>Holds a project's definitions against those in force.</summary>
internal static class AppliedChecks
{
    /// <summary>What a training set rests on must be in force as it is defined.</summary>
    /// <exception cref="LeptonDataException"><c>featurestore.not_applied</c>, at the definition's place.</exception>
    internal static void Check(TrainingSetDefinition definition, FeatureDefinitions definitions, RegistryState registry)
    {
        Dictionary<(ObjectKind, string), string> applied = RegistryObject.Of(registry.Definitions).ToDictionary(item => (item.Kind, item.Name), item => item.Spec);
        Dictionary<(ObjectKind, string), string> defined = RegistryObject.Of(definitions).ToDictionary(item => (item.Kind, item.Name), item => item.Spec);
        Check(ObjectKind.TrainingSet, definition.Name, definition.Place);
        if (definition.Service is { } service) Check(ObjectKind.FeatureService, service, FeatureResolver.FindService(service, definitions, definition.Place).Place);
        ResolvedFeatures features = FeatureResolver.Resolve(definition, definitions);
        foreach (OnDemandView view in features.OnDemandViews) Check(ObjectKind.OnDemandView, view.Name, view.Place);
        foreach (ViewJoin view in features.Views)
        {
            // A version is in force as long as the registry keeps it.
            if (view.OldVersion is null) Check(ObjectKind.FeatureView, view.DefinedView, view.View.Place);
            Check(ObjectKind.Entity, view.DefinedEntity, view.Entity.Place);
        }

        void Check(ObjectKind kind, string name, SourcePlace? place)
        {
            if (!applied.TryGetValue((kind, name), out string? spec)) throw new LeptonDataException("featurestore.not_applied", [name]) { Place = place };
            if (spec != defined[(kind, name)]) throw new LeptonDataException("featurestore.changed_since_applied", [name]) { Place = place };
        }
    }
}
