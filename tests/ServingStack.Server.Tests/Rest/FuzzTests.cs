using System.Text;
using ServingStack.Server.Tests.Support;

namespace ServingStack.Server.Tests.Rest;

/// <summary>Mutated requests are answered or refused, never with a fault of the server.</summary>
[Collection(ServerCollection.Name)]
public sealed class FuzzTests(ServerFixture fixture)
{
    private const int Seed = 20260117;
    private const int Rounds = 600;

    private static readonly string[] Seeds =
    [
        """
        {"id":"a","parameters":{"timeout":1000000,"binary_data_output":true},"outputs":[{"name":"y","parameters":{"binary_data":false}}],
        "inputs":[{"name":"x","shape":[3],"datatype":"FP32","data":[1,-2.5,"NaN"]}]}
        """,
        """{"inputs":[{"name":"x","shape":[3],"datatype":"FP32","parameters":{"binary_data_size":12}}]}""",
    ];

    private static readonly string[] Fragments =
    [
        "null", "-1", "0", "1e999", "99999999999999999999", "[", "]", "{", "}", "\"", ",", ":", "NaN", "\\u0000", "\\ud800", "[[]]",
        "\"BYTES\"", "\"INT64\"",
        "9223372036854775807", "-9223372036854775808", "[0]", "[4294967296,4294967296]", "\"data\":[]", "\"inputs\":[]", "true", "\u00e9",
        "/*",
    ];

    [Fact]
    public async Task Infer_MutatedBodies_NeverGiveAServerError()
    {
        var random = new Random(Seed);
        for (var round = 0; round < Rounds; round++)
        {
            var body = Mutate(Encoding.UTF8.GetBytes(Seeds[random.Next(Seeds.Length)]), random);
            using var content = new ByteArrayContent([.. body, .. new byte[random.Next(3) * 6]]);
            if (random.Next(2) == 0) content.Headers.Add("Inference-Header-Content-Length", $"{random.Next(-1, body.Length + 3)}");
            using var response = await fixture.Server.Http.PostAsync("/v2/models/unbatched/infer", content);
            Assert.True((int)response.StatusCode is 200 or 400 or 501,
                $"Seed {Seed}, round {round}: {response.StatusCode} for {Encoding.UTF8.GetString(body)}");
        }
    }

    private static byte[] Mutate(byte[] body, Random random)
    {
        var mutated = body.ToList();
        for (var edits = random.Next(1, 4); edits > 0; edits--)
        {
            var at = random.Next(mutated.Count);
            switch (random.Next(4))
            {
                case 0: mutated[at] = (byte)random.Next(256); break;
                case 1: mutated.RemoveRange(at, random.Next(mutated.Count - at)); break;
                case 2: mutated.InsertRange(at, Encoding.UTF8.GetBytes(Fragments[random.Next(Fragments.Length)])); break;
                default: mutated.InsertRange(at, mutated.GetRange(at, Math.Min(40, mutated.Count - at))); break;
            }
            if (mutated.Count == 0) mutated.Add((byte)'{');
        }
        return [.. mutated];
    }
}
