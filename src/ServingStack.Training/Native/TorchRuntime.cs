using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace ServingStack.Training.Native;

/// <summary>
/// Brings libtorch into the process before TorchSharp first needs it. TorchSharp's native library names a version of libstdc++
/// (<c>GLIBCXX_3.4.32</c>) that Debian 12 does not have, and binds no symbol of it; where the library is refused for that, a copy with the
/// need marked weak is loaded from a folder of the user. TorchSharp then finds the loaded library by its name.
/// </summary>
public static class TorchRuntime
{
    private const string Bridge = "libLibTorchSharp.so";

    // In the order of their dependencies: a library's needs are met by those that are loaded already, wherever they lie.
    private static readonly string[] Torch = ["libc10.so", "libtorch_cpu.so", "libtorch.so"];

    private static readonly Lazy<string> Loaded = new(() => OperatingSystem.IsLinux() ? Load(SearchFolders(), CacheFolder()) : "");

    /// <summary>Loads libtorch once; later calls return at once. Thread-safe.</summary>
    /// <exception cref="DllNotFoundException">libtorch is not there; the message says what to do.</exception>
    public static void EnsureLoaded() => _ = Loaded.Value;

    /// <summary>How many threads libtorch takes for one operator, in the whole process.</summary>
    public static void SetThreads(int threads)
    {
        EnsureLoaded();
        TorchSharp.torch.set_num_threads(threads);
    }

    /// <summary>Loads from the first folder that holds TorchSharp's library, and returns the path of the file that was loaded.</summary>
    internal static string Load(IReadOnlyList<string> folders, string cacheFolder)
    {
        var bridge = Find(Bridge, folders);
        if (NativeLibrary.TryLoad(bridge, out _)) return bridge;
        foreach (var name in Torch) NativeLibrary.Load(Find(name, folders));
        var copy = WeakenedCopy(bridge, cacheFolder);
        NativeLibrary.Load(copy);
        return copy;
    }

    /// <summary>The path of a copy that any libstdc++ accepts which has the symbols that are really bound; made at the first
    /// call.</summary>
    internal static string WeakenedCopy(string library, string cacheFolder)
    {
        var image = File.ReadAllBytes(library);
        var folder = Path.Combine(cacheFolder, Convert.ToHexStringLower(SHA256.HashData(image))[..16]);
        var copy = Path.Combine(folder, Path.GetFileName(library));
        if (File.Exists(copy)) return copy;
        ElfVersionNeeds.WeakenUnbound(image);
        Directory.CreateDirectory(folder);
        // Other processes see the whole file or none.
        var draft = Path.Combine(folder, Path.GetRandomFileName());
        File.WriteAllBytes(draft, image);
        File.Move(draft, copy, overwrite: true);
        return copy;
    }

    private static string Find(string name, IReadOnlyList<string> folders) =>
        folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
        ?? throw new DllNotFoundException(
            $"'{name}' of libtorch is in none of: {string.Join(", ", folders)}. Training needs libtorch, which the project references " +
            "for linux-x64 only; on another system add the package 'libtorch-cpu-<rid>' of the version in Directory.Packages.props.");

    private static string[] SearchFolders() =>
    [
        .. (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
        Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native"),
        AppContext.BaseDirectory,
    ];

    private static string CacheFolder()
    {
        var user = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return Path.Combine(user.Length > 0 ? user : AppContext.BaseDirectory, "ServingStack", "native");
    }
}
