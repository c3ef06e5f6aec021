using System.Text;
using ServingStack.Serving.Repository;

namespace ServingStack.Serving.Tests.Repository;

public sealed class ModelSettingsTests
{
    [Fact]
    public void Parse_AllKeys_AreRead()
    {
        var settings = Parse("""
            // how the model is served
            { "max_batch_size": 32, "max_queue_delay_microseconds": 500, "instances": 3, "threads": 2, "queue_limit": 7,
              "default_timeout_microseconds": 20000, "force_onnx_runtime": true, "version_policy": {"specific": [1, 3]}, }
            """);
        Assert.Equal((32, 500, 3, 2, 7, 20000, true), (settings.MaxBatchSize, settings.MaxQueueDelayMicroseconds, settings.Instances,
            settings.Threads, settings.QueueLimit, settings.DefaultTimeoutMicroseconds, settings.ForceOnnxRuntime));
        Assert.Equal([3, 1], settings.VersionPolicy.Candidates([1, 2, 3]));
    }

    [Theory]
    [InlineData("{}", new[] { 3, 2, 1 }, 1)]
    [InlineData("""{"version_policy": "all"}""", new[] { 3, 2, 1 }, int.MaxValue)]
    [InlineData("""{"version_policy": {"latest": 2}}""", new[] { 3, 2, 1 }, 2)]
    public void Parse_VersionPolicy_PrefersTheNewest(string json, int[] candidates, int count)
    {
        var policy = Parse(json).VersionPolicy;
        Assert.Equal(candidates, policy.Candidates([1, 2, 3]));
        Assert.Equal(count, policy.Count);
    }

    [Theory]
    [InlineData("""{"max_batchsize": 4}""", "max_batchsize")]
    [InlineData("""{"max_batch_size": 0}""", "max_batch_size is 0, allowed are 1 to 4096")]
    [InlineData("""{"max_batch_size": "many"}""", "max_batch_size")]
    [InlineData("""{"queue_limit": -1, "instances": 5000}""", "queue_limit is -1")]
    [InlineData("""{"queue_limit": -1, "instances": 5000}""", "instances is 5000")]
    [InlineData("""{"version_policy": {"latest": 0}}""", "version_policy is")]
    [InlineData("""{"version_policy": "newest"}""", "version_policy is")]
    [InlineData("""{"version_policy": {"specific": []}}""", "version_policy is")]
    [InlineData("null", "null")]
    [InlineData("{", "folder/model.json")]
    public void Parse_Mistake_NamesFileAndKey(string json, string expected)
    {
        var error = Assert.Throws<FormatException>(() => Parse(json));
        Assert.Contains("folder/model.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private static ModelSettings Parse(string json) => ModelSettings.Parse(Encoding.UTF8.GetBytes(json), "folder/model.json");
}
