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

    private bool Scales => key.Arithmetic != TileArithmetic.Floats && key.Output != DataType.Int32;

    private bool Quantizes => key.Output is DataType.UInt8 or DataType.Int8;

    public void Emit()
    {
        var mark = vectors.Mark();
        LoadPointers();
        LoadConstants();
        var bytes = Quantizes ? CreateByteStores() : null;
        for (var i = 0; i < sums.Length; i++)
        {
            var column = i % key.Vectors;
            Finish(sums[i], column);
            var rowEnds = column == key.Vectors - 1;
            if (rowEnds && key.Residual is not null) asm.add(Residual, ResidualStride);
            if (bytes is not null)
            {
                if (i % TileByteStores.VectorsTogether == TileByteStores.VectorsTogether - 1 || i == sums.Length - 1) bytes.StoreThrough(i);
                continue;
            }
            StoreWords(sums[i], column);
            if (rowEnds) asm.add(Output, OutputStride);
        }
        asm.mov(Argument(nameof(TileArguments.C)), Output);
        if (key.Residual is not null) asm.mov(Argument(nameof(TileArguments.Residual)), Residual);
        vectors.ReturnTo(mark);
    }

    private TileByteStores CreateByteStores()
    {
        var spare = sums.Length > 1 ? sums[0] : vectors.Take("packing");
        return new TileByteStores(key, asm, sums, spare, constant([0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15]));
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

    /// <summary>Everything but the store: afterwards the register holds the output's floats, or integers still to be packed.</summary>
    private void Finish(AssemblerRegisterZMM x, int j)
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
        if (Quantizes) asm.vcvtps2dq(x, x);
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

    private void StoreWords(AssemblerRegisterZMM x, int j)
    {
        var words = __zmmword_ptr[Output + (64 * j)];
        asm.vmovups(Masked(j) ? words.k1 : words, x);
    }

    private bool Masked(int j) => key.MaskedColumns && j == key.Vectors - 1;

    private static AssemblerMemoryOperand Argument(string field) => __qword_ptr[Arguments + TileEmitter.Offset(field)];
}
