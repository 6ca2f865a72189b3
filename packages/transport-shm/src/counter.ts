/** Counters in two words: the low one alone is compared, modulo 2^32; users see both. */

const HIGH = 2 ** 32;

/** Reads a counter whose high word stands at `high`. */
export function read64(words: Int32Array, low: number, high: number): number {
  return (words[high] as number) * HIGH + ((words[low] as number) >>> 0);
}

export function lowWord(value: number): number {
  return value | 0;
}

export function highWord(value: number): number {
  return Math.floor(value / HIGH) | 0;
}
