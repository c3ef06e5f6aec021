using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ServingStack.LoadTest.Tests.Support;

/// <summary>A server on a free port of the loopback that has one model and answers at once.</summary>
internal sealed class FakeHttpServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly string _model;

    public FakeHttpServer(string model)
    {
        (_model, Url) = (model, $"http://127.0.0.1:{FreePort()}/");
        _listener.Prefixes.Add(Url);
        _listener.Start();
        _ = ServeAsync();
    }

    public string Url { get; }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        try
        {
            while (true) Answer(await _listener.GetContextAsync());
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // Closed: the test is over.
        }
    }

    private void Answer(HttpListenerContext context)
    {
        var path = context.Request.Url!.AbsolutePath;
        var body = Encoding.UTF8.GetBytes(BodyOf(path));
        context.Response.StatusCode = path.StartsWith($"/v2/models/{_model}", StringComparison.Ordinal) ? 200 : 404;
        context.Response.ContentLength64 = body.Length;
        context.Response.Close(body, willBlock: true);
    }

    private string BodyOf(string path) =>
        path == $"/v2/models/{_model}"
            ? """{"name":"m","versions":["1"],"platform":"p","inputs":[{"name":"x","datatype":"FP32","shape":[-1,2]}],"outputs":[]}"""
        : path == $"/v2/models/{_model}/infer" ? """{"model_name":"m","outputs":[]}"""
        : """{"error":"no model here"}""";

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
