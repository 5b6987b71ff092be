namespace Lepton.Data.Schemas.Contracts;

/// <summary>Decides who may read what. Governance implements it; until then the owner sees all.</summary>
public interface IAccessPolicy
{
    /// <summary>What <paramref name="who"/> may see of <paramref name="table"/>.</summary>
    ValueTask<TableAccess> DecideAsync(AccessContext who, TableName table, CancellationToken cancellationToken);
}

/// <summary>What somebody may see of a table.</summary>
public enum TableAccess
{
    /// <summary>Nothing, not even that it exists.</summary>
    None,

    /// <summary>Every row and column.</summary>
    All,
}

/// <summary>The policy of a lake without governance: who owns the folder sees all.</summary>
public sealed class OwnerSeesAll : IAccessPolicy
{
    /// <inheritdoc/>
    public ValueTask<TableAccess> DecideAsync(AccessContext who, TableName table, CancellationToken cancellationToken) => ValueTask.FromResult(TableAccess.All);
}
