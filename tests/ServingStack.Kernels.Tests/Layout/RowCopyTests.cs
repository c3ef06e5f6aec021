using ServingStack.Kernels.Tests.Machine;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Tests.Layout;

public class RowCopyTests
{
    private const int Rows = 7;

    [Fact]
    public unsafe void Run_BlocksOfAnyLength_CopiesThemAndNothingElse()
    {
        for (var bytes = 0; bytes <= 200; bytes++)
            foreach (var (gapSource, gapTarget) in new[] { (0, 0), (3, 0), (0, 5), (1, 2) })
            {
                var (strideSource, strideTarget) = (bytes + gapSource, bytes + gapTarget);
                using var source = new GuardedBuffer((Rows * strideSource) - gapSource);
                using var target = new GuardedBuffer((Rows * strideTarget) - gapTarget);
                new Random(bytes).NextBytes(source.Bytes);
                target.Bytes.Fill(0xA5);
                var expected = target.Bytes.ToArray();
                for (var row = 0; row < Rows; row++)
                    source.Bytes.Slice(row * strideSource, bytes).CopyTo(expected.AsSpan(row * strideTarget));
                RowCopy.Run((byte*)source.Address, strideSource, (byte*)target.Address, strideTarget, bytes, Rows);
                Assert.Equal(expected, target.Bytes.ToArray());
            }
    }
}
