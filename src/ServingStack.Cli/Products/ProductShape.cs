using ServingStack.Cli.Terminal;

namespace ServingStack.Cli.Products;

/// <summary>The shape of a matrix product on the command line: C[M,N] = A[M,K] · B[K,N].</summary>
internal readonly record struct ProductShape(int M, int N, int K)
{
    public double Operations => 2.0 * M * N * K;

    /// <exception cref="UsageException">The text is not MxNxK.</exception>
    public static ProductShape Parse(string text)
    {
        int[] numbers = [.. text.Split('x').Select(p => int.TryParse(p, out var number) ? number : 0)];
        return numbers is [> 0, > 0, > 0] ? new(numbers[0], numbers[1], numbers[2])
            : throw new UsageException($"'{text}' is no shape; expected MxNxK such as 64x1024x1024, each 1 or more.");
    }
}
