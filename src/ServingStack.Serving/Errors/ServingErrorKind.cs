namespace ServingStack.Serving.Errors;

/// <summary>Why a request got no answer. Each protocol maps every kind to one status of its own.</summary>
public enum ServingErrorKind
{
    /// <summary>The request is wrong and stays wrong however often it is sent.</summary>
    InvalidArgument,

    /// <summary>No such model, version or path.</summary>
    NotFound,

    /// <summary>The request is larger than the server takes.</summary>
    PayloadTooLarge,

    /// <summary>Understood, but not offered by this server.</summary>
    Unsupported,

    /// <summary>The model's queue is full: try again after a pause.</summary>
    QueueFull,

    /// <summary>The model, or the server, takes no requests now.</summary>
    Unavailable,

    /// <summary>The deadline passed, or could no longer be met.</summary>
    DeadlineExceeded,

    /// <summary>The client left before its request ran.</summary>
    Cancelled,

    /// <summary>A fault of the server or of the model.</summary>
    Internal,
}
