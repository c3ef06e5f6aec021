namespace ServingStack.LoadTest.Load;

/// <summary>The time that a load runs by. Real in <see cref="MachinePace"/>; tests give one that only moves when told.</summary>
internal interface IPace
{
    /// <summary>Since some fixed moment; never goes back.</summary>
    TimeSpan Now { get; }

    /// <summary>Returns at once when <paramref name="due"/> has passed, otherwise as close behind it as the machine can.</summary>
    void WaitUntil(TimeSpan due);
}
