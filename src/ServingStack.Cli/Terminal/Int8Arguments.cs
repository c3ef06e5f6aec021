using System.CommandLine;
using ServingStack.Compression.Quantization;

namespace ServingStack.Cli.Terminal;

/// <summary>The options of <c>--method int8</c>: one for each accuracy technique.</summary>
internal sealed class Int8Arguments
{
    private readonly Option<RangeMethod> _ranges = new("--ranges")
    {
        Description = "int8: how ranges of activations are chosen; the last two leave outliers outside.",
        DefaultValueFactory = _ => RangeMethod.MinimumError,
    };

    private readonly Option<WeightGrain> _grain = new("--grain")
    {
        Description = "int8: how many weights share a scale.",
        DefaultValueFactory = _ => WeightGrain.Channel,
    };

    private readonly Option<bool> _noNetAware = new("--no-net-aware")
    {
        Description = "int8: ranges by what was seen alone, not by what their readers make of them.",
    };

    private readonly Option<bool> _rounding = new("--learned-rounding")
    {
        Description = "int8: rounds weights by what the layer's inputs make of the error.",
    };

    private readonly Option<string?> _budget = new("--budget")
    {
        Description = "int8: the accuracy that may be lost on the calibration rows, as 0.2%; the worst layers stay in floats for it.",
    };

    private readonly Option<string> _most = new("--most-in-float")
    {
        Description = "int8: the share of layers that may stay in floats for --budget.",
        DefaultValueFactory = _ => "25%",
    };

    private readonly Option<bool> _keepFirst = new("--keep-first") { Description = "int8: leaves the first layer in floats." };
    private readonly Option<bool> _keepLast = new("--keep-last") { Description = "int8: leaves the last layer in floats." };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_ranges, _grain, _noNetAware, _rounding, _budget, _most, _keepFirst, _keepLast])
            command.Options.Add(option);
    }

    public Int8Options Options(ParseResult arguments) => new()
    {
        Ranges = arguments.GetValue(_ranges),
        Grain = arguments.GetValue(_grain),
        NetAware = !arguments.GetValue(_noNetAware),
        LearnedRounding = arguments.GetValue(_rounding),
        Budget = arguments.GetValue(_budget) is { } budget ? Shares.Parse(_budget.Name, budget) : null,
        MostInFloat = Shares.Parse(_most.Name, arguments.GetValue(_most)!),
        KeepFirst = arguments.GetValue(_keepFirst),
        KeepLast = arguments.GetValue(_keepLast),
    };
}
