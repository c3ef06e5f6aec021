using ServingStack.Kernels.Embedding;

namespace ServingStack.Kernels.Tests.Embedding;

public class EmbeddingTableTests
{
    [Theory]
    [InlineData(EmbeddingRowType.Int8, DataType.Float16, 17)]
    [InlineData(EmbeddingRowType.Int8, DataType.Float32, 64)]
    [InlineData(EmbeddingRowType.Int4, DataType.Float16, 17)]
    [InlineData(EmbeddingRowType.Int4, DataType.Float32, 300)]
    public void SetFused_InTheUsualLayout_GivesCodeTimesScalePlusBias(EmbeddingRowType type, DataType scaleType, int dimension)
    {
        using var table = new EmbeddingTable(new(dimension, type) { ScaleType = scaleType }, rows: 3);
        var codes = TestNumbers.Bytes(1, dimension).Select(code => type == EmbeddingRowType.Int4 ? code & 15 : code).ToArray();
        byte[] scales = scaleType == DataType.Float32
            ? [.. BitConverter.GetBytes(0.25f), .. BitConverter.GetBytes(-1.5f)]
            : [.. BitConverter.GetBytes((Half)0.25f), .. BitConverter.GetBytes((Half)(-1.5f))];
        var packed = type == EmbeddingRowType.Int8
            ? codes.Select(code => (byte)code)
            : codes.Chunk(2).Select(pair => (byte)(pair[0] | (pair.Length > 1 ? pair[1] << 4 : 0)));
        table.SetFused(1, [.. packed, .. scales]);
        var row = new float[dimension];
        table.GetRow(1, row);
        Assert.Equal(codes.Select(code => (code * 0.25f) - 1.5f), row);
    }

    [Theory]
    [InlineData(EmbeddingRowType.Float32, 0)]
    [InlineData(EmbeddingRowType.Float16, 0.003f)]
    [InlineData(EmbeddingRowType.Int8, 0.02f)]
    [InlineData(EmbeddingRowType.Int4, 0.3f)]
    public void SetRow_OfRealNumbers_KeepsThemWithinHalfAStep(EmbeddingRowType type, float bound)
    {
        using var table = new EmbeddingTable(new(50, type), rows: 2);
        var values = TestNumbers.Floats(7, 50);
        var row = new float[50];
        table.SetRow(1, values);
        table.GetRow(1, row);
        Assert.All(values.Zip(row), pair => Assert.InRange(pair.Second, pair.First - bound, pair.First + bound));
        table.GetRow(0, row);
        Assert.Equal(new float[50], row);
    }

    [Fact]
    public void NibbleOrder_OfAnyDimension_GivesEachCodeAPlaceOfItsOwn()
    {
        foreach (var dimension in new[] { 1, 16, 17, 32, 48, 64, 112, 128, 500 })
        {
            var places = Enumerable.Range(0, dimension).Select(i => NibbleOrder.Place(i, dimension)).ToArray();
            Assert.Equal(dimension, places.Distinct().Count());
            Assert.All(places, place => Assert.InRange(place.Byte, 0, NibbleOrder.ByteLength(dimension) - 1));
        }
    }

    [Theory]
    [InlineData(256, 256, new[] { 0, 64, 128, 192 })]
    [InlineData(36, 36, new[] { 0, 35 })]
    [InlineData(36, 64, new[] { 0 })]
    [InlineData(68, 68, new[] { 0, 64 })]
    [InlineData(72, 72, new[] { 0, 64 })]
    [InlineData(132, 132, new[] { 0, 64, 128 })]
    [InlineData(100, 100, new[] { 0, 64, 99 })]
    public void RowLines_OfARow_NameEveryLineOnce(int rowBytes, int stride, int[] expected) =>
        Assert.Equal(expected, RowLines.Offsets(rowBytes, stride));

    [Fact]
    public void Rows_ThatDoNotExistOrFit_AreRefused()
    {
        using var table = new EmbeddingTable(new(4, EmbeddingRowType.Int4), rows: 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => table.SetRow(2, new float[4]));
        Assert.Throws<ArgumentException>(() => table.SetRow(0, new float[5]));
        Assert.Throws<ArgumentException>(() => table.SetCodes(0, [1, 2, 3, 16], 1, 0));
        Assert.Throws<ArgumentException>(() => new EmbeddingTable(new(0, EmbeddingRowType.Int4), rows: 2));
    }
}
