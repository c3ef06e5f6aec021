using ServingStack.Compression.Datasets;
using ServingStack.Compression.Evaluation;
using ServingStack.Engine;
using ServingStack.Tests.Shared;

namespace ServingStack.Cli.Tests;

/// <summary>What the shipped models are worth on the real test sets, on our engine.</summary>
public sealed class SampleModelTests
{
    [DataFact]
    public void FashionResnet_OnTheTestImages_ReachesItsBoundsInFloatsAndBytes()
    {
        var images = new ImageRows(FashionMnist.Load(TestData.Path("fashion-mnist"), train: false), ChannelNormalization.None);

        var (fp32, int8) = (Judge("fashion_resnet", images), Judge("fashion_resnet_int8", images));

        Assert.Equal(10_000, fp32.Rows);
        Assert.InRange(fp32.Accuracy, 0.92, 1);
        Assert.InRange(int8.Accuracy, fp32.Accuracy - 0.005, 1);
    }

    [DataFact]
    public void AdultRecommender_OnTheTestRows_ReachesItsBoundsInFloatsAndBytes()
    {
        var rows = new TabularRows(Adult.Load(TestData.Path("adult"), train: false));

        var (fp32, int8) = (Judge("adult_recommender", rows), Judge("adult_recommender_int8", rows));

        Assert.InRange(fp32.AreaUnderCurve!.Value, 0.91, 1);
        Assert.InRange(int8.AreaUnderCurve!.Value, fp32.AreaUnderCurve.Value - 0.001, 1);
        Assert.InRange(int8.Accuracy, fp32.Accuracy - 0.005, 1);
    }

    private static EvaluationReport Judge(string name, ILabelledRows rows)
    {
        var path = Path.Combine(TestData.RepositoryRoot, "deploy", "models", name, "1", "model.onnx");
        using var model = CompiledModel.Load(path, new EngineOptions());
        return Evaluator.Run(model, rows);
    }
}
