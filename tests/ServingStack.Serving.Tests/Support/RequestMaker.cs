using System.Runtime.InteropServices;
using ServingStack.Serving.Errors;
using ServingStack.Serving.Repository;
using ServingStack.Serving.Requests;

namespace ServingStack.Tests.Support;

/// <summary>Requests made, run and read in one line each.</summary>
internal static class RequestMaker
{
    public static InferenceRequest Make<T>(ModelSignature signature, long[] shape, params T[] values) where T : unmanaged
    {
        var request = new InferenceRequest(signature);
        request.SetInput(0, shape, MemoryMarshal.AsBytes<T>(values).ToArray());
        request.Seal();
        return request;
    }

    public static float[] Floats(this InferenceRequest request, int output = 0) =>
        MemoryMarshal.Cast<byte, float>(request.Outputs[output].Bytes.Span).ToArray();

    /// <summary>Runs floats through a model's first input; the bytes of the first output, or the error.</summary>
    public static async Task<(byte[]? Bytes, ServingError? Error)> RunAsync<T>(
        this ServedModel model, long[] shape, params T[] values) where T : unmanaged
    {
        using var request = Make(model.Signature, shape, values);
        var error = await model.RunAsync(request);
        return (error is null ? request.Outputs[0].Bytes.ToArray() : null, error);
    }
}
