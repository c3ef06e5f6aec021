namespace ServingStack.Serving.Repository;

/// <summary>Where a version is in its life.</summary>
public enum ModelState
{
    /// <summary>Being read, compiled and warmed.</summary>
    Loading,

    /// <summary>Takes requests.</summary>
    Ready,

    /// <summary>Finishes its last requests.</summary>
    Unloading,

    /// <summary>Could not be loaded; the reason is beside.</summary>
    Unavailable,
}

/// <summary>What there is to know of a version, loaded or not.</summary>
/// <param name="Reason">Why it is unavailable, or what is worth knowing of a ready one; empty for nothing.</param>
public sealed record ModelStatus(string Model, int Version, ModelState State, string Reason = "");
