using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Serving.Errors;

namespace ServingStack.Serving.Requests;

/// <summary>
/// The protocol's classification extension: in place of an output's numbers, for each row of its last axis, the largest ones as texts
/// <c>score:class</c> or <c>score:class:label</c>, the largest first. Allocates, and only where a client asks for it.
/// </summary>
public sealed class Classification
{
    /// <summary>The ONNX metadata that names the classes, separated by commas.</summary>
    public const string LabelsKey = "labels";

    /// <summary>The protocol's name for texts.</summary>
    public static string Datatype => Requests.Datatype.NameOf(ElementType.String);

    private Classification(long[] shape, string[] texts) => (Shape, Texts) = (shape, texts);

    /// <summary>The output's shape with as many texts as were asked for, or as there are classes, in the last extent.</summary>
    public IReadOnlyList<long> Shape { get; }

    public IReadOnlyList<string> Texts { get; }

    /// <summary>Throws a <see cref="ServingException"/> when an output cannot be classified so.</summary>
    public static void Check(TensorSpec output, long count)
    {
        if (count is < 1 or > int.MaxValue)
            throw ServingException.Invalid($"Output '{output.Name}': classification is {count}; give how many classes you want, 1 or more.");
        if (output.ElementType != ElementType.Float32 || output.Shape.Rank == 0)
            throw ServingException.Invalid($"Output '{output.Name}' is {Requests.Datatype.NameOf(output.ElementType)} of rank {output.Shape.Rank}: "
                + "classification takes FP32 of rank 1 or more; leave it out.");
    }

    public static Classification Of(RequestOutput output, int count, IReadOnlyDictionary<string, string> metadata)
    {
        var labels = metadata.TryGetValue(LabelsKey, out var text) ? text.Split(',') : [];
        var classes = (int)output.Shape[^1];
        var scores = MemoryMarshal.Cast<byte, float>(output.Bytes.Span);
        var texts = new List<string>();
        for (var row = 0; row < scores.Length; row += classes) AddLargest(texts, scores.Slice(row, classes), count, labels);
        return new Classification([.. output.Shape[..^1], Math.Min(count, classes)], [.. texts]);
    }

    /// <summary>The texts as the protocol's binary BYTES: each behind its length in four bytes, little-endian.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Texts.Sum(text => sizeof(int) + Encoding.UTF8.GetByteCount(text))];
        var rest = bytes.AsSpan();
        foreach (var text in Texts)
        {
            var length = Encoding.UTF8.GetBytes(text, rest[sizeof(int)..]);
            BinaryPrimitives.WriteInt32LittleEndian(rest, length);
            rest = rest[(sizeof(int) + length)..];
        }
        return bytes;
    }

    private static void AddLargest(List<string> texts, ReadOnlySpan<float> scores, int count, string[] labels)
    {
        var row = scores.ToArray();
        // A stable order, so that equal scores always come in the order of their classes.
        foreach (var index in Enumerable.Range(0, row.Length).OrderByDescending(i => row[i]).Take(count))
            texts.Add(string.Create(
                CultureInfo.InvariantCulture, $"{row[index]}:{index}{(index < labels.Length ? $":{labels[index].Trim()}" : "")}"));
    }
}
