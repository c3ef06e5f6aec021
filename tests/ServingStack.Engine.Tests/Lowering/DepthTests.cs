using ServingStack.Engine.Tests.Support;
using ServingStack.Graphs;

namespace ServingStack.Engine.Tests.Lowering;

/// <summary>Networks over sequences, images and videos, on our kernels alone, give what ONNX Runtime gives.</summary>
public class DepthTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    [InlineData(3, true)]
    public void Convolutions_OverAnyAxes_AgreeWithOnnxRuntime(int axes, bool quantized)
    {
        var builder = new LayerBuilder(new Random(11), quantized);
        long[] sizes = [.. new long[] { 5, 9, 11 }[^axes..]];
        var x = builder.Graph.AddInput("x", ElementType.Float32, new Shape([2, 3, .. sizes.Select(size => (Dimension)size)]));
        var stem = builder.Activated(builder.Convolution(builder.Quantized(x), Window(axes, 3, 2), 3, 32));
        var grouped = builder.Activated(builder.Convolution(stem, Window(axes, 3, 1), 4, 32, groups: 8));
        var depthwise = builder.Activated(builder.Convolution(grouped, Window(axes, 3, 1), 1, 32, groups: 32));
        var flat = builder.Activated(builder.Convolution(depthwise, Window(axes, 1, 1), 32, 20));
        builder.Graph.Outputs.Add(builder.Quantized(builder.Graph.Add("GlobalAveragePool", flat)));
        ShapeInference.Run(builder.Graph);

        Oracle.AssertEqual(builder.Graph, [Tensors.Floats(new Random(12), [2, 3, .. sizes])], tolerance: quantized ? 0.01f : 1e-4f);
    }

    [Theory]
    [InlineData("MaxPool", 3, 2, 1)]
    [InlineData("MaxPool", 1, 2, 0)]
    [InlineData("AveragePool", 3, 2, 1)]
    [InlineData("AveragePool", 2, 1, 0)]
    public void Pooling_OverThreeAxes_AgreesWithOnnxRuntime(string operation, int kernel, int stride, int pad)
    {
        foreach (var countIncludePad in operation == "AveragePool" ? (long[])[0, 1] : [0])
        {
            var builder = new LayerBuilder(new Random(13), quantized: false);
            var x = builder.Graph.AddInput("x", ElementType.Float32, Shape.Of(2, 4, 6, 7, 9));
            var before = builder.Convolution(x, Window(3, 1, 1), 4, 10);
            var attributes = new AttributeMap
            {
                ["kernel_shape"] = new long[] { kernel, 3, 2 },
                ["strides"] = new long[] { stride, 2, 1 },
                ["pads"] = new long[] { pad, 1, 0, pad, 1, 1 },
            };
            if (operation == "AveragePool") attributes["count_include_pad"] = countIncludePad;
            builder.Graph.Outputs.Add(builder.Graph.Add(operation, attributes, before));
            ShapeInference.Run(builder.Graph);

            Oracle.AssertEqual(builder.Graph, [Tensors.Floats(new Random(14), 2, 4, 6, 7, 9)]);
        }
    }

    // Kernel and stride along every axis, and padding that keeps the size at stride 1.
    private static AttributeMap Window(int axes, int kernel, int stride) => new()
    {
        ["kernel_shape"] = Enumerable.Repeat((long)kernel, axes).ToArray(),
        ["strides"] = Enumerable.Repeat((long)stride, axes).ToArray(),
        ["pads"] = Enumerable.Repeat((long)kernel / 2, 2 * axes).ToArray(),
    };
}
