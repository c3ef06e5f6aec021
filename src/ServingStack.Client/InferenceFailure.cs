namespace ServingStack.Client;

/// <summary>Why a call failed, in one vocabulary for REST and gRPC.</summary>
public enum InferenceFailure
{
    /// <summary>A status that has no meaning in the protocol.</summary>
    Unknown,

    /// <summary>The request is malformed: a wrong name, datatype, shape, or number of bytes.</summary>
    InvalidArgument,

    /// <summary>No such model or version.</summary>
    NotFound,

    /// <summary>The server's queue is full, or the request is too large; see <see cref="InferenceException.RetryAfter"/>.</summary>
    ResourceExhausted,

    /// <summary>The answer would have come, or did come, after the request's timeout.</summary>
    DeadlineExceeded,

    /// <summary>The server or the model is not ready.</summary>
    Unavailable,

    /// <summary>The server does not offer what was asked.</summary>
    Unimplemented,

    /// <summary>The server failed.</summary>
    Internal,

    /// <summary>No connection to the server.</summary>
    Unreachable,

    /// <summary>The answer cannot be read.</summary>
    MalformedAnswer,
}
