namespace ServingStack.Kernels.Gemm;

/// <summary>Refuses what no kernel could compute, before memory is touched; messages name the value and what was expected.</summary>
internal static class GemmChecks
{
    public static void Check(GemmProblem problem)
    {
        Positive(problem.N, nameof(problem.N));
        Positive(problem.K, nameof(problem.K));
        Check(problem.A, problem.Epilogue);
        var fits = problem.A == DataType.Float32 ? problem.B == DataType.Float32 || problem.StoresHalves() : problem.B == DataType.Int8;
        if (!fits) throw new ArgumentException($"Weights of {problem.B} do not go with activations of {problem.A}.");
    }

    public static void Check(DataType activations, Epilogue epilogue)
    {
        if (activations is not (DataType.Float32 or DataType.UInt8 or DataType.Int8))
            throw new ArgumentException($"Activations are {activations}; Float32, UInt8 or Int8 is expected.");
        if (epilogue.Output is not (DataType.Float32 or DataType.UInt8 or DataType.Int8 or DataType.Int32))
            throw new ArgumentException($"The output is {epilogue.Output}; Float32, UInt8, Int8 or Int32 is expected.");
        if (activations == DataType.Float32 && epilogue.Output != DataType.Float32)
            throw new ArgumentException($"Float32 activations give Float32, not {epilogue.Output}: quantize in a step of its own.");
        CheckResidual(activations, epilogue);
        if (!(epilogue.ClampMin <= epilogue.ClampMax))
            throw new ArgumentException($"The clamp [{epilogue.ClampMin}, {epilogue.ClampMax}] is empty.");
    }

    public static void Check(GemmProblem problem, GemmWeights weights)
    {
        Count(weights.B.Length, (long)problem.N * problem.K * problem.B.Size(), "bytes of weights");
        CheckConstants(problem.A, problem.Epilogue, problem.N, weights);
    }

    public static void Check(DataType activations, Epilogue epilogue, int outputs, long weightCount, GemmWeights weights)
    {
        var elementBytes = activations == DataType.Float32 ? sizeof(float) : sizeof(sbyte);
        Count(weights.B.Length, weightCount * elementBytes, "bytes of weights");
        CheckConstants(activations, epilogue, outputs, weights);
    }

    private static void CheckConstants(DataType activations, Epilogue epilogue, int outputs, GemmWeights weights)
    {
        CountOrNone(weights.Bias.Length, activations == DataType.Float32 ? outputs : 0, "floats of bias");
        CountOrNone(weights.IntegerBias.Length, activations == DataType.Float32 ? 0 : outputs, "integers of bias");
        var scaled = activations != DataType.Float32 && epilogue.Output != DataType.Int32;
        if (scaled) Count(weights.Scale.Length, outputs, "scales");
        if (activations == DataType.Float32 && weights.ZeroPointA != 0)
            throw new ArgumentException($"The zero point of Float32 activations is {weights.ZeroPointA}; 0 is expected.");
    }

    public static void Check(GemmProblem problem, GemmOperands operands)
    {
        Positive(operands.M, nameof(operands.M));
        Address(operands.A, nameof(operands.A));
        Address(operands.C, nameof(operands.C));
        Stride(operands.StrideA, problem.K * problem.A.Size(), operands.M, nameof(operands.StrideA));
        Stride(operands.StrideC, problem.N * problem.Epilogue.Output.Size(), operands.M, nameof(operands.StrideC));
        if (problem.Epilogue.Residual is not { } residual) return;
        Address(operands.Residual, nameof(operands.Residual));
        Stride(operands.StrideResidual, problem.N * residual.Size(), operands.M, nameof(operands.StrideResidual));
    }

    public static void Positive(int value, string name)
    {
        if (value < 1) throw new ArgumentException($"{name} is {value}; 1 or more is expected.");
    }

    public static void Address(nint address, string name)
    {
        if (address == 0) throw new ArgumentException($"The address of {name} is missing.");
    }

    private static void CheckResidual(DataType activations, Epilogue epilogue)
    {
        if (epilogue.Before is { } before)
        {
            if (activations == DataType.Float32 || epilogue.Residual is null)
                throw new ArgumentException("Only sums of integers are rounded, and only before a residual is added.");
            if (!(before.Scale > 0) || before.Least > 0 || before.Most < 0)
                throw new ArgumentException($"Sums are rounded to {before}; a scale above 0 and bounds around 0 are expected.");
        }
        if (epilogue.Residual is not { } residual) return;
        if (residual is not (DataType.Float32 or DataType.UInt8 or DataType.Int8))
            throw new ArgumentException($"The residual is {residual}; Float32, UInt8 or Int8 is expected.");
        if (epilogue.Output == DataType.Int32) throw new ArgumentException("Raw Int32 sums take no residual.");
        if (residual == DataType.Float32 && epilogue.ResidualZeroPoint != 0)
            throw new ArgumentException($"The zero point of a Float32 residual is {epilogue.ResidualZeroPoint}; 0 is expected.");
        if (activations == DataType.Float32 && residual != DataType.Float32)
            throw new ArgumentException($"A Float32 problem adds a Float32 residual, not {residual}.");
    }

    public static void Count(long actual, long expected, string what)
    {
        if (actual != expected) throw new ArgumentException($"{actual} {what} were given; {expected} are expected.");
    }

    public static void CountOrNone(long actual, long expected, string what)
    {
        if (actual != 0) Count(actual, expected, what);
    }

    private static void Stride(nint stride, long rowBytes, int rows, string name)
    {
        if (rows > 1 && stride < rowBytes)
            throw new ArgumentException($"{name} is {stride} bytes, less than the {rowBytes} bytes of a row.");
    }
}
