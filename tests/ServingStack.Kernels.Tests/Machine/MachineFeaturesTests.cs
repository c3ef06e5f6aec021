using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Tests.Machine;

public class MachineFeaturesTests
{
    [Fact]
    public void Levels_OfThisMachine_StartPortableAndEndAtTheHighest()
    {
        var machine = MachineFeatures.Detect(forced: null);
        Assert.Equal(InstructionSet.Portable, machine.Levels[0]);
        Assert.Equal(machine.InstructionSet, machine.Levels[^1]);
    }

    [Theory]
    [InlineData("portable")]
    [InlineData("Portable")]
    public void InstructionSet_ForcedLower_IsHeldThere(string forced) =>
        Assert.Equal(InstructionSet.Portable, MachineFeatures.Detect(forced).InstructionSet);

    [Theory]
    [InlineData("sse9")]
    [InlineData("17")]
    public void InstructionSet_ForcedToNoLevel_SaysWhichThereAre(string forced)
    {
        var error = Assert.Throws<InvalidOperationException>(() => MachineFeatures.Detect(forced));
        Assert.Contains($"SERVINGSTACK_ISA={forced}", error.Message, StringComparison.Ordinal);
        Assert.Contains("Portable", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Caches_Detected_GrowWithTheirLevel()
    {
        var caches = CacheSizes.Detect();
        Assert.InRange(caches.L1Data, 8 << 10, 1 << 20);
        Assert.True(caches.L2 > caches.L1Data, $"{caches}");
    }
}
