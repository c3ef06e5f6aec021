using System.Xml.Linq;

namespace ServingStack.Architecture;

/// <summary>One project file: what it is called, and which projects and packages it names.</summary>
internal sealed class Project
{
    private readonly XDocument _xml;

    private Project(string path)
    {
        Path = path;
        _xml = XDocument.Parse(Repository.Read(path));
    }

    public static IReadOnlyList<Project> All { get; } = [.. Repository.Files(".csproj").Select(path => new Project(path))];

    public static IEnumerable<Project> Sources => All.Where(p => p.Path.StartsWith("src/", StringComparison.Ordinal));

    /// <summary>The project file, relative to the repository's root.</summary>
    public string Path { get; }

    /// <summary>For example <c>ServingStack.Engine</c>.</summary>
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>The name without the product's, for example <c>Engine</c>.</summary>
    public string ShortName => Name.Replace("ServingStack.", "", StringComparison.Ordinal);

    public string AssemblyName => _xml.Descendants("AssemblyName").FirstOrDefault()?.Value ?? Name;

    /// <summary>Short names of the projects that it references.</summary>
    public IEnumerable<string> References => Includes("ProjectReference")
        .Select(include => System.IO.Path.GetFileNameWithoutExtension(include).Replace("ServingStack.", "", StringComparison.Ordinal));

    public IEnumerable<string> Packages => Includes("PackageReference");

    public bool AllowsUnsafe => _xml.Descendants("AllowUnsafeBlocks").Any(e => e.Value.Trim() == "true");

    /// <summary>A file that the build of this configuration has written.</summary>
    public string Output(string fileName) => Repository.PathOf(System.IO.Path.GetDirectoryName(Path)!, "bin", Configuration, "net10.0", fileName);

    public override string ToString() => ShortName;

    /// <summary>Tests run from <c>bin/CONFIGURATION/net10.0</c>; the sources beside them were built the same way.</summary>
    private static string Configuration => new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    private IEnumerable<string> Includes(string element) =>
        _xml.Descendants(element).Select(e => e.Attribute("Include")?.Value).OfType<string>();
}
