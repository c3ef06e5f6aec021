using ServingStack.Client;
using ServingStack.LoadTest.Arguments;
using ServingStack.LoadTest.Requests;

namespace ServingStack.LoadTest.Tests.Requests;

public class RequestGeneratorTests
{
    private static readonly Dictionary<string, InputRange[]> NoRanges = [];

    [Fact]
    public void Create_FreeExtents_AreTheBatchAndOne()
    {
        var request = Create(Model("x", "FP32", [-1, 3, -1]), batch: 4)[0];

        Assert.Equal([4L, 3, 1], request.Inputs.Single().Shape);
        Assert.All(request.Inputs.Single().As<float>().ToArray(), value => Assert.InRange(value, 0f, 1f));
    }

    [Fact]
    public void Create_SameSeed_SameRequests()
    {
        byte[][] BytesOf(int seed) => [.. Create(Model("x", "FP32", [-1, 8]), seed: seed).Select(r => r.Inputs[0].Bytes.ToArray())];

        Assert.Equal(BytesOf(5), BytesOf(5));
        Assert.NotEqual(BytesOf(5), BytesOf(6));
        Assert.Equal(BytesOf(5).Length, BytesOf(5).Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void Create_StatedRanges_HoldColumnByColumnToBothEnds()
    {
        var ranges = new Dictionary<string, InputRange[]> { ["x"] = [new(5, 6), new(-2, -2)] };

        var values = Create(Model("x", "INT64", [-1, 2]), batch: 50, ranges)[0].Inputs[0].As<long>().ToArray();

        Assert.Equal([5L, 6], values.Where((_, i) => i % 2 == 0).Distinct().Order());
        Assert.Equal([-2L], values.Where((_, i) => i % 2 == 1).Distinct());
    }

    [Fact]
    public void Create_LabelsInTheMetadata_AreTheRanges()
    {
        var model = Model("x", "INT64", [-1, 2], new() { ["x"] = """{"color":["red","green","blue"],"size":["one"]}""" });

        var values = Create(model, batch: 100)[0].Inputs[0].As<long>().ToArray();

        Assert.Equal([0L, 1, 2], values.Where((_, i) => i % 2 == 0).Distinct().Order());
        Assert.Equal([0L], values.Where((_, i) => i % 2 == 1).Distinct());
    }

    [Theory]
    [InlineData("free text")]
    [InlineData("[1,2]")]
    [InlineData("""{"color":["red"]}""")]
    [InlineData("""{"color":3,"size":4}""")]
    public void Create_PropertyThatStatesNoRanges_IsIgnored(string property)
    {
        var values = Create(Model("x", "INT64", [-1, 2], new() { ["x"] = property }))[0].Inputs[0].As<long>().ToArray();

        Assert.Equal([0L, 0], values);
    }

    [Theory]
    [InlineData("BOOL", 1)]
    [InlineData("INT8", 1)]
    [InlineData("UINT16", 2)]
    [InlineData("BF16", 2)]
    [InlineData("FP16", 2)]
    [InlineData("INT32", 4)]
    [InlineData("FP64", 8)]
    public void Create_EachDatatype_FillsItsBytes(string datatype, int size) =>
        Assert.Equal(7 * size, Create(Model("x", datatype, [-1, 7]))[0].Inputs[0].Bytes.Length);

    [Fact]
    public void Create_Texts_SaysToGiveARequest() =>
        Assert.Contains("--request FILE", Assert.Throws<UsageException>(() => Create(Model("x", "BYTES", [-1]))).Message);

    [Fact]
    public void Create_BatchOfAFixedShape_SaysSo() =>
        Assert.Contains("fixed shape [1, 3]", Assert.Throws<UsageException>(() => Create(Model("x", "FP32", [1, 3]), batch: 2)).Message);

    [Fact]
    public void Create_RangeOfAnUnknownInput_NamesTheKnownOnes() => Assert.Contains("the inputs x",
        Assert.Throws<UsageException>(() => Create(Model("x", "FP32", [-1]), ranges: new() { ["y"] = [new(0, 1)] })).Message);

    [Theory]
    [InlineData("ids=0:8,-1:16", "ids", 2)]
    [InlineData("a=b=0:1.5", "a=b", 1)]
    public void Range_WellFormed_IsRead(string text, string input, int count)
    {
        var (name, ranges) = InputRange.Parse(text);

        Assert.Equal((input, count), (name, ranges.Length));
    }

    [Theory]
    [InlineData("ids")]
    [InlineData("=0:1")]
    [InlineData("ids=1")]
    [InlineData("ids=2:1")]
    [InlineData("ids=0:x")]
    [InlineData("ids=0:1,")]
    [InlineData("ids=0:NaN")]
    public void Range_Malformed_NamesTheOptionAndTheForm(string text) =>
        Assert.Contains(
            $"--input-range is '{text}': give name=low:high", Assert.Throws<UsageException>(() => InputRange.Parse(text)).Message);

    private static InferRequest[] Create(
        ModelMetadata model, int batch = 1, Dictionary<string, InputRange[]>? ranges = null, int seed = 1) =>
        new RequestGenerator(model, batch, ranges ?? NoRanges).Create("m", null, TimeSpan.FromSeconds(1), seed);

    private static ModelMetadata Model(string input, string datatype, long[] shape, Dictionary<string, string>? properties = null) =>
        new("m", ["1"], "p", [new TensorMetadata(input, TensorDatatype.Named(datatype), shape)], [], properties ?? []);
}
