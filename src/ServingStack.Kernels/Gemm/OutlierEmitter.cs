using System.Numerics;
using System.Runtime.InteropServices;
using Iced.Intel;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Gemm;

/// <summary>What the outliers' kernel reads when called.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OutlierArguments
{
    /// <summary>Activations as floats: for each depth the rows of the tile, one beside the other.</summary>
    public nint A;

    /// <summary>The block of <see cref="OutlierPanels"/>.</summary>
    public nint Words;

    /// <summary>The sums of the first row.</summary>
    public nint Sums;

    /// <summary>Bytes between rows of sums.</summary>
    public nint Stride;

    public static int Offset(string field) => (int)Marshal.OffsetOf<OutlierArguments>(field);
}

/// <summary>The code depends on how many rows lie side by side: 1, 2, 4, 8 or 16.</summary>
internal sealed record OutlierKernelKey(int Lanes);

/// <summary>
/// Sums of one block of 16 columns: lanes are rows, so that each outlier is one multiply-add for up to sixteen rows. A word is the value as
/// a broadcast operand and the depth in its low half. The sixteen sums are turned over in registers before they are stored row by row.
/// </summary>
internal sealed class OutlierEmitter(OutlierKernelKey key) : KernelEmitter
{
    private static readonly AssemblerRegister64 Activations = r8;
    private static readonly AssemblerRegister64 Counts = r9;
    private static readonly AssemblerRegister64 Words = r10;
    private static readonly AssemblerRegister64 Groups = r11;
    private static readonly AssemblerRegister64 Output = r12;
    private static readonly AssemblerRegister64 Stride = r13;

    private AssemblerRegisterZMM[] _partial = [];
    private AssemblerRegisterZMM _rows;

    public override string Name => $"outliers_{key.Lanes}x{OutlierPanels.BlockColumns}";

    protected override void EmitBody()
    {
        Asm.mov(Activations, __qword_ptr[Arguments + OutlierArguments.Offset(nameof(OutlierArguments.A))]);
        Asm.mov(Counts, __qword_ptr[Arguments + OutlierArguments.Offset(nameof(OutlierArguments.Words))]);
        Asm.mov(Output, __qword_ptr[Arguments + OutlierArguments.Offset(nameof(OutlierArguments.Sums))]);
        Asm.mov(Stride, __qword_ptr[Arguments + OutlierArguments.Offset(nameof(OutlierArguments.Stride))]);
        Asm.lea(Words, __[Counts + (4 * OutlierPanels.BlockColumns)]);
        var sums = Vectors.Take(OutlierPanels.BlockColumns, "sums");
        var mark = Vectors.Mark();
        _partial = Vectors.Take(OutlierPanels.GroupWords - 1, "partial sums");
        _rows = Vectors.Take("rows");
        for (var j = 0; j < sums.Length; j++) EmitColumn(j, sums[j]);
        Vectors.ReturnTo(mark);
        if (key.Lanes > 1) StoreRows(TurnOver(sums, Vectors.Take(sums.Length, "turning over")));
        else
            for (var j = 0; j < sums.Length; j++) Asm.vmovss(__dword_ptr[Output + (4 * j)], VectorRegisters.Low(sums[j]));
    }

    private void EmitColumn(int column, AssemblerRegisterZMM sum)
    {
        AssemblerRegisterZMM[] sums = [sum, .. _partial];
        foreach (var register in sums) Asm.vpxord(register, register, register);
        var (next, end) = (Asm.CreateLabel(), Asm.CreateLabel());
        Asm.mov(r11d, __dword_ptr[Counts + (4 * column)]);
        Asm.test(Groups, Groups);
        Asm.jz(end);
        Asm.Label(ref next);
        for (var i = 0; i < sums.Length; i++)
        {
            Asm.movzx(eax, __word_ptr[Words + (4 * i)]);
            if (key.Lanes > 2) Asm.shl(eax, (byte)(BitOperations.Log2((uint)key.Lanes) - 1));
            LoadRows(Activations + (rax * (key.Lanes > 1 ? 8 : 4)));
            Asm.vfmadd231ps(sums[i], _rows, __dword_bcst[Words + (4 * i)]);
        }
        Asm.add(Words, 4 * OutlierPanels.GroupWords);
        Asm.dec(Groups);
        Asm.jnz(next);
        Asm.vaddps(sums[0], sums[0], sums[1]);
        Asm.vaddps(sums[2], sums[2], sums[3]);
        Asm.vaddps(sums[0], sums[0], sums[2]);
        Asm.Label(ref end);
        Asm.nop();
    }

    // No more than there is, so that no load crosses a cache line; the rest of the register becomes zero.
    private void LoadRows(AssemblerMemoryOperand rows)
    {
        // The shorter encoding names the first sixteen registers only.
        Asm.PreferVex = false;
        if (key.Lanes == 1) Asm.vmovss(VectorRegisters.Low(_rows), __dword_ptr[rows]);
        else if (key.Lanes == 2) Asm.vmovsd(VectorRegisters.Low(_rows), __qword_ptr[rows]);
        else if (key.Lanes == 4) Asm.vmovups(VectorRegisters.Low(_rows), __xmmword_ptr[rows]);
        else if (key.Lanes == 8) Asm.vmovups(VectorRegisters.Half(_rows), __ymmword_ptr[rows]);
        else Asm.vmovups(_rows, __zmmword_ptr[rows]);
    }

    /// <summary>Sixteen registers of columns become sixteen of rows, in four rounds of two-register shuffles.</summary>
    private AssemblerRegisterZMM[] TurnOver(AssemblerRegisterZMM[] a, AssemblerRegisterZMM[] b)
    {
        for (var i = 0; i < 16; i += 2)
        {
            Asm.vunpcklps(b[i], a[i], a[i + 1]);
            Asm.vunpckhps(b[i + 1], a[i], a[i + 1]);
        }
        for (var i = 0; i < 16; i += 4)
            for (var half = 0; half < 2; half++)
            {
                Asm.vunpcklpd(a[i + (2 * half)], b[i + half], b[i + half + 2]);
                Asm.vunpckhpd(a[i + (2 * half) + 1], b[i + half], b[i + half + 2]);
            }
        // Now quarter L of a[4g + i] holds row 4L + i of columns 4g to 4g + 3.
        for (var i = 0; i < 4; i++)
        {
            Asm.vshuff32x4(b[i], a[i], a[4 + i], 0x44);
            Asm.vshuff32x4(b[4 + i], a[i], a[4 + i], 0xee);
            Asm.vshuff32x4(b[8 + i], a[8 + i], a[12 + i], 0x44);
            Asm.vshuff32x4(b[12 + i], a[8 + i], a[12 + i], 0xee);
        }
        for (var i = 0; i < 4; i++)
        {
            Asm.vshuff32x4(a[i], b[i], b[8 + i], 0x88);
            Asm.vshuff32x4(a[4 + i], b[i], b[8 + i], 0xdd);
            Asm.vshuff32x4(a[8 + i], b[4 + i], b[12 + i], 0x88);
            Asm.vshuff32x4(a[12 + i], b[4 + i], b[12 + i], 0xdd);
        }
        return a;
    }

    private void StoreRows(AssemblerRegisterZMM[] rows)
    {
        for (var i = 0; i < key.Lanes; i++)
        {
            Asm.vmovups(__zmmword_ptr[Output], rows[i]);
            Asm.add(Output, Stride);
        }
    }
}
