/** The works that every candidate is given. */

export interface Work {
  /** For `--only` and the raw results. */
  readonly name: string;
  /** For the table. */
  readonly title: string;
  readonly kind: "throughput" | "round-trip";
  readonly capacity: number;
  readonly producers: number;
  readonly consumers: number;
  /** Most items a call puts or takes; 1 is one at a time. */
  readonly batch: number;
}

export const works: readonly Work[] = [
  throughput(5, 1, 1),
  throughput(5, 2, 1),
  throughput(1024, 1, 128),
  throughput(1024, 2, 128),
  {
    name: "round-trip",
    title: "round trip: one item to an echo process and back through a second buffer, capacity 5",
    kind: "round-trip",
    capacity: 5,
    producers: 1,
    consumers: 1,
    batch: 1,
  },
];

function throughput(capacity: number, pairs: number, batch: number): Work {
  const how = batch === 1 ? "one at a time" : `in batches of ${batch}`;
  const s = pairs === 1 ? "" : "s";
  return {
    name: `${capacity}-${pairs}p${pairs}c`,
    title: `capacity ${capacity}, ${pairs} producer${s}, ${pairs} consumer${s}, ${how}`,
    kind: "throughput",
    capacity,
    producers: pairs,
    consumers: pairs,
    batch,
  };
}

/** The part of `count` items that falls to one of several workers: as even as it goes. */
export function shareOf(count: number, workers: number, index: number): number {
  return Math.floor(count / workers) + (index < count % workers ? 1 : 0);
}
