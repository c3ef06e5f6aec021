using ServingStack.Graphs;
using ServingStack.Serving.Errors;
using ServingStack.Serving.Requests;

namespace ServingStack.Serving.Tests.Requests;

/// <summary>What a request may not be, and that the message says which value, and what was expected.</summary>
public sealed class InferenceRequestTests
{
    private static readonly Dimension Batch = Dimension.Named("batch");
    private static readonly Dimension Length = Dimension.Named("length");

    private static readonly ModelSignature Signature = new(
        "m",
        [new("a", ElementType.Int8, new Shape(Batch, Length)), new("b", ElementType.Float32, new Shape(Batch, Length, 2))],
        [new("y", ElementType.Float32, new Shape(Batch, 2))],
        batches: true, maxRows: 4);

    [Fact]
    public void Seal_GoodInputs_CountsTheRowsAndMakesRoomForOutputs()
    {
        using var request = new InferenceRequest(Signature);
        request.SetInput(0, [3, 2], new byte[6]);
        request.SetInput(1, [3, 2, 2], new byte[48]);
        request.Seal();
        Assert.Equal(3, request.Rows);
        Assert.Equal(24, request.Outputs[0].Bytes.Length);
    }

    [Theory]
    [InlineData(new long[] { 1 }, 1, "[1]", "[batch, length]")]
    [InlineData(new long[] { 1, 0 }, 0, "[1, 0]", "[batch, length]")]
    [InlineData(new long[] { 0, 2 }, 0, "[0, 2]", "1 to 4")]
    [InlineData(new long[] { 5, 2 }, 10, "batch of 5", "max_batch_size")]
    [InlineData(new long[] { -1, 2 }, 2, "[-1, 2]", "0 or more")]
    [InlineData(new long[] { 4_000_000_000, 4_000_000_000 }, 2, "[4000000000", "more elements")]
    [InlineData(new long[] { 2, 2 }, 3, "takes 4 bytes, got 3", "'a'")]
    public void SetInput_WrongShapeOrSize_SaysWhatIsExpected(long[] shape, int bytes, params string[] expected)
    {
        using var request = new InferenceRequest(Signature);
        var error = Assert.Throws<ServingException>(() => request.SetInput(0, shape, new byte[bytes]));
        Assert.Equal(ServingErrorKind.InvalidArgument, error.Error.Kind);
        Assert.All(expected, e => Assert.Contains(e, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void SetInput_Twice_IsRefused()
    {
        using var request = new InferenceRequest(Signature);
        request.SetInput(0, [1, 1], new byte[1]);
        Assert.Contains(
            "given twice", Assert.Throws<ServingException>(() => request.SetInput(0, [1, 1], new byte[1])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Seal_MissingInput_IsNamed()
    {
        using var request = new InferenceRequest(Signature);
        request.SetInput(0, [1, 1], new byte[1]);
        Assert.Contains("'b' is missing", Assert.Throws<ServingException>(request.Seal).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, 1, "batch")]
    [InlineData(1, 2, "length")]
    public void Seal_InputsThatDisagree_NameTheSharedExtent(int batch, int length, string symbol)
    {
        using var request = new InferenceRequest(Signature);
        request.SetInput(0, [1, 1], new byte[1]);
        request.SetInput(1, [batch, length, 2], new byte[batch * length * 8]);
        Assert.Contains($"differ in '{symbol}'", Assert.Throws<ServingException>(request.Seal).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void InputIndex_UnknownName_ListsTheKnownOnes()
    {
        var error = Assert.Throws<ServingException>(() => Signature.InputIndex("c"));
        Assert.Contains("no input 'c', only 'a', 'b'", error.Message, StringComparison.Ordinal);
    }
}
