using ServingStack.Tests.Shared;
using ServingStack.Training.Native;
using TorchSharp;

namespace ServingStack.Training.Tests.Native;

public sealed class TorchRuntimeTests
{
    private const string Bridge = "libLibTorchSharp.so";

    [TorchFact]
    public void EnsureLoaded_OnThisMachine_LetsTorchSharpCompute()
    {
        TorchRuntime.EnsureLoaded();

        using var sum = torch.ones(3).sum();

        Assert.Equal(3f, sum.item<float>());
    }

    [TorchFact]
    public void Load_NoLibtorch_SaysWhereItLookedAndWhatToDo()
    {
        var error = Assert.Throws<DllNotFoundException>(() => TorchRuntime.Load(["/nowhere", "/neither"], "/unused"));

        Assert.Contains("'libLibTorchSharp.so' of libtorch is in none of: /nowhere, /neither", error.Message, StringComparison.Ordinal);
        Assert.Contains("libtorch-cpu-<rid>", error.Message, StringComparison.Ordinal);
    }

    [TorchFact]
    public void WeakenUnbound_TorchSharpsLibrary_WeakensTheOneVersionThatItDoesNotUse()
    {
        var original = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", Bridge));
        var image = original.ToArray();

        var weakened = ElfVersionNeeds.WeakenUnbound(image);

        Assert.Equal(["GLIBCXX_3.4.32"], weakened);
        Assert.Equal(1, original.Zip(image).Count(pair => pair.First != pair.Second));
    }

    [TorchFact]
    public void WeakenedCopy_Twice_IsMadeOnce()
    {
        using var folder = new TemporaryFolder();
        var library = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", Bridge);

        var copy = TorchRuntime.WeakenedCopy(library, folder.File("cache"));
        var made = File.GetLastWriteTimeUtc(copy);

        Assert.Equal(copy, TorchRuntime.WeakenedCopy(library, folder.File("cache")));
        Assert.Equal(made, File.GetLastWriteTimeUtc(copy));
        Assert.Equal([copy], Directory.GetFiles(Path.GetDirectoryName(copy)!));
    }

    [TorchFact]
    public void WeakenUnbound_NoElf_IsRefused() =>
        Assert.Throws<InvalidDataException>(() => ElfVersionNeeds.WeakenUnbound(new byte[200]));

    [TorchFact]
    public void WeakenUnbound_Truncated_IsRefused()
    {
        var image = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", Bridge));

        Assert.Throws<InvalidDataException>(() => ElfVersionNeeds.WeakenUnbound(image.AsSpan(0, image.Length / 2)));
    }
}
