using System.Buffers.Binary;
using System.Text;

namespace ServingStack.Training.Native;

/// <summary>
/// The symbol versions that a 64-bit little-endian ELF library asks of others (section <c>.gnu.version_r</c>; System V gABI, "Symbol
/// Versioning"). A library can ask for a version of which it binds no symbol: its symbol table names one, as the marker that
/// <c>&lt;iostream&gt;</c> leaves, but no relocation uses it. The dynamic linker refuses the library all the same where the version is
/// missing, unless the need is marked weak.
/// </summary>
internal static class ElfVersionNeeds
{
    private const int SectionTypeRelocations = 4;
    private const int SectionTypeVersionNeeds = 0x6ffffffe;
    private const int SectionTypeVersionSymbols = 0x6fffffff;
    private const ushort WeakFlag = 2;
    private const ushort IndexMask = 0x7fff;
    private const int SectionHeaderSize = 64;
    private const int RelocationSize = 24;

    /// <summary>Marks each need of which no symbol is bound as weak, in place, and returns the names of those versions.</summary>
    /// <exception cref="InvalidDataException">The bytes are no such library.</exception>
    public static IReadOnlyList<string> WeakenUnbound(Span<byte> image)
    {
        if (image.Length < SectionHeaderSize || !image[..6].SequenceEqual("\u007fELF\u0002\u0001"u8))
            throw new InvalidDataException("Not a 64-bit little-endian ELF library.");
        try
        {
            var bound = BoundIndices(image);
            return FindSection(image, SectionTypeVersionNeeds) is { } needs ? WeakenUnbound(image, needs, bound) : [];
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new InvalidDataException("The ELF library is truncated: a section lies outside of the file.");
        }
    }

    private static List<string> WeakenUnbound(Span<byte> image, Section needs, HashSet<int> bound)
    {
        var names = FindByIndex(image, needs.Link);
        List<string> weakened = [];
        // A Verneed record (16 bytes) a library, each with a chain of Vernaux records (16 bytes) a version; offsets are relative.
        for (var library = needs.Offset; ;)
        {
            var count = UInt16(image, library + 2);
            var version = library + Int32(image, library + 8);
            for (var i = 0; i < count; i++, version += Int32(image, version + 12))
            {
                if (bound.Contains(UInt16(image, version + 6) & IndexMask)) continue;
                var flags = image.Slice(version + 4, 2);
                BinaryPrimitives.WriteUInt16LittleEndian(flags, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(flags) | WeakFlag));
                weakened.Add(Text(image, names.Offset + Int32(image, version + 8)));
            }
            var next = Int32(image, library + 12);
            if (next == 0) return weakened;
            library += next;
        }
    }

    /// <summary>Version indices of the symbols that relocations use.</summary>
    private static HashSet<int> BoundIndices(ReadOnlySpan<byte> image)
    {
        HashSet<int> bound = [];
        if (FindSection(image, SectionTypeVersionSymbols) is not { } versions) return bound;
        for (var s = 0; s < SectionCount(image); s++)
        {
            var relocations = FindByIndex(image, s);
            if (relocations.Type != SectionTypeRelocations) continue;
            for (var i = 0; i < relocations.Size; i += RelocationSize)
            {
                var symbol = Int32(image, relocations.Offset + i + 12);
                bound.Add(UInt16(image, versions.Offset + (symbol * 2)) & IndexMask);
            }
        }
        return bound;
    }

    private static Section? FindSection(ReadOnlySpan<byte> image, int type)
    {
        for (var i = 0; i < SectionCount(image); i++)
            if (FindByIndex(image, i) is var section && section.Type == type) return section;
        return null;
    }

    private static int SectionCount(ReadOnlySpan<byte> image) => UInt16(image, 60);

    private static Section FindByIndex(ReadOnlySpan<byte> image, int index)
    {
        var header = image.Slice((int)Int64(image, 40) + (index * SectionHeaderSize), SectionHeaderSize);
        return new(Int32(header, 4), (int)Int64(header, 24), (int)Int64(header, 32), Int32(header, 40));
    }

    private static string Text(ReadOnlySpan<byte> image, int offset)
    {
        var rest = image[offset..];
        return Encoding.ASCII.GetString(rest[..rest.IndexOf((byte)0)]);
    }

    private static ushort UInt16(ReadOnlySpan<byte> image, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(image.Slice(offset, 2));

    private static int Int32(ReadOnlySpan<byte> image, int offset) => BinaryPrimitives.ReadInt32LittleEndian(image.Slice(offset, 4));

    private static long Int64(ReadOnlySpan<byte> image, int offset) => BinaryPrimitives.ReadInt64LittleEndian(image.Slice(offset, 8));

    private readonly record struct Section(int Type, int Offset, int Size, int Link);
}
