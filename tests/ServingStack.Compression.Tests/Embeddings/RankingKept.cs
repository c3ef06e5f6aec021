using ServingStack.Engine;
using ServingStack.Graphs;

namespace ServingStack.Compression.Tests.Embeddings;

/// <summary>What becomes of the ten best of 100 candidates, as shares of the users: the same ten, nine of them, the best among
/// them.</summary>
internal sealed record RankingKept(double Ten, double Nine, double Best, double Overlap)
{
    private const int Candidates = 100;
    private const int Top = 10;
    private const int UserCount = 6040;
    private const int ItemCount = 3706;

    public static RankingKept Of(Graph exact, Graph quantized, int users, int seed)
    {
        var random = new Random(seed);
        var chosen = Enumerable.Range(0, users).Select(_ => (long)random.Next(UserCount)).SelectMany(u => Enumerable.Repeat(u, Candidates)).ToArray();
        var all = Enumerable.Range(0, ItemCount).Select(i => (long)i).ToArray();
        var items = new long[chosen.Length];
        for (var user = 0; user < users; user++)
        {
            random.Shuffle(all);
            all.AsSpan(0, Candidates).CopyTo(items.AsSpan(user * Candidates));
        }
        var (before, after) = (Scores(exact, chosen, items), Scores(quantized, chosen, items));
        var overlaps = new int[users];
        var best = 0;
        for (var user = 0; user < users; user++)
        {
            var (a, b) = (BestOf(before, user), BestOf(after, user));
            overlaps[user] = a.Intersect(b).Count();
            if (b.Contains(a[0])) best++;
        }
        return new((double)overlaps.Count(o => o == Top) / users, (double)overlaps.Count(o => o >= Top - 1) / users, (double)best / users,
            overlaps.Average() / Top);
    }

    private static int[] BestOf(float[] scores, int user) =>
        [.. Enumerable.Range(0, Candidates).OrderByDescending(i => scores[(user * Candidates) + i]).Take(Top)];

    private static float[] Scores(Graph graph, long[] users, long[] items)
    {
        using var model = CompiledModel.Compile(graph, new EngineOptions());
        using var session = model.CreateSession();
        return session.Run([Tensor.From<long>(users, users.Length), Tensor.From<long>(items, items.Length)])[0].As<float>().ToArray();
    }
}
