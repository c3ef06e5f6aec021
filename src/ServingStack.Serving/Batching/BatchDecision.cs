namespace ServingStack.Serving.Batching;

/// <summary>What <see cref="BatchPolicy"/> does next.</summary>
public enum BatchAction
{
    /// <summary>Nothing before <see cref="BatchDecision.Until"/>, unless a request comes or goes.</summary>
    Wait,

    /// <summary>Run the first <see cref="BatchDecision.Count"/> requests that have the oldest request's shapes.</summary>
    Dispatch,

    /// <summary>Refuse the request at <see cref="BatchDecision.Index"/>: its deadline can no longer be met.</summary>
    Reject,
}

/// <summary>One step of a <see cref="BatchPolicy"/>.</summary>
public readonly record struct BatchDecision
{
    private readonly long _value;

    private BatchDecision(BatchAction action, long value)
    {
        Action = action;
        _value = value;
    }

    public BatchAction Action { get; }

    /// <summary>The tick to decide again at; <see cref="long.MaxValue"/> when only a new request changes anything.</summary>
    public long Until => Of(BatchAction.Wait);

    /// <summary>How many requests the batch has.</summary>
    public int Count => (int)Of(BatchAction.Dispatch);

    /// <summary>The refused request's place in the queue.</summary>
    public int Index => (int)Of(BatchAction.Reject);

    public static BatchDecision Wait(long until) => new(BatchAction.Wait, until);

    public static BatchDecision Dispatch(int count) => new(BatchAction.Dispatch, count);

    public static BatchDecision Reject(int index) => new(BatchAction.Reject, index);

    public override string ToString() => $"{Action}({_value})";

    private long Of(BatchAction action) =>
        Action == action ? _value : throw new InvalidOperationException($"The decision is {this}, not {action}.");
}
