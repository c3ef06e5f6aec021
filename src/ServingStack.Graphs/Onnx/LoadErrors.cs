namespace ServingStack.Graphs.Onnx;

/// <summary>
/// Which exceptions a malformed model can cause deep in a rule (an attribute of the wrong kind, an index that is not there); they become a
/// <see cref="GraphLoadException"/>, because a broken model must never take the process down.
/// </summary>
internal static class LoadErrors
{
    public static bool IsOfModel(Exception e) => e is InvalidOperationException or ArgumentException or OverflowException or FormatException
        or IndexOutOfRangeException or KeyNotFoundException;
}
