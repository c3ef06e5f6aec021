using ServingStack.Compression.Evaluation;
using ServingStack.Graphs;

namespace ServingStack.Compression.Tests.Evaluation;

public sealed class AccuracyChangeTests
{
    [Fact]
    public void Of_OneRowLost_CountsItAgainstAllRows()
    {
        // Targets are 0; the second model has the last of four rows wrong.
        var change = AccuracyChange.Of([1, 0, 1, 0, 1, 0, 1, 0], [1, 0, 1, 0, 1, 0, 0, 1], new Zeros());

        Assert.Equal(-0.25, change.Difference);
        Assert.Equal(0.75, change.Agreement);
        Assert.Equal(1.96 * Math.Sqrt((0.25 - 0.0625) / 4), change.HalfWidth, 9);
    }

    [Fact]
    public void Of_TheSameScores_IsNoChange() =>
        Assert.Equal(new(0, 0, 1), AccuracyChange.Of([0.9f, 0.2f, 0.1f, 0.6f], [0.9f, 0.2f, 0.1f, 0.6f], new Zeros()));

    private sealed class Zeros : ILabelledRows
    {
        public int Count => 4;

        public Tensor[] Inputs(int first, int count) => [];

        public float Target(int row) => 0;
    }
}
