using ServingStack.Kernels.Parallel;

namespace ServingStack.Kernels.Tests.Parallel;

public sealed class CpuQuotaTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("quota").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(0.5, 1)]
    [InlineData(1, 1)]
    [InlineData(1.5, 1)]
    [InlineData(1.95, 2)]
    [InlineData(3.2, 3)]
    [InlineData(16, 16)]
    public void Round_Quota_GivesCoresThatAreNotThrottled(double quota, int cores) => Assert.Equal(cores, CpuQuota.Round(quota));

    [Fact]
    public void Read_Version2_TakesTheTightestOnTheWayUp()
    {
        Write("proc/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw");
        Write("proc/cgroup", "0::/pod/container");
        Write("sys/fs/cgroup/pod/container/cpu.max", "800000 100000");
        Write("sys/fs/cgroup/pod/cpu.max", "250000 100000");
        Assert.Equal(2.5, Read());
    }

    [Fact]
    public void Read_Version1InsideAContainer_TakesTheMountPoint()
    {
        Write("proc/mountinfo", "40 30 0:30 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct");
        Write("proc/cgroup", "4:cpu,cpuacct:/docker/abc");
        Write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "150000");
        Write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000");
        Assert.Equal(1.5, Read());
    }

    [Theory]
    [InlineData("max 100000")]
    [InlineData("")]
    [InlineData("garbage")]
    public void Read_NoLimit_GivesNull(string content)
    {
        Write("proc/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw");
        Write("proc/cgroup", "0::/");
        Write("sys/fs/cgroup/cpu.max", content);
        Assert.Null(Read());
    }

    [Fact]
    public void Read_NoControlGroups_GivesNull() => Assert.Null(Read());

    [Fact]
    public void UsableCores_OfThisProcess_IsWithinTheMachine() => Assert.InRange(CpuQuota.UsableCores, 1, Environment.ProcessorCount);

    [Fact]
    public void PinCurrentThread_ToAnAllowedProcessor_RunsThere()
    {
        var processor = CpuAffinity.Processors[^1];
        var thread = new Thread(() =>
        {
            if (CpuAffinity.PinCurrentThread(processor)) Assert.Equal(processor, Thread.GetCurrentProcessorId());
            else Assert.False(OperatingSystem.IsLinux());
        });
        thread.Start();
        thread.Join();
    }

    private double? Read() => CpuQuota.Read(Path.Combine(_root, "proc"), _root);

    private void Write(string path, string content)
    {
        var file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content + "\n");
    }
}
