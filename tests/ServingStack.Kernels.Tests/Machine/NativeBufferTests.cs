using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Tests.Machine;

public class NativeBufferTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4097)]
    public void Buffer_Fresh_IsAlignedAndZero(int bytes)
    {
        using var buffer = new NativeBuffer(bytes);
        Assert.Equal(0, buffer.Address % NativeBuffer.Alignment);
        Assert.Equal(bytes, buffer.Bytes.Length);
        Assert.False(buffer.Bytes.ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Span_BeyondTheEnd_IsRefused()
    {
        using var buffer = new NativeBuffer(16);
        Assert.Equal(2, buffer.Span<float>(8, 2).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Span<float>(8, 3).Length);
    }

    [Fact]
    public void Address_AfterDispose_IsRefused()
    {
        var buffer = new NativeBuffer(16);
        buffer.Dispose();
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.Address);
    }
}
