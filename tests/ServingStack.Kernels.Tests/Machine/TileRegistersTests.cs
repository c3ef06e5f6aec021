using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Tests.Machine;

public class TileRegistersTests
{
    [Fact]
    public void Permission_AskedForAgain_IsTheSameOnEveryThread()
    {
        if (MachineFeatures.Current.InstructionSet < InstructionSet.Avx512Amx) return;
        var allowed = false;
        var thread = new Thread(() => allowed = TileRegisters.AreAllowed(), maxStackSize: 128 << 10);
        thread.Start();
        thread.Join();
        Assert.True(allowed);
        Assert.True(TileRegisters.AreAllowed());
    }
}
