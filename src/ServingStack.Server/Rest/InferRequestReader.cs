using System.Text.Json;
using ServingStack.Serving.Errors;
using ServingStack.Serving.Requests;

namespace ServingStack.Server.Rest;

/// <summary>
/// Reads the body of an infer request: JSON, JSON with binary tensors behind it, or one raw tensor (the protocol's binary tensor data
/// extension). Elements go from the text straight into the tensor's bytes; binary tensors are used where they stand in the body.
/// </summary>
internal ref struct InferRequestReader
{
    private readonly ReadOnlyMemory<byte> _binary;
    private readonly ModelSignature _signature;
    private readonly RestInference _inference;
    private readonly List<(string Name, InferParameters? Parameters)> _wanted = [];
    private Utf8JsonReader _reader;
    private int _binaryUsed;
    private bool _binaryByDefault;

    private InferRequestReader(ReadOnlyMemory<byte> json, ReadOnlyMemory<byte> binary, RestInference inference)
    {
        (_binary, _inference, _signature) = (binary, inference, inference.Request.Signature);
        _reader = JsonRequest.Open(json.Span);
    }

    /// <param name="jsonLength">The header <c>Inference-Header-Content-Length</c>; null when there was none, 0 for a raw body.</param>
    public static RestInference Read(ReadOnlyMemory<byte> body, int? jsonLength, ModelSignature signature)
    {
        if (jsonLength > body.Length)
            throw ServingException.Invalid($"Inference-Header-Content-Length is {jsonLength}, but the body has {body.Length} bytes.");
        var inference = new RestInference(signature);
        try
        {
            if (jsonLength == 0) RawBody.Read(body, inference);
            else new InferRequestReader(body[..(jsonLength ?? body.Length)], body[(jsonLength ?? body.Length)..], inference).ReadRequest();
            inference.Request.Seal();
            return inference;
        }
        catch (Exception e)
        {
            inference.Dispose();
            // GetString throws InvalidOperationException on text that is not UTF-8.
            throw e switch
            {
                JsonException fault => JsonRequest.Malformed(fault),
                InvalidOperationException fault => ServingException.Invalid($"The request is no valid JSON text: {fault.Message}"),
                _ => e,
            };
        }
    }

    private void ReadRequest()
    {
        _reader.Read();
        JsonRequest.Expect(ref _reader, JsonTokenType.StartObject, "The request is no JSON object");
        var hasInputs = false;
        while (JsonRequest.NextProperty(ref _reader, out var name))
        {
            if (name == "id") _inference.Request.Id = JsonRequest.String(ref _reader, "id");
            else if (name == "parameters") ReadParameters();
            else if (name == "inputs" && !hasInputs) hasInputs = ReadInputs();
            else if (name == "inputs") throw ServingException.Invalid("inputs is given twice; send one list.");
            else if (name == "outputs") ReadOutputs();
            else _reader.Skip();
        }
        // Text after the object is malformed JSON, which the reader finds.
        _reader.Read();
        if (!hasInputs) throw ServingException.Invalid("inputs is missing; send a list of the model's inputs.");
        if (_binaryUsed != _binary.Length)
            throw ServingException.Invalid(
                $"{_binary.Length - _binaryUsed} bytes are left over behind the JSON: the sum of all binary_data_size is {_binaryUsed}.");
        ChooseOutputs();
    }

    private void ReadParameters()
    {
        var parameters = InferParameters.Read(ref _reader, "parameters");
        _inference.Request.Timeout = parameters.Timeout;
        _binaryByDefault = parameters.BinaryDataOutput;
    }

    private bool ReadInputs()
    {
        JsonRequest.Expect(ref _reader, JsonTokenType.StartArray, "inputs is no array");
        for (var i = 0; JsonRequest.NextElement(ref _reader); i++) ReadInput($"inputs[{i}]");
        return true;
    }

    private void ReadInput(string where)
    {
        JsonRequest.Expect(ref _reader, JsonTokenType.StartObject, $"{where} is no object");
        string? name = null, datatype = null;
        long[]? shape = null;
        InferParameters? parameters = null;
        // The names, and so the meaning, may come after the data: it is read at the end, from a copy of the reader that stands there.
        var data = default(Utf8JsonReader);
        while (JsonRequest.NextProperty(ref _reader, out var property))
        {
            switch (property)
            {
                case "name": name = JsonRequest.String(ref _reader, $"{where}.name"); break;
                case "datatype": datatype = JsonRequest.String(ref _reader, $"{where}.datatype"); break;
                case "shape": shape = JsonRequest.Extents(ref _reader, $"{where}.shape"); break;
                case "parameters": parameters = InferParameters.Read(ref _reader, $"{where}.parameters"); break;
                case "data":
                    data = _reader;
                    _reader.Skip();
                    break;
                default: _reader.Skip(); break;
            }
        }
        var index = _signature.InputIndex(name ?? throw Missing(where, "name"));
        Check(index, datatype ?? throw Missing(where, "datatype"), shape ?? throw Missing(where, "shape"));
        SetInput(index, shape, parameters?.BinaryDataSize, ref data);
    }

    private readonly void Check(int index, string datatype, long[] shape)
    {
        if (!Datatype.TryParse(datatype, out var type))
            throw ServingException.Invalid(
                $"Input '{_signature.Inputs[index].Name}' has the unknown datatype '{datatype}'; known are {Datatype.Names}.");
        _signature.CheckInput(index, type, shape);
    }

    private void SetInput(int index, long[] shape, int? binarySize, ref Utf8JsonReader data)
    {
        var spec = _signature.Inputs[index];
        var hasData = data.TokenType != JsonTokenType.None;
        if (hasData && binarySize.HasValue)
            throw ServingException.Invalid($"Input '{spec.Name}' has both data and parameters.binary_data_size; give one of them.");
        if (!hasData && !binarySize.HasValue)
            throw ServingException.Invalid($"Input '{spec.Name}' has neither data nor parameters.binary_data_size; give one of them.");
        _inference.Request.SetInput(index, shape, binarySize is { } size ? TakeBinary(spec.Name, size) : ReadData(spec, shape, ref data));
    }

    private ReadOnlyMemory<byte> TakeBinary(string tensor, int size)
    {
        if (size > _binary.Length - _binaryUsed)
            throw ServingException.Invalid(
                $"Input '{tensor}': binary_data_size is {size}, but only {_binary.Length - _binaryUsed} bytes are left behind the JSON. "
                + "Is Inference-Header-Content-Length the length of the JSON part?");
        _binaryUsed += size;
        return _binary.Slice(_binaryUsed - size, size);
    }

    private readonly ReadOnlyMemory<byte> ReadData(Engine.TensorSpec spec, long[] shape, ref Utf8JsonReader data)
    {
        var format = JsonTensor.For(spec.ElementType, spec.Name);
        var elements = ModelSignature.ElementCount(spec.Name, shape);
        // An element takes a character and a comma at least: what the text cannot hold is not worth memory.
        if (elements > _reader.BytesConsumed)
            throw ServingException.Invalid(
                $"Input '{spec.Name}': data has fewer than the {elements} elements that its shape {ModelSignature.Print(shape)} takes.");
        var bytes = _inference.Rent((int)Graphs.ElementTypes.BytesFor(spec.ElementType, elements));
        format.Read(ref data, spec.Name, shape, bytes.Span);
        return bytes;
    }

    private void ReadOutputs()
    {
        JsonRequest.Expect(ref _reader, JsonTokenType.StartArray, "outputs is no array");
        while (JsonRequest.NextElement(ref _reader))
        {
            var where = $"outputs[{_wanted.Count}]";
            JsonRequest.Expect(ref _reader, JsonTokenType.StartObject, $"{where} is no object");
            string? name = null;
            InferParameters? parameters = null;
            while (JsonRequest.NextProperty(ref _reader, out var property))
            {
                if (property == "name") name = JsonRequest.String(ref _reader, $"{where}.name");
                else if (property == "parameters") parameters = InferParameters.Read(ref _reader, $"{where}.parameters");
                else _reader.Skip();
            }
            _wanted.Add((name ?? throw Missing(where, "name"), parameters));
        }
    }

    /// <summary>All outputs when none is named.</summary>
    private readonly void ChooseOutputs()
    {
        for (var i = 0; i < _signature.Outputs.Count && _wanted.Count == 0; i++) _inference.Outputs.Add(new(i, _binaryByDefault));
        foreach (var (name, parameters) in _wanted)
        {
            var index = _signature.OutputIndex(name);
            if (_inference.Outputs.Exists(o => o.Index == index))
                throw ServingException.Invalid($"Output '{name}' is asked for twice; name each output once.");
            if (parameters?.Classes is { } classes) Classification.Check(_signature.Outputs[index], classes);
            _inference.Outputs.Add(new(index, parameters?.BinaryData ?? _binaryByDefault, (int)(parameters?.Classes ?? 0)));
        }
        foreach (var output in _inference.Outputs)
            if (!output.Binary) JsonTensor.For(_signature.Outputs[output.Index].ElementType, _signature.Outputs[output.Index].Name);
    }

    private static ServingException Missing(string where, string what) => ServingException.Invalid($"{where} has no {what}.");
}
