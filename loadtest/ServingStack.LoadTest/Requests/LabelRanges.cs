using System.Text.Json;
using ServingStack.Client;

namespace ServingStack.LoadTest.Requests;

/// <summary>
/// Ranges that a model states itself: a property named as the input, a JSON object with the list of labels of each column. A column's
/// values are then the places in its list.
/// </summary>
internal static class LabelRanges
{
    /// <summary>One range for each column; null when the model states none.</summary>
    public static InputRange[]? Find(ModelMetadata model, TensorMetadata input)
    {
        if (input.Shape.Count == 0 || !model.Properties.TryGetValue(input.Name, out var text)) return null;
        try
        {
            using var json = JsonDocument.Parse(text);
            if (json.RootElement.ValueKind != JsonValueKind.Object) return null;
            var columns = json.RootElement.EnumerateObject().Select(column => column.Value.GetArrayLength());
            InputRange[] ranges = [.. columns.Select(labels => new InputRange(0, labels - 1))];
            return ranges.Length == input.Shape[^1] && ranges.All(range => range.High >= 0) ? ranges : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The property means something else.
            return null;
        }
    }
}
