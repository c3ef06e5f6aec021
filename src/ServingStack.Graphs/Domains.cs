namespace ServingStack.Graphs;

/// <summary>Operator domains of our own. Nodes of the internal ones come from passes and are never exported.</summary>
public static class Domains
{
    /// <summary>Operators that are exported as model-local functions.</summary>
    public const string Own = "servingstack";

    /// <summary>ONNX Runtime's own operators.</summary>
    public const string Microsoft = "com.microsoft";

    /// <summary>
    /// Internal: operators on 8-bit integers. <c>QConv</c> and <c>QGemm</c> take x (u8, s8), w (s8 constant), optionally bias (s32
    /// constant of scale x_scale * w_scale[n]) and residual, and have the attributes <c>x_scale, x_zero_point, w_scale</c> (1 or N),
    /// <c>y_scale, y_zero_point</c> (left out when the output is float32), <c>r_scale, r_zero_point</c>, <c>clamp_min, clamp_max</c> in
    /// integers of the output; where the residual is added to a tensor of bytes, <c>s_scale, s_zero_point, s_signed</c> say what it was. The others have a scale and zero point for each input (<c>a_</c>, <c>b_</c> or <c>x_</c>; arrays for
    /// QConcat) and for y.
    /// </summary>
    public const string Quantized = "servingstack.q";

    /// <summary>
    /// Internal: <c>FusedAffine</c> is x times a factor plus a shift, vectors of one number a channel (axis 1), as in <c>QAffine</c>; inputs
    /// from 3 on are further parts of x, concatenated along the channels.
    /// <c>FusedConv</c>, <c>FusedGemm</c>, <c>FusedAdd</c>: the standard operator, then clamped to <c>activation_min</c> and
    /// <c>activation_max</c>. Input 3 of a layer is added before clamping. <c>ChannelShuffle</c>: axis 1 seen as [<c>groups</c>,
    /// channels / groups] and transposed. <c>EmbeddingBag</c>: rows of a constant table (floats, or bytes with <c>scale</c>, 1 or one a row,
    /// and zero point as inputs 2 and 3) that the indices, input 1, look up; <c>pooling</c> (none, sum, mean) along the indices' last axis.
    /// <c>ValueAwareGemm</c>, <c>ValueAwareConv</c>: N channels of depth K with 4-bit codes, two a byte, as input 1, a scale for each
    /// <c>block_size</c> of them as input 4, and places and values of large weights as inputs 5 and 6. <c>EmbeddingRows</c>: codes of
    /// <c>bits</c>, indices, a scale and a bias for each row.
    /// </summary>
    public const string Fused = "servingstack.f";
}
