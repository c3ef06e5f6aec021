using ServingStack.Compression.Quantization;
using ServingStack.Graphs.Onnx;
using ServingStack.Zoo;

namespace ServingStack.Benchmarks;

/// <summary>An ONNX file to measure, and what it is called.</summary>
internal sealed record NetworkFile(string Network, Func<string> Path)
{
    /// <summary>Integer inputs are random ids below this.</summary>
    public int Ids { get; init; } = 1;

    /// <summary>What a recommender's tables hold, by its precision.</summary>
    private static readonly (string Precision, PooledRecommender Network)[] Recommenders =
        [("fp32", new()), ("int8", new() { QuantizedTables = true })];

    /// <summary>The networks that are measured where nothing else is asked for.</summary>
    private static readonly string[] Measured =
        ["resnet50", "vgg16", "googlenet", "inception_v3", "densenet121", "mobilenet_v2", "shufflenet"];

    /// <summary>Noise tells a range after a few images: more would only take longer.</summary>
    private const int CalibrationImages = 4;

    /// <summary>Files made by other code than this are another folder's.</summary>
    private static readonly string Folder = System.IO.Path.Combine(
        System.IO.Path.GetTempPath(), "servingstack-networks",
        $"{typeof(NetworkCatalog).Module.ModuleVersionId:N}-{typeof(Int8Quantizer).Module.ModuleVersionId:N}");

    public static IEnumerable<NetworkFile> Of(IEnumerable<string> paths) => paths.Select(path => new NetworkFile(NameOf(path), () => path));

    /// <summary>The models that the repository carries.</summary>
    public static IEnumerable<NetworkFile> Samples() => Of(SampleModels());

    /// <summary>
    /// The measured networks in fp32 and int8, built and quantized on first use and kept in the temporary folder; then the sample models.
    /// A filter that is exactly the name of a network of the zoo takes that one alone.
    /// </summary>
    public static IEnumerable<NetworkFile> Matching(string filter, string precision)
    {
        var exact = NetworkCatalog.All.Any(entry => entry.Name == filter);
        var names = exact ? [filter] : Measured.Where(name => name.Contains(filter, StringComparison.Ordinal));
        foreach (var name in names)
        {
            if (precision != "int8") yield return new(name, () => Float(name));
            if (precision != "fp32") yield return new(name, () => Int8(name));
        }
        if (exact) yield break;
        foreach (var (tables, network) in Recommenders)
            if (precision.Length == 0 || precision == tables)
                if ("recommender_pooled".Contains(filter, StringComparison.Ordinal))
                    yield return new("recommender_pooled", () => Recommender(tables, network)) { Ids = network.Rows };
        if (precision.Length == 0)
            foreach (var sample in Samples().Where(s => s.Network.Contains(filter, StringComparison.Ordinal))) yield return sample;
    }

    /// <summary>A network of the zoo in fp32, whatever is measured otherwise.</summary>
    public static NetworkFile OfFloats(string name) => new(name, () => Float(name));

    /// <summary>A network of the zoo in int8.</summary>
    public static NetworkFile OfBytes(string name) => new(name, () => Int8(name));

    private static string Float(string name) => Kept($"{name}.onnx", path => OnnxWriter.Save(NetworkCatalog.Find(name).Create(1), path));

    private static string Int8(string name) => Kept($"{name}_int8.onnx", path =>
    {
        var graph = NetworkCatalog.Find(name).Create(1);
        var rows = new CalibrationRows(graph.Inputs[0].Shape!, CalibrationImages);
        OnnxWriter.Save(Int8Quantizer.Quantize(graph, rows, new Int8Options { CalibrationRows = CalibrationImages }).Graph, path);
    });

    private static string Recommender(string tables, PooledRecommender network) =>
        Kept($"recommender_pooled_{tables}.onnx", path => OnnxWriter.Save(network.Create(1), path));

    /// <summary>Written under another name first, so that an interrupted run leaves no half file behind.</summary>
    private static string Kept(string file, Action<string> write)
    {
        var path = System.IO.Path.Combine(Folder, file);
        if (File.Exists(path)) return path;
        Directory.CreateDirectory(Folder);
        var unfinished = $"{path}.{Environment.ProcessId}";
        write(unfinished);
        File.Move(unfinished, path, overwrite: true);
        return path;
    }

    private static string[] SampleModels()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var models = System.IO.Path.Combine(folder.FullName, "deploy", "models");
            if (Directory.Exists(models)) return [.. Directory.EnumerateFiles(models, "model.onnx", SearchOption.AllDirectories).Order()];
        }
        throw new FileNotFoundException("There is no deploy/models above the program. Name a file with --model.");
    }

    // Repository files are all called model.onnx: their name is that of the folder above the version.
    private static string NameOf(string path)
    {
        var file = System.IO.Path.GetFileNameWithoutExtension(path);
        return file == "model" ? new FileInfo(path).Directory?.Parent?.Name ?? file : file;
    }
}
