namespace ServingStack.LoadTest.Requests;

/// <summary>How requests travel.</summary>
internal enum Protocol
{
    /// <summary>REST, tensors as bytes behind the JSON.</summary>
    Rest,

    /// <summary>REST, tensors as numbers in the JSON.</summary>
    RestJson,

    /// <summary>gRPC, tensors as raw contents.</summary>
    Grpc,
}
