// The few figures that samples are reduced to.

/** The value below which the given share of the samples lies, 0.5 for the median. */
export function quantile(samples: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(samples).toSorted();
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** The middle of the samples. */
export function median(samples: ArrayLike<number>): number {
  return quantile(samples, 0.5);
}

/**
 * The median of the ratios of samples taken one right after the other: what makes the machine slow for a while slows
 * both.
 */
export function medianRatio(samples: readonly number[], peers: readonly number[]): number {
  return median(samples.map((sample, index) => sample / (peers[index] ?? Number.NaN)));
}
