using ServingStack.Compression.Evaluation;
using ServingStack.Graphs;
using ServingStack.Training.Data;

namespace ServingStack.Training.Recipes;

/// <summary>A sample model and all that it takes to make it again.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="ModelName">The model's folder in a repository.</param>
/// <param name="Summary">One line for a list.</param>
/// <param name="Options">How it is trained; the seed may be replaced.</param>
/// <param name="Prepare">Reads the data of a folder (null where none is given) and builds the untrained network with a seed.</param>
public sealed record Recipe(string Name, string ModelName, string Summary, TrainingOptions Options,
    Func<string?, int, RecipeMaterial> Prepare)
{
    /// <summary>All sample models.</summary>
    public static IReadOnlyList<Recipe> All { get; } = [FashionResnet.Recipe, AdultRecommender.Recipe];
}

/// <summary>A recipe's network and data. The graph's metadata names the data and explains inputs and outputs.</summary>
public sealed record RecipeMaterial(Graph Graph, ITrainingData Training, ITrainingData Validation, ILabelledRows Test);
