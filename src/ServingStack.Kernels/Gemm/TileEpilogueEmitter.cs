using Iced.Intel;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// <see cref="Epilogue"/> on the sums while they are in registers: scale, residual, clamp, rounding, and the only store. The operations and
/// their order are those of the reference, so integer results are equal bit for bit.
/// </summary>
internal sealed class TileEpilogueEmitter(
    TileKernelKey key, Assembler asm, VectorRegisters vectors, AssemblerRegisterZMM[] sums, Func<uint[], AssemblerMemoryOperand> constant)
{
    // Two clamps, the residual and its scale.
    private const int OtherConstants = 4;

    private static readonly AssemblerRegister64 Arguments = r15;
    private static readonly AssemblerRegister64 Output = rax;
    private static readonly AssemblerRegister64 OutputStride = rbx;
    private static readonly AssemblerRegister64 Residual = rcx;
    private static readonly AssemblerRegister64 ResidualStride = rdx;
    private static readonly AssemblerRegister64 Scale = rsi;

    private readonly VectorInstructions _code = VectorInstructions.For(key.Level, asm, constant);

    private AssemblerRegisterZMM[] _scales = [];
    private AssemblerRegisterZMM _lower;
    private AssemblerRegisterZMM _upper;
    private AssemblerRegisterZMM _residualScale;
    private AssemblerRegisterZMM _residual;

    private bool Scales => key.Arithmetic != TileArithmetic.Floats && key.Output != DataType.Int32;

    private bool Quantizes => key.Output is DataType.UInt8 or DataType.Int8;

    public void Emit()
    {
        var mark = vectors.Mark();
        LoadPointers();
        LoadConstants();
        var spare = sums.Length > 1 ? sums[0] : vectors.Take("packing");
        var bytes = Quantizes ? new TileByteStores(key, asm, _code, sums, spare, constant(_code.PackedOrder)) : null;
        for (var i = 0; i < sums.Length; i++)
        {
            var column = i % key.RowRegisters;
            Finish(sums[i], column);
            var rowEnds = column == key.RowRegisters - 1;
            if (rowEnds && key.Residual is not null) asm.add(Residual, ResidualStride);
            if (bytes is not null)
            {
                if (i % TileByteStores.VectorsTogether == TileByteStores.VectorsTogether - 1 || i == sums.Length - 1) bytes.StoreThrough(i);
                continue;
            }
            // A sum stored before is free; a single column has registers to spare.
            var scratch = column > 0 ? sums[i - 1] : vectors.Free > 0 ? vectors.Next : spare;
            _code.StoreLanes(__[Output + (key.VectorBytes * column)], sums[i], scratch, key.Last(column));
            if (rowEnds) asm.add(Output, OutputStride);
        }
        asm.mov(Argument(nameof(TileArguments.C)), Output);
        if (key.Residual is not null) asm.mov(Argument(nameof(TileArguments.Residual)), Residual);
        vectors.ReturnTo(mark);
    }

    private void LoadPointers()
    {
        asm.mov(Output, Argument(nameof(TileArguments.C)));
        asm.mov(OutputStride, Argument(nameof(TileArguments.StrideC)));
        if (key.Residual is null) return;
        asm.mov(Residual, Argument(nameof(TileArguments.Residual)));
        asm.mov(ResidualStride, Argument(nameof(TileArguments.StrideResidual)));
    }

    private void LoadConstants()
    {
        if (Scales)
        {
            asm.mov(Scale, Argument(nameof(TileArguments.Scale)));
            if (vectors.Free >= key.RowRegisters + OtherConstants) _scales = vectors.Take(key.RowRegisters, "scales");
            for (var j = 0; j < _scales.Length; j++) _code.Load(_scales[j], ScaleAt(j));
        }
        if (key.ClampsBelow) _lower = LoadFloat(nameof(TileArguments.Lower));
        if (key.ClampsAbove) _upper = LoadFloat(nameof(TileArguments.Upper));
        if (key.Residual is null) return;
        _residualScale = LoadFloat(nameof(TileArguments.ResidualScale));
        _residual = vectors.Take("the residual");
    }

    private AssemblerRegisterZMM LoadFloat(string field)
    {
        var register = vectors.Take(field);
        _code.Broadcast(register, __dword_ptr[Arguments + TileEmitter.Offset(field)]);
        return register;
    }

    /// <summary>Everything but the store: afterwards the register holds the output's floats, or integers still to be packed.</summary>
    private void Finish(AssemblerRegisterZMM x, int j)
    {
        if (Scales)
        {
            _code.ToFloats(x);
            VectorOperand scale = _scales.Length > 0 ? _scales[j] : ScaleAt(j);
            _code.Multiply(x, scale);
        }
        if (key.RoundsBefore) RoundSum(x);
        if (key.Residual is { } type) AddResidual(x, type, j);
        if (key.ClampsBelow) _code.Max(x, _lower);
        if (key.ClampsAbove) _code.Min(x, _upper);
        if (Quantizes) _code.ToIntegers(x);
    }

    /// <summary>Its constants pass through the residual's register: a tile leaves few, and only layers in front of a sum need them.</summary>
    private void RoundSum(AssemblerRegisterZMM x)
    {
        BroadcastThroughResidual(nameof(TileArguments.BeforeLeast));
        _code.Max(x, _residual);
        BroadcastThroughResidual(nameof(TileArguments.BeforeMost));
        _code.Min(x, _residual);
        _code.ToIntegers(x);
        _code.ToFloats(x);
        BroadcastThroughResidual(nameof(TileArguments.BeforeScale));
        _code.Multiply(x, _residual);
    }

    private void BroadcastThroughResidual(string field) => _code.Broadcast(_residual, __dword_ptr[Arguments + TileEmitter.Offset(field)]);

    private void AddResidual(AssemblerRegisterZMM x, DataType type, int j)
    {
        var address = __[Residual + (_code.Lanes * type.Size() * j)];
        if (type == DataType.Float32) _code.LoadLanes(_residual, address, key.Last(j));
        else
        {
            _code.LoadBytes(_residual, address, type == DataType.Int8, key.Last(j));
            _code.SubtractIntegers(_residual, _code.Bytes == 64
                ? __dword_bcst[Arguments + TileEmitter.Offset(nameof(TileArguments.ResidualZeroPoint))]
                : __[Arguments + TileEmitter.Offset(nameof(TileArguments.ResidualZeroPoints))]);
            _code.ToFloats(_residual);
        }
        _code.AddProductsOfFloats(x, _residual, _residualScale);
    }

    private AssemblerMemoryOperand ScaleAt(int j) => __[Scale + (key.VectorBytes * j)];

    private static AssemblerMemoryOperand Argument(string field) => __qword_ptr[Arguments + TileEmitter.Offset(field)];
}
