using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace ServingStack.Architecture;

/// <summary>Arrows point down only: checked in the project files and in the metadata of what was built from them.</summary>
public class ReferenceDirectionTests
{
    public static TheoryData<string> Sources => [.. Project.Sources.Select(p => p.ShortName)];

    [Fact]
    public void Rooms_AreTheProjectsOnDisk() =>
        Assert.Equal(Rooms.MayKnow.Keys.Order(), Project.Sources.Select(p => p.ShortName).Order());

    [Fact]
    public void Rooms_HaveNoCycle() => Assert.All(Rooms.MayKnow.Keys, room => Assert.DoesNotContain(room, Rooms.Reach(room)));

    [Theory, MemberData(nameof(Sources))]
    public void ProjectFile_ReferencesOnlyWhatItMayKnow(string room) =>
        Assert.Empty(Find(room).References.Except(Rooms.MayKnow[room]));

    [Theory, MemberData(nameof(Sources))]
    public void Assembly_ReferencesOnlyWhatItMayReach(string room)
    {
        var reach = Rooms.Reach(room);
        Assert.All(ReferencesOf(Find(room)).Where(IsOurs), name => Assert.Contains(Project.Sources.Single(p => p.AssemblyName == name).ShortName, reach));
    }

    [Theory, MemberData(nameof(Sources))]
    public void Assembly_UsesPackagesOnlyInTheirRoom(string room) =>
        Assert.All(ReferencesOf(Find(room)), name =>
        {
            foreach (var (package, homes) in Rooms.PackageHomes)
                if (name.StartsWith(package, StringComparison.Ordinal)) Assert.Contains(room, homes);
        });

    [Fact]
    public void Server_LoadsNoTraining()
    {
        var dependencies = File.ReadAllText(Find("Server").Output("ServingStack.Server.deps.json"));
        Assert.Contains("ServingStack.Serving", dependencies);
        Assert.DoesNotContain("ServingStack.Training", dependencies);
        Assert.DoesNotContain("TorchSharp", dependencies);
    }

    [Fact]
    public void LoadTest_KnowsTheClientOnly() =>
        Assert.Equal(["Client"], Project.All.Single(p => p.ShortName == "LoadTest").References);

    private static Project Find(string room) => Project.Sources.Single(p => p.ShortName == room);

    private static bool IsOurs(string assembly) => Project.Sources.Any(p => p.AssemblyName == assembly);

    private static string[] ReferencesOf(Project project)
    {
        using var file = new PEReader(File.OpenRead(project.Output(project.AssemblyName + ".dll")));
        var metadata = file.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }
}
