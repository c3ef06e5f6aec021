using ServingStack.Kernels.Machine;

namespace ServingStack.Engine.Lowering;

/// <summary>A piece of the arena, for as long as some step needs it. The memory planner gives it its place.</summary>
internal sealed class Storage(long bytes)
{
    /// <summary>Before the first step: what the caller writes.</summary>
    public const int BeforeRun = -1;

    /// <summary>After the last step: what the caller reads.</summary>
    public const int AfterRun = int.MaxValue;

    public long Bytes => bytes;

    public int FirstStep { get; private set; } = int.MaxValue;

    public int LastStep { get; private set; } = int.MinValue;

    /// <summary>Bytes from the start of the arena, once planned.</summary>
    public long Offset { get; set; }

    public void UseAt(int step)
    {
        FirstStep = Math.Min(FirstStep, step);
        LastStep = Math.Max(LastStep, step);
    }
}

/// <summary>Bytes that a step reads or writes: in the arena, or in a constant buffer that all plans share.</summary>
internal sealed record Operand(Storage? Storage, NativeBuffer? Constant, long Offset, long Bytes)
{
    public static Operand InArena(long bytes) => new(new Storage(bytes), null, 0, bytes);

    public static Operand InConstant(NativeBuffer buffer, long bytes) => new(null, buffer, 0, bytes);

    /// <summary>A part of these bytes.</summary>
    public Operand Slice(long offset, long bytes) => this with { Offset = Offset + offset, Bytes = bytes };
}
