using System.Runtime.ExceptionServices;

namespace ServingStack.Kernels.Parallel;

/// <summary>One thread of a team: it gets a kernel and a round number through one signal, and answers the round through another.</summary>
internal sealed class Worker : IDisposable
{
    private readonly int _index;
    private readonly Signal _posted;
    private readonly Signal _finished;
    private readonly Thread _thread;
    private BoundKernel? _kernel;
    private int _parts;
    private volatile int _number;
    private ExceptionDispatchInfo? _failure;

    /// <param name="index">Which part this worker runs.</param>
    /// <param name="processor">Where it runs.</param>
    /// <param name="spins">How often a wait looks again before it sleeps.</param>
    public Worker(int index, int processor, int spins)
    {
        _index = index;
        Processor = processor;
        _posted = new Signal(spins);
        _finished = new Signal(spins);
        _thread = new Thread(() => Loop(processor)) { IsBackground = true, Name = $"kernel worker {index}" };
        _thread.Start();
    }

    /// <summary>Where the worker runs.</summary>
    public int Processor { get; private set; }

    /// <summary>Has the worker run elsewhere from now on.</summary>
    public void MoveTo(int processor)
    {
        if (_number != 0 && CpuAffinity.Pin(_number, processor)) Processor = processor;
    }

    /// <summary>Starts part <c>index</c> of <paramref name="parts"/>; rounds count up from 1.</summary>
    public void Post(BoundKernel kernel, int parts, long round)
    {
        _kernel = kernel;
        _parts = parts;
        _posted.Set(round);
    }

    /// <summary>Returns when the round has ended: with what broke out of the kernel, or null.</summary>
    public ExceptionDispatchInfo? Join(long round)
    {
        _finished.Wait(round);
        var failure = _failure;
        _failure = null;
        return failure;
    }

    public void Dispose()
    {
        _kernel = null;
        _posted.Set(long.MaxValue);
        _thread.Join();
        _posted.Dispose();
        _finished.Dispose();
    }

    private void Loop(int processor)
    {
        CpuAffinity.PinCurrentThread(processor);
        _number = CpuAffinity.CurrentThread();
        _posted.Prepare();
        long round = 0;
        while (true)
        {
            round = _posted.Wait(round + 1);
            if (round == long.MaxValue) return;
            try
            {
                _kernel!.Run(_index, _parts);
            }
            catch (Exception e)
            {
                _failure = ExceptionDispatchInfo.Capture(e);
            }

            _finished.Set(round);
        }
    }
}
