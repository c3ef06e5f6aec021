using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Grpc.Core;

namespace ServingStack.Client.Tests.Support;

/// <summary>gRPC's framing around one message: a byte for compression, four for the length, then the message.</summary>
internal static class FakeGrpc
{
    private const int Prefix = 5;

    public static FakeServer Answering(IMessage message) => new((_, _) => Task.FromResult(Answer(Frame(message))));

    public static FakeServer Failing(StatusCode status, string detail, string? retryAfter = null) =>
        new((_, _) => Task.FromResult(Refusal(status, detail, retryAfter)));

    public static T Parse<T>(MessageParser<T> parser, byte[] body) where T : IMessage<T> =>
        parser.ParseFrom(body, Prefix, body.Length - Prefix);

    private static HttpResponseMessage Answer(byte[] body)
    {
        var answer = new HttpResponseMessage(HttpStatusCode.OK) { Version = HttpVersion.Version20, Content = new ByteArrayContent(body) };
        answer.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        answer.TrailingHeaders.Add("grpc-status", "0");
        return answer;
    }

    /// <summary>A server that has no message to send sends the trailers in the place of the headers.</summary>
    private static HttpResponseMessage Refusal(StatusCode status, string detail, string? retryAfter)
    {
        var answer = Answer([]);
        answer.TrailingHeaders.Clear();
        answer.Headers.Add("grpc-status", $"{(int)status}");
        answer.Headers.Add("grpc-message", Uri.EscapeDataString(detail));
        if (retryAfter is not null) answer.Headers.Add("retry-after", retryAfter);
        return answer;
    }

    private static byte[] Frame(IMessage message)
    {
        var bytes = message.ToByteArray();
        var frame = new byte[Prefix + bytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), bytes.Length);
        bytes.CopyTo(frame, Prefix);
        return frame;
    }
}
