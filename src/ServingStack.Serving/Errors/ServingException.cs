namespace ServingStack.Serving.Errors;

/// <summary>Carries a <see cref="ServingError"/> out of reading a request; never thrown between queue and answer.</summary>
public sealed class ServingException(ServingError error) : Exception(error.Message)
{
    public ServingError Error { get; } = error;

    public static ServingException Invalid(string message) => new(ServingError.Invalid(message));
}
