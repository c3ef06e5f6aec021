namespace ServingStack.Graphs.ValueAware;

/// <summary>
/// A constant whose small numbers are codes of a few bits and whose large ones are kept in 16 bits beside them (Park, Yoo, Vajda 2018):
/// <c>x[i] = Codes[i] * Scales[i / ScaleLength] + Large[i]</c>, the code of a large number being 0. In a graph it is a call of the function
/// <see cref="ValueAwareFunctions.Weights"/>, which gives the floats.
/// </summary>
/// <param name="Bits">Of a code, 2 to 8; two's complement.</param>
/// <param name="Codes">Row-major.</param>
/// <param name="Scales">One for each run of codes; their number divides that of the codes.</param>
/// <param name="Large">The large numbers.</param>
/// <param name="Dimensions">Of the floats.</param>
public sealed record ValueAwareTensor(int Bits, sbyte[] Codes, Half[] Scales, LargeValues Large, long[] Dimensions)
{
    /// <summary>How many codes share a scale.</summary>
    public int ScaleLength => Codes.Length / Scales.Length;

    /// <summary>Bits of all parts, over the number of elements.</summary>
    public double BitsPerElement => (double)(CodeBits + ScaleBits + Large.GapBits + Large.ValueBits) / Codes.Length;

    public long CodeBits => (long)Bits * ((Codes.Length + 7) / 8) * 8;

    public long ScaleBits => Scales.Length * 16L;

    public float[] ToFloats()
    {
        var floats = new float[Codes.Length];
        for (var i = 0; i < floats.Length; i++) floats[i] = Codes[i] * (float)Scales[i / ScaleLength];
        foreach (var (place, value) in Large.Entries()) floats[place] += (float)value;
        return floats;
    }

    /// <summary>The inputs of the function, in its order.</summary>
    public Tensor[] ToInputs() =>
    [
        Tensor.From<byte>(BitPlanes.Pack(Codes, Bits), Bits, (Codes.Length + 7) / 8),
        Tensor.From<float>(BitPlanes.Significance(Bits), 1, Bits),
        Tensor.From<Half>(Scales, Scales.Length, 1),
        Tensor.From<long>([Scales.Length, ScaleLength], 2),
        Large.GapTensor(),
        Large.ValueTensor(),
        Tensor.From<long>(Dimensions, Dimensions.Length),
    ];

    /// <summary>Reads a call of the function back; null where its inputs are not constant or not what the function takes.</summary>
    public static ValueAwareTensor? Of(Node call)
    {
        if (!ValueAwareFunctions.IsWeights(call) || call.Inputs.Count != 7 || call.Inputs.Any(i => i?.Constant is null)) return null;
        var inputs = call.Inputs.Select(i => i!.Constant!).ToArray();
        if (inputs[0] is not { ElementType: ElementType.UInt8, Rank: 2 } planes || planes.Dimensions[0] is < 2 or > 8) return null;
        if (inputs[2].ElementType != ElementType.Float16 || inputs[5].ElementType != ElementType.Float16) return null;
        var grid = inputs[3].ToInt64s();
        var count = grid[0] * grid[1];
        if (inputs[2].ElementCount != grid[0] || planes.Dimensions[1] != (count + 7) / 8) return null;
        var bits = (int)planes.Dimensions[0];
        var large = LargeValues.From(inputs[4], inputs[5]);
        if (large.Gaps.Count != large.Values.Count || large.Gaps.Sum(g => (long)g) >= count) return null;
        return new(bits, BitPlanes.Unpack(planes.Bytes.Span, bits, checked((int)count)), inputs[2].As<Half>().ToArray(), large,
            inputs[6].ToInt64s());
    }
}
