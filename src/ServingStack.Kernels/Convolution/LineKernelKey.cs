using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// What the code of every line kernel is specialised on; a kernel's own key adds how its block of channels is computed. Equal keys share
/// one emitted kernel.
/// </summary>
internal abstract record LineKernelKey
{
    protected LineKernelKey(ConvolutionProblem problem, EpilogueConstants constants)
    {
        Arithmetic = TileProduct.Arithmetic(problem.Input);
        Rows = problem.KernelRows;
        KernelWidth = problem.KernelWidth;
        StrideX = problem.StrideX;
        DilationX = problem.DilationX;
        OutputWidth = problem.OutputWidth;
        OutputStride = problem.OutputChannels * problem.Epilogue.Output.Size();
        Output = problem.Epilogue.Output;
        HasOutputZeroPoint = constants.OutputZeroPoint != 0;
        ClampsBelow = constants.ClampsBelow;
        ClampsAbove = constants.ClampsAbove;
    }

    public TileArithmetic Arithmetic { get; }

    /// <summary>Kernel rows: lines of input that one line of output reads.</summary>
    public int Rows { get; }

    public int KernelWidth { get; }

    public int StrideX { get; }

    public int DilationX { get; }

    /// <summary>Output pixels of one line.</summary>
    public int OutputWidth { get; }

    /// <summary>Bytes from one output pixel to the next.</summary>
    public int OutputStride { get; }

    public DataType Output { get; }

    public bool HasOutputZeroPoint { get; }

    public bool ClampsBelow { get; }

    public bool ClampsAbove { get; }

    /// <summary>Vectors of weights of one kernel row.</summary>
    public abstract int RowVectors { get; }

    /// <summary>Vectors of bias, where sums start.</summary>
    public abstract int BiasVectors { get; }

    /// <summary>Vectors of scale; there are none for floats.</summary>
    public abstract int ScaleVectors { get; }

    /// <summary>The part of a name that all line kernels have.</summary>
    protected string NameOf(string kernel, string block) => string.Join('_',
        kernel, Arithmetic, $"{Rows}x{KernelWidth}", $"s{StrideX}d{DilationX}w{OutputWidth}p{OutputStride}", block,
        $"{Output}{(HasOutputZeroPoint ? "z" : "")}{(ClampsBelow ? "l" : "")}{(ClampsAbove ? "u" : "")}");
}
