using ServingStack.LoadTest.Load;

namespace ServingStack.LoadTest.Tests.Support;

/// <summary>Time that moves only when a load waits or a test says so: whatever is measured by it is exact.</summary>
internal sealed class VirtualPace : IPace
{
    public TimeSpan Now { get; private set; }

    public void WaitUntil(TimeSpan due) => Now = due > Now ? due : Now;

    public void Pass(TimeSpan time) => Now += time;
}
