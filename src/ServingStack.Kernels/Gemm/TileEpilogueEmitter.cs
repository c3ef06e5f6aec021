using Iced.Intel;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// <see cref="Epilogue"/> on the sums while they are in registers: scale, residual, clamp, rounding, and the only store. The operations and
/// their order are those of the reference, so integer results are equal bit for bit.
/// </summary>
internal sealed class TileEpilogueEmitter(TileKernelKey key, Assembler asm, VectorRegisters vectors, AssemblerRegisterZMM[] sums)
{
    private static readonly AssemblerRegister64 Arguments = r15;
    private static readonly AssemblerRegister64 Output = rax;
    private static readonly AssemblerRegister64 OutputStride = rbx;
    private static readonly AssemblerRegister64 Residual = rcx;
    private static readonly AssemblerRegister64 ResidualStride = rdx;
    private static readonly AssemblerRegister64 Scale = rsi;

    private AssemblerRegisterZMM[] _scales = [];
    private AssemblerRegisterZMM _lower;
    private AssemblerRegisterZMM _upper;
    private AssemblerRegisterZMM _residualScale;
    private AssemblerRegisterZMM _residual;

    private bool IsInteger => key.Arithmetic != TileArithmetic.Floats;

    private bool Scales => IsInteger && key.Output != DataType.Int32;

    private bool Quantizes => key.Output is DataType.UInt8 or DataType.Int8;

    public void Emit()
    {
        var mark = vectors.Mark();
        LoadPointers();
        LoadConstants();
        for (var row = 0; row < key.Rows; row++)
        {
            for (var j = 0; j < key.Vectors; j++) EmitVector(sums[(row * key.Vectors) + j], j);
            asm.add(Output, OutputStride);
            if (key.Residual is not null) asm.add(Residual, ResidualStride);
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
            _scales = vectors.Take(key.Vectors, "scales");
            asm.mov(Scale, Argument(nameof(TileArguments.Scale)));
            for (var j = 0; j < key.Vectors; j++) asm.vmovups(_scales[j], __zmmword_ptr[Scale + (64 * j)]);
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
        asm.vbroadcastss(register, __dword_ptr[Arguments + TileEmitter.Offset(field)]);
        return register;
    }

    private void EmitVector(AssemblerRegisterZMM x, int j)
    {
        if (Scales)
        {
            asm.vcvtdq2ps(x, x);
            asm.vmulps(x, x, _scales[j]);
        }
        if (key.Residual is { } type) AddResidual(x, type, j);
        // The bound comes first: a NaN in the second operand of max and min stays a NaN.
        if (key.ClampsBelow) asm.vmaxps(x, _lower, x);
        if (key.ClampsAbove) asm.vminps(x, _upper, x);
        Store(x, j);
    }

    private void AddResidual(AssemblerRegisterZMM x, DataType type, int j)
    {
        var loaded = Masked(j) ? _residual.k1.z : _residual;
        var address = Residual + (16 * type.Size() * j);
        if (type == DataType.Float32) asm.vmovups(loaded, __zmmword_ptr[address]);
        else
        {
            if (type == DataType.UInt8) asm.vpmovzxbd(loaded, __xmmword_ptr[address]);
            else asm.vpmovsxbd(loaded, __xmmword_ptr[address]);
            asm.vpsubd(_residual, _residual, __dword_bcst[Arguments + TileEmitter.Offset(nameof(TileArguments.ResidualZeroPoint))]);
            asm.vcvtdq2ps(_residual, _residual);
        }
        asm.vfmadd231ps(x, _residual, _residualScale);
    }

    private void Store(AssemblerRegisterZMM x, int j)
    {
        var address = Output + (16 * key.Output.Size() * j);
        if (Quantizes)
        {
            asm.vcvtps2dq(x, x);
            asm.vpaddd(x, x, __dword_bcst[Arguments + TileEmitter.Offset(nameof(TileArguments.OutputZeroPoint))]);
            // Already clamped to the type's range: cutting off the upper bytes is exact for u8 and s8 alike.
            var bytes = __xmmword_ptr[address];
            asm.vpmovdb(Masked(j) ? bytes.k1 : bytes, x);
        }
        else
        {
            var words = __zmmword_ptr[address];
            asm.vmovups(Masked(j) ? words.k1 : words, x);
        }
    }

    private bool Masked(int j) => key.MaskedColumns && j == key.Vectors - 1;

    private static AssemblerMemoryOperand Argument(string field) => __qword_ptr[Arguments + TileEmitter.Offset(field)];
}
