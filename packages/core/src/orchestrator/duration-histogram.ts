/**
 * How long things took, in a fixed number of counters whatever their number: buckets of equal width between powers of two, in the
 * manner of HdrHistogram, so that a quantile is at most one part in sixteen too high.
 */

const BUCKETS_A_POWER = 16;
// From one microsecond to 2^40, twelve days. What is longer counts as that.
const POWERS = 40;
const BUCKETS = BUCKETS_A_POWER * (POWERS + 1);

/** Counters that are not 0: bucket, count, bucket, count. What travels between processes. */
export type DurationCounts = readonly number[];

export class DurationHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  record(ms: number): void {
    const us = Math.max(0, ms * 1000);
    const bucket = us < BUCKETS_A_POWER ? Math.floor(us) : bucketOf(us);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#total++;
  }

  add(counts: DurationCounts): void {
    for (let at = 0; at + 1 < counts.length; at += 2) {
      const bucket = counts[at] ?? 0;
      const count = counts[at + 1] ?? 0;
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
      this.#total += count;
    }
  }

  /** All that is in another one. */
  merge(other: DurationHistogram): void {
    other.#counts.forEach((count, bucket) => {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    });
    this.#total += other.#total;
  }

  /** What was recorded since the last call. */
  take(): DurationCounts {
    if (this.#total === 0) return [];
    const taken: number[] = [];
    this.#counts.forEach((count, bucket) => {
      if (count > 0) taken.push(bucket, count);
    });
    this.#counts.fill(0);
    this.#total = 0;
    return taken;
  }

  /** The duration, in milliseconds, that this part of all did not exceed; undefined where nothing was recorded. */
  quantile(part: number): number | undefined {
    let left = Math.max(1, Math.ceil(part * this.#total));
    for (const [bucket, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0) return upperUs(bucket) / 1000;
    }
    return undefined;
  }
}

function bucketOf(us: number): number {
  const power = Math.floor(Math.log2(us));
  const within = Math.floor((us / 2 ** power - 1) * BUCKETS_A_POWER);
  return Math.min(BUCKETS - 1, (power - 3) * BUCKETS_A_POWER + within);
}

function upperUs(bucket: number): number {
  if (bucket < BUCKETS_A_POWER) return bucket + 1;
  const power = Math.floor(bucket / BUCKETS_A_POWER) + 3;
  return 2 ** power * (1 + ((bucket % BUCKETS_A_POWER) + 1) / BUCKETS_A_POWER);
}
