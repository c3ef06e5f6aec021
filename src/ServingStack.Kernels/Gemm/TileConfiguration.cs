using Iced.Intel;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Gemm;

/// <summary>The shapes of the eight tile registers, as <c>ldtilecfg</c> reads them (Intel SDM, volume 2).</summary>
internal unsafe struct TileConfiguration
{
    private fixed byte _bytes[64];

    /// <summary>For blocks of that many rows: sums, then rows, then columns.</summary>
    public static TileConfiguration Of(int rows)
    {
        var configuration = default(TileConfiguration);
        configuration._bytes[0] = 1; // the only palette there is
        var blocks = new TileBlock(rows);
        for (var i = 0; i < TileBlock.Registers; i++)
        {
            configuration._bytes[16 + (2 * i)] = TileBlock.StepBytes;
            configuration._bytes[48 + i] = (byte)blocks.RowsInRegister(i);
        }
        return configuration;
    }

    /// <summary>
    /// Code that takes a configuration over. One must be in force before a block is computed, and none when a worker goes on to other work.
    /// </summary>
    public static EmittedKernel Loader() => KernelCache.Shared.GetOrEmit("amx_configure", static name => new Emitter(
        name, static asm => asm.ldtilecfg(__[r15])));

    /// <summary>Code that frees the tiles.</summary>
    public static EmittedKernel Releaser() => KernelCache.Shared.GetOrEmit("amx_release", static name => new Emitter(
        name, static asm => asm.tilerelease()));

    private sealed class Emitter(string name, Action<Assembler> body) : KernelEmitter
    {
        public override string Name => name;

        protected override void EmitBody() => body(Asm);
    }
}
