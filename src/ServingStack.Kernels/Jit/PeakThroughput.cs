using Iced.Intel;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Jit;

/// <summary>
/// What one core can do at most: independent multiply-adds on registers, no memory. A kernel's speed divided by this one's, measured in the
/// same run, says how much it leaves on the table, whatever the processor's clock does.
/// </summary>
public sealed unsafe class PeakThroughput : IDisposable
{
    private const int Rounds = 20_000;

    private readonly EmittedKernel _kernel;

    /// <summary>Throws <see cref="PlatformNotSupportedException"/> where the instruction does not exist.</summary>
    /// <param name="quantized">Products of u8 and s8 in 32-bit sums, otherwise multiply-adds of fp32.</param>
    /// <param name="level">At which level; the machine's when null.</param>
    public PeakThroughput(bool quantized, InstructionSet? level = null)
    {
        var found = MachineFeatures.Current.InstructionSet;
        var needed = level ?? found;
        if (needed < Needed || found < needed)
            throw new PlatformNotSupportedException($"The peak of {needed} cannot be measured on a machine held to {found}.");
        var emitter = new Emitter(quantized, needed);
        _kernel = new EmittedKernel(emitter.Name, emitter.Emit());
        OperationsPerRun = 2L * Rounds * emitter.ProductsPerRound;
    }

    /// <summary>A multiply-add counts as two.</summary>
    public long OperationsPerRun { get; }

    /// <summary>The lowest level that has a peak.</summary>
    public static InstructionSet Needed => InstructionSet.Avx2;

    public void Run()
    {
        var rounds = (nint)Rounds;
        ((delegate* unmanaged<nint*, void>)_kernel.Address)(&rounds);
    }

    public void Dispose() => _kernel.Dispose();

    private sealed class Emitter(bool quantized, InstructionSet level) : KernelEmitter(VectorInstructions.RegistersAt(level))
    {
        // A source each, and ones.
        private const int Operands = 3;

        public override string Name => $"peak_{(quantized ? "int8" : "fp32")}_{level}";

        public int ProductsPerRound => Sums * VectorInstructions.BytesAt(level) / (quantized ? 1 : sizeof(float));

        private bool Widens => quantized && level < InstructionSet.Avx512Vnni;

        private int Sums => (VectorInstructions.RegistersAt(level) - Operands) / (Widens ? 2 : 1);

        protected override void EmitBody()
        {
            var code = VectorInstructions.For(level, Asm, Constant);
            var sums = Vectors.Take(Sums, "sums");
            var products = Widens ? Vectors.Take(Sums, "products") : [];
            var (a, b, ones) = (Vectors.Take("a"), Vectors.Take("b"), Vectors.Take("ones"));
            foreach (var register in (AssemblerRegisterZMM[])[.. sums, .. products, a, b, ones]) code.Xor(register, register);
            Asm.mov(General[0], AssemblerRegisters.__qword_ptr[Arguments]);
            var loop = Asm.CreateLabel();
            Asm.Label(ref loop);
            for (var i = 0; i < sums.Length; i++)
                if (!quantized) code.AddProductsOfFloats(sums[i], a, b);
                else if (!Widens) code.AddQuadProducts(sums[i], a, b);
                else AddWidened(code, sums[i], products[i], a, b, ones);
            Asm.dec(General[0]);
            Asm.jnz(loop);
        }

        private static void AddWidened(
            VectorInstructions code, AssemblerRegisterZMM sum, AssemblerRegisterZMM product,
            AssemblerRegisterZMM a, AssemblerRegisterZMM b, AssemblerRegisterZMM ones)
        {
            code.PairProducts(product, a, b);
            code.AddNeighbours(product, ones);
            code.AddIntegers(sum, product);
        }
    }
}
