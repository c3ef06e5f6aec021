using ServingStack.Serving.Errors;

namespace ServingStack.Server.Rest;

/// <summary>Reads a request's body into memory, up to a limit that also holds after decompression.</summary>
internal static class RequestBody
{
    public static async Task<PooledBuffer> ReadAsync(HttpRequest request, int limit, CancellationToken cancellation)
    {
        RefuseEncoding(request);
        if (request.ContentLength > limit) throw TooLarge(limit);
        // One byte more than announced, so that the read which finds the end needs no growth.
        var buffer = new PooledBuffer((int)Math.Min(request.ContentLength ?? 4096, limit) + 1);
        try
        {
            while (true)
            {
                var read = await request.Body.ReadAsync(buffer.GetMemory(), cancellation).ConfigureAwait(false);
                if (read == 0) return buffer;
                buffer.Advance(read);
                if (buffer.Length > limit) throw TooLarge(limit);
            }
        }
        catch (Exception e)
        {
            buffer.Dispose();
            throw e is InvalidDataException ? ServingException.Invalid($"The body is not what its Content-Encoding says: {e.Message}") : e;
        }
    }

    /// <summary>The middleware has taken off the encodings that it knows, and the header with them.</summary>
    private static void RefuseEncoding(HttpRequest request)
    {
        var encoding = request.Headers.ContentEncoding.ToString();
        if (encoding.Length == 0 || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase)) return;
        request.HttpContext.Response.Headers.AcceptEncoding = "gzip, deflate, br";
        throw new ServingException(new(ServingErrorKind.Unsupported,
            $"Content-Encoding '{encoding}' is not known: send the body plain, or as gzip, deflate or br."));
    }

    private static ServingException TooLarge(int limit) => new(new(ServingErrorKind.PayloadTooLarge,
        $"The request is larger than {limit} bytes: split it, or start the server with a larger --max-request-bytes."));
}
