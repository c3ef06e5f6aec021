using ServingStack.Graphs;

namespace ServingStack.Compression.Quantization;

/// <summary>A layer's weights seen as one row of depth numbers for each output channel, wherever the channel's axis lies.</summary>
internal readonly record struct WeightMatrix(Tensor Weights, int ChannelAxis)
{
    public int Channels => (int)Weights.Dimensions[ChannelAxis];

    public int Depth => (int)(Weights.ElementCount / Channels);

    /// <summary>Where the weight at a depth of a channel lies in the tensor: channels first, or, of a matrix, last.</summary>
    public int IndexOf(int channel, int depth) => ChannelAxis == 0 ? (channel * Depth) + depth : (depth * Channels) + channel;

    /// <summary>All rows, one after the other.</summary>
    public float[] Rows()
    {
        var values = Weights.As<float>();
        var rows = new float[values.Length];
        for (var n = 0; n < Channels; n++)
            for (var k = 0; k < Depth; k++) rows[(n * Depth) + k] = values[IndexOf(n, k)];
        return rows;
    }
}
