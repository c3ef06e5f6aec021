using System.Globalization;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Tests.Machine;

public class ExecutableMemoryTests
{
    [Fact]
    public void Code_Empty_IsRefused() => Assert.Throws<ArgumentException>(() => new ExecutableMemory([]));

    [Fact]
    public void Pages_HoldingCode_AreExecutableAndNotWritable()
    {
        if (!OperatingSystem.IsLinux() || !MachineFeatures.Current.CanExecuteGeneratedCode) return;
        using var memory = new ExecutableMemory([0xc3]);
        Assert.Equal("r-xp", AccessOf(memory.Address));
    }

    private static string AccessOf(nint address)
    {
        foreach (var line in File.ReadLines("/proc/self/maps"))
        {
            var fields = line.Split(' ');
            var range = fields[0].Split('-').Select(end => long.Parse(end, NumberStyles.HexNumber)).ToArray();
            if (address >= range[0] && address < range[1]) return fields[1];
        }
        return "unmapped";
    }
}
