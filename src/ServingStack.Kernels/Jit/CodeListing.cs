using Iced.Intel;

namespace ServingStack.Kernels.Jit;

/// <summary>
/// Makes emitted code visible from outside: as files, bytes and assembly text, in the folder named by <c>SERVINGSTACK_DUMP_CODE</c>; and,
/// when
/// <c>SERVINGSTACK_PERF_MAP=1</c>, as symbols for Linux perf in <c>/tmp/perf-PID.map</c>.
/// </summary>
internal sealed class CodeListing(string? folder, string? perfMap)
{
    public const string FolderVariable = "SERVINGSTACK_DUMP_CODE";
    public const string PerfMapVariable = "SERVINGSTACK_PERF_MAP";

    private readonly Lock _writing = new();

    public static CodeListing FromEnvironment() => new(
        Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } folder ? folder : null,
        Environment.GetEnvironmentVariable(PerfMapVariable) == "1" ? $"/tmp/perf-{Environment.ProcessId}.map" : null);

    public void Add(EmittedKernel kernel, byte[] code)
    {
        if (folder is null && perfMap is null) return;
        lock (_writing)
        {
            if (folder is not null) WriteFiles(folder, kernel.Name, code);
            if (perfMap is not null) File.AppendAllText(perfMap, $"{kernel.Address:x} {code.Length:x} {kernel.Name}\n");
        }
    }

    /// <summary>The code as assembly text, one instruction a line, from offset 0.</summary>
    public static string Disassemble(byte[] code)
    {
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(code));
        var formatter = new NasmFormatter();
        var line = new StringOutput();
        var text = new System.Text.StringBuilder();
        while (decoder.IP < (ulong)code.Length)
        {
            var instruction = decoder.Decode();
            formatter.Format(instruction, line);
            text.Append($"{instruction.IP:x4}  ").Append(line.ToStringAndReset()).Append('\n');
        }
        return text.ToString();
    }

    private static void WriteFiles(string folder, string name, byte[] code)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, $"{name}.bin"), code);
        File.WriteAllText(Path.Combine(folder, $"{name}.asm"), Disassemble(code));
    }
}
