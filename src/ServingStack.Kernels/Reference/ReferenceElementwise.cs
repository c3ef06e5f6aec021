namespace ServingStack.Kernels.Reference;

/// <summary>Operators on two tensors, one element at a time, with numpy broadcasting.</summary>
internal static class ReferenceElementwise
{
    public static TY[] Binary<TA, TB, TY>(Func<TA, TB, TY> f, TA[] a, long[] shapeA, TB[] b, long[] shapeB, long[] shapeY) =>
        [.. ReferenceTensor.Indices(shapeY).Select(index =>
            f(a[ReferenceTensor.FlatBroadcast(index, shapeA)], b[ReferenceTensor.FlatBroadcast(index, shapeB)]))];
}
