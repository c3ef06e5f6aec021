using System.Net;

namespace ServingStack.Client.Tests.Support;

/// <summary>A server in the client's own process: keeps what it was asked and answers as it is told.</summary>
internal sealed class FakeServer(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer) : HttpMessageHandler
{
    public HttpRequestMessage? Request { get; private set; }

    /// <summary>The body of the last request.</summary>
    public byte[] Body { get; private set; } = [];

    public string Path => Request!.RequestUri!.AbsolutePath;

    public static FakeServer Answering(HttpStatusCode status, string json) =>
        new((_, _) => Task.FromResult(new HttpResponseMessage(status) { Content = new StringContent(json) }));

    public static FakeServer Answering(HttpContent content) =>
        new((_, _) => Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = content }));

    /// <summary>Answers nothing until the call is given up.</summary>
    public static FakeServer Silent() => new(async (_, cancellation) =>
    {
        await Task.Delay(Timeout.Infinite, cancellation);
        throw new InvalidOperationException("nobody gave up");
    });

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Request = request;
        Body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        return await answer(request, cancellationToken);
    }
}
