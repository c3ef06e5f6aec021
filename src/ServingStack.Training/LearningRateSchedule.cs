namespace ServingStack.Training;

/// <summary>A linear rise, then half a cosine down to zero (Goyal et al. 2017, Loshchilov and Hutter 2017).</summary>
public sealed class LearningRateSchedule(double peak, long steps, double warmUp)
{
    /// <summary>The learning rate of a step, 0-based.</summary>
    public double At(long step)
    {
        var rising = Math.Max(1, warmUp * steps);
        return step < rising
            ? peak * (step + 1) / (rising + 1)
            : peak * 0.5 * (1 + Math.Cos(Math.PI * (step - rising) / Math.Max(1, steps - rising)));
    }
}
