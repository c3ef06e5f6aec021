namespace ServingStack.Training;

/// <summary>
/// A linear rise, then half a cosine down to zero (Goyal et al. 2017, Loshchilov and Hutter 2017), or a tenth after every few steps.
/// </summary>
/// <param name="peak">The highest rate.</param>
/// <param name="steps">Batches of the whole run.</param>
/// <param name="warmUp">Share of the steps that the rise takes.</param>
/// <param name="stepLength">Batches after which the rate falls to a tenth, again and again; 0 takes the cosine.</param>
public sealed class LearningRateSchedule(double peak, long steps, double warmUp, long stepLength = 0)
{
    /// <summary>The learning rate of a step, 0-based.</summary>
    public double At(long step)
    {
        var rising = Math.Max(1, warmUp * steps);
        return step < rising ? peak * (step + 1) / (rising + 1)
            : stepLength > 0 ? peak * Math.Pow(0.1, step / stepLength)
            : peak * 0.5 * (1 + Math.Cos(Math.PI * (step - rising) / Math.Max(1, steps - rising)));
    }
}
