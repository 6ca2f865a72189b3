/** Logarithmic axes: what is compared here differs by factors, from hundreds to millions. */

export interface Scale {
  /** Where a value is, in pixels. */
  at(value: number): number;
  /** The powers of ten in it. */
  readonly ticks: readonly number[];
}

/** From the power of ten below the smallest value to the one above the largest; `to` may be less than `from`. */
export function logScale(values: readonly number[], from: number, to: number): Scale {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  return { ticks, at: (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from) };
}
