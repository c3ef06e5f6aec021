namespace ServingStack.Kernels.Convolution;

/// <summary>
/// How a vector of 16 outputs gets its inputs. The unit is what one multiply-add takes per output: four bytes, or one float; a group of few
/// units leaves lanes idle unless several groups share a vector.
/// </summary>
internal enum GroupedScheme
{
    /// <summary>
    /// Bytes, groups of 4 or 8 channels: 16 bytes of a pixel, 4 or 2 groups, in each of the four 128-bit lanes. A lane computes other
    /// outputs than the next, so nothing has to be shuffled; a group's units give partial sums, added at the end.
    /// </summary>
    Lanes,

    /// <summary>
    /// Floats, groups of 4 or 8 channels: 16 channels as they lie. A position gives partial sums of its group's outputs, one output a
    /// register, added crosswise at the end.
    /// </summary>
    Channels,

    /// <summary>Floats, one channel a group, which is depthwise convolution: two vectors of 16 channels, each its own factor.</summary>
    Depthwise,

    /// <summary>Bytes, groups of 12 or 16 channels: each unit in turn in all positions, for 16 outputs of one group.</summary>
    Broadcast,
}
