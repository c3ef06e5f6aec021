using ServingStack.Compression.Tucker;
using ServingStack.Training.Compressing;

namespace ServingStack.Training.Tests.Compressing;

public sealed class CompressionBudgetTests
{
    [Theory]
    [InlineData("flops=4x", BudgetKind.Flops, 4)]
    [InlineData("latency=1.5x", BudgetKind.Latency, 1.5)]
    [InlineData("accuracy=0.5", BudgetKind.Accuracy, 0.5)]
    [InlineData("accuracy=0", BudgetKind.Accuracy, 0)]
    public void Parse_KnownForm_IsItAndPrintsTheSame(string text, BudgetKind kind, double amount)
    {
        var budget = CompressionBudget.Parse(text);

        Assert.Equal(new(kind, amount), budget);
        Assert.Equal(text, budget.ToString());
    }

    [Theory]
    [InlineData("flops=1x")]
    [InlineData("flops=4")]
    [InlineData("latency=x")]
    [InlineData("accuracy=-1")]
    [InlineData("accuracy=0.5x")]
    [InlineData("time=2x")]
    [InlineData("0=2x")]
    [InlineData("flops=NaNx")]
    [InlineData("")]
    public void Parse_AnythingElse_IsRefusedWithTheForms(string text)
    {
        var error = Assert.Throws<TuckerException>(() => CompressionBudget.Parse(text));

        var expected = $"'{text}' is no budget; expected one of accuracy=0.5, flops=4x, latency=2x";
        Assert.StartsWith(expected, error.Message, StringComparison.Ordinal);
    }
}
