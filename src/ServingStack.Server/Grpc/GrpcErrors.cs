using Grpc.Core;
using Grpc.Core.Interceptors;
using ServingStack.Server.Errors;
using ServingStack.Serving.Errors;

namespace ServingStack.Server.Grpc;

/// <summary>Turns what the service throws into statuses; what nobody foresaw is logged and answered with INTERNAL.</summary>
internal sealed partial class GrpcErrors(ILogger<GrpcErrors> logger) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context).ConfigureAwait(false);
        }
        catch (ServingException e)
        {
            throw StatusOf(e.Error);
        }
        catch (Exception e) when (e is not RpcException)
        {
            LogUnforeseen(e, context.Method);
            throw StatusOf(new(ServingErrorKind.Internal, "The server failed on this request; its log says more."));
        }
    }

    private static RpcException StatusOf(ServingError error)
    {
        var trailers = new Metadata();
        if (ErrorStatus.RetryAfterOf(error) is { } seconds) trailers.Add("retry-after", seconds);
        return new RpcException(new Status(ErrorStatus.GrpcOf(error.Kind), error.Message), trailers);
    }

    [LoggerMessage(1, LogLevel.Error, "Unforeseen failure in {Method}")]
    private partial void LogUnforeseen(Exception exception, string method);
}
