using ServingStack.Kernels.Pooling;

namespace ServingStack.Kernels.Reference;

/// <summary>Pooling as ONNX defines it: every tap of every window is looked at, and asked whether it is inside.</summary>
internal static class ReferencePooling
{
    public static double[] Max(PoolProblem p, double[] input, double lowest) =>
        Pool(p, input, (inside, _) => inside.Count == 0 ? lowest : inside.Max());

    public static double[] Average(PoolProblem p, double[] input) =>
        Pool(p, input, (inside, padded) => inside.Count == 0 ? 0 : inside.Sum() / (p.CountIncludePad ? padded : inside.Count));

    /// <param name="reduce">Gets the values inside the image and how many taps are inside the image or its padding.</param>
    public static double[] Pool(PoolProblem p, double[] input, Func<List<double>, int, double> reduce) =>
        [.. ReferenceTensor.Indices([p.Batch, p.OutputHeight, p.OutputWidth, p.Channels]).Select(index => Window(p, input, index, reduce))];

    private static double Window(PoolProblem p, double[] input, long[] index, Func<List<double>, int, double> reduce)
    {
        var inside = new List<double>();
        var padded = 0;
        for (var ky = 0; ky < p.KernelHeight; ky++)
        {
            for (var kx = 0; kx < p.KernelWidth; kx++)
            {
                var y = (index[1] * p.StrideY) - p.PadTop + (ky * p.DilationY);
                var x = (index[2] * p.StrideX) - p.PadLeft + (kx * p.DilationX);
                if (y < p.InputHeight + p.PadBottom && x < p.InputWidth + p.PadRight) padded++;
                if (y < 0 || x < 0 || y >= p.InputHeight || x >= p.InputWidth) continue;
                inside.Add(input[ReferenceTensor.Flat([index[0], y, x, index[3]], [p.Batch, p.InputHeight, p.InputWidth, p.Channels])]);
            }
        }

        return reduce(inside, padded);
    }
}
