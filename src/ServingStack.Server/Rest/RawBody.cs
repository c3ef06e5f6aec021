using ServingStack.Graphs;
using ServingStack.Serving.Errors;

namespace ServingStack.Server.Rest;

/// <summary>
/// A body without JSON (header length 0): the bytes of the model's only input, as one row of a batch. One other open extent follows
/// from the byte count. All outputs go back as binary data.
/// </summary>
internal static class RawBody
{
    public static void Read(ReadOnlyMemory<byte> body, RestInference inference)
    {
        var signature = inference.Request.Signature;
        if (signature.Inputs.Count != 1)
            throw ServingException.Invalid(
                $"A body without JSON is for models with one input, '{signature.Model}' has {signature.Inputs.Count}.");
        var spec = signature.Inputs[0];
        inference.Request.SetInput(0, ShapeOf(spec, signature.Batches, body.Length), body);
        for (var i = 0; i < signature.Outputs.Count; i++) inference.Outputs.Add(new(i, Binary: true));
    }

    private static long[] ShapeOf(Engine.TensorSpec spec, bool batches, int bytes)
    {
        var open = -1;
        var known = 1L;
        var shape = new long[spec.Shape.Rank];
        for (var axis = 0; axis < shape.Length; axis++)
        {
            if (spec.Shape[axis].IsFixed) shape[axis] = spec.Shape[axis].Value;
            else if (axis == 0 && batches) shape[axis] = 1;
            else if (open >= 0)
                throw ServingException.Invalid($"Input '{spec.Name}' of shape {spec.Shape} has two open extents: send its shape, in JSON.");
            else (open, shape[axis]) = (axis, 1);
            known *= shape[axis];
        }
        var perUnit = spec.ElementType.BytesFor(known);
        if (open >= 0 && perUnit > 0) shape[open] = bytes / perUnit;
        return shape;
    }
}
