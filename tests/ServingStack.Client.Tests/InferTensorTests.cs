namespace ServingStack.Client.Tests;

public class InferTensorTests
{
    [Fact]
    public void From_Floats_AreLittleEndianBytesOfTheirDatatype()
    {
        var tensor = InferTensor.From("x", new[] { 1f, -2f }, 1, 2);

        Assert.Equal("FP32", tensor.Datatype.Name);
        Assert.Equal([0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0], tensor.Bytes.ToArray());
        Assert.Equal([1f, -2f], tensor.As<float>().ToArray());
    }

    [Fact]
    public void From_ValuesThatDoNotFillTheShape_ThrowsWithBothSizes()
    {
        var error = Assert.Throws<ArgumentException>(() => InferTensor.From("x", new[] { 1L, 2, 3 }, 2, 2));

        Assert.Contains("'x' of INT64 [2, 2] takes 32 bytes, got 24", error.Message);
    }

    [Fact]
    public void From_TypeOutsideTheProtocol_Throws() => Assert.Throws<ArgumentException>(() => InferTensor.From("x", new[] { 'a' }, 1));

    [Fact]
    public void Shape_Negative_Throws() => Assert.Throws<ArgumentException>(() => InferTensor.From("x", Array.Empty<float>(), -1));

    [Fact]
    public void Shape_WithZero_HoldsNothing() => Assert.Equal(0, InferTensor.From("x", Array.Empty<float>(), 0, 5).ElementCount);

    [Fact]
    public void As_AnotherType_ThrowsInsteadOfReinterpreting() =>
        Assert.Throws<InvalidOperationException>(() => InferTensor.From("x", new[] { 1f }, 1).As<int>().Length);

    [Fact]
    public void FromStrings_Texts_CarryTheirLengths()
    {
        var tensor = InferTensor.FromStrings("x", ["ä", ""], 2);

        Assert.Equal([2, 0, 0, 0, 0xC3, 0xA4, 0, 0, 0, 0], tensor.Bytes.ToArray());
        Assert.Equal(["ä", ""], tensor.AsStrings());
    }

    [Theory]
    [InlineData(new byte[] { 1, 0, 0 })]
    [InlineData(new byte[] { 255, 255, 255, 255, 7 })]
    public void AsStrings_CutOff_Throws(byte[] bytes)
    {
        var tensor = new InferTensor("x", TensorDatatype.Named("BYTES"), [1], bytes);

        Assert.Contains("ends inside element 0", Assert.Throws<InvalidOperationException>(tensor.AsStrings).Message);
    }
}
