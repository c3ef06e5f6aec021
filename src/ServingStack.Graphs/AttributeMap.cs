using System.Collections;

namespace ServingStack.Graphs;

/// <summary>
/// A node's attributes by name, in order of insertion. A value is one of: <see cref="long"/>, <see cref="float"/>, <see cref="string"/>,
/// <see cref="Tensor"/>, <see cref="Graph"/>, <see cref="OpaqueProto"/>, or an array of those; an array of bytes for a string that is
/// not UTF-8; or, in the body of a function, an <see cref="AttributeReference"/>.
/// </summary>
public sealed class AttributeMap : IEnumerable<KeyValuePair<string, object>>
{
    private readonly OrderedDictionary<string, object> _values = new(StringComparer.Ordinal);

    public int Count => _values.Count;

    public object this[string name]
    {
        get => _values[name];
        set => _values[name] = Widen(value);
    }

    public void Add(string name, object value) => _values.Add(name, Widen(value));

    public bool Remove(string name) => _values.Remove(name);

    public bool Contains(string name) => _values.ContainsKey(name);

    public long Int(string name, long otherwise) => Get(name, otherwise);

    public float Float(string name, float otherwise) => Get(name, otherwise);

    public string String(string name, string otherwise) => Get(name, otherwise);

    public long[]? Ints(string name) => Get<long[]?>(name, null);

    public float[]? Floats(string name) => Get<float[]?>(name, null);

    public Tensor? Tensor(string name) => Get<Tensor?>(name, null);

    public IEnumerator<KeyValuePair<string, object>> GetEnumerator() => _values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>ONNX's integers have 64 bits; a C# literal has 32.</summary>
    private static object Widen(object value) => value switch
    {
        int number => (long)number,
        int[] numbers => Array.ConvertAll(numbers, n => (long)n),
        _ => value,
    };

    private T Get<T>(string name, T otherwise) => !_values.TryGetValue(name, out var value) ? otherwise
        : value is T typed ? typed
        : throw new InvalidOperationException($"Attribute '{name}' is a {value.GetType().Name}, expected {typeof(T).Name}.");
}
