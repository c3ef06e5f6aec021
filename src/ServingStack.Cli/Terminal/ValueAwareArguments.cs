using System.CommandLine;
using ServingStack.Compression.ValueAware;

namespace ServingStack.Cli.Terminal;

/// <summary>The options of <c>--method value-aware</c>.</summary>
internal sealed class ValueAwareArguments
{
    private static readonly ValueAwareOptions Defaults = new();

    private readonly Option<int> _bits = new("--bits")
    {
        Description = "value-aware: bits of small weights and activations, 2 to 8.",
        DefaultValueFactory = _ => Defaults.Bits,
    };

    private readonly Option<string> _large = new("--large")
    {
        Description = "value-aware: share of large numbers that are kept in 16 bits, 0% to 5%.",
        DefaultValueFactory = _ => "1%",
    };

    private readonly Option<int> _edges = new("--edge-bits")
    {
        Description = "value-aware: bits of the first and the last layer.",
        DefaultValueFactory = _ => Defaults.EdgeBits,
    };

    private readonly Option<int> _group = new("--group")
    {
        Description = "value-aware: weights of a channel that share a scale, where that divides its depth; 0 for all.",
        DefaultValueFactory = _ => Defaults.Group,
    };

    private readonly Option<bool> _weightsOnly = new("--weights-only") { Description = "value-aware: leaves activations in floats." };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_bits, _large, _edges, _group, _weightsOnly]) command.Options.Add(option);
    }

    /// <exception cref="Compression.Quantization.QuantizationException">A number out of its range.</exception>
    public ValueAwareOptions Options(ParseResult arguments)
    {
        var options = Read(arguments);
        options.Check();
        return options;
    }

    private ValueAwareOptions Read(ParseResult arguments) => Defaults with
    {
        Bits = arguments.GetValue(_bits),
        Large = Shares.Parse(_large.Name, arguments.GetValue(_large)!),
        EdgeBits = arguments.GetValue(_edges),
        Group = arguments.GetValue(_group),
        WeightsOnly = arguments.GetValue(_weightsOnly),
    };
}
