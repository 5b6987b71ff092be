namespace Lepton.Data.Sql.Binding;

/// <summary>A relation of the bound tree.</summary>
public abstract record BoundRelation;
