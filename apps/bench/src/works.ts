/** The works that every candidate is given. */

import { ITEM_BYTES_DEFAULT } from "./item.js";

export const BATCH_DEFAULT = 128;
/** As many as a server of small requests has under way in a busy moment. */
export const OUTSTANDING_DEFAULT = 64;

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
  /** How many calls each worker has under way at once; 1 is each awaited before the next. */
  readonly outstanding: number;
  readonly itemBytes: number;
  /** How many items it is, whoever does it; without, as many as suit the candidate. */
  readonly items?: number;
  /** Whether the consumers begin when the producers have put everything. Default false: all begin at once. */
  readonly isBacklog?: boolean;
}

const roundTrip: Work = {
  name: "round-trip",
  title: "round trip: one item to an echo process and back through a second buffer, capacity 5",
  kind: "round-trip",
  capacity: 5,
  producers: 1,
  consumers: 1,
  batch: 1,
  outstanding: 1,
  itemBytes: ITEM_BYTES_DEFAULT,
};

/** Those of the growth series come with them. */
export const basicWorks: readonly Work[] = [
  throughput(5, 1, 1),
  throughput(5, 2, 1),
  throughput(5, 4, 1),
  throughput(1024, 1, 1),
  throughput(1024, 2, 1),
  throughput(1024, 1, BATCH_DEFAULT),
  throughput(1024, 2, BATCH_DEFAULT),
  throughput(1024, 4, BATCH_DEFAULT),
  concurrent(5, OUTSTANDING_DEFAULT),
  concurrent(1024, OUTSTANDING_DEFAULT),
  roundTrip,
];

/** The same work in batches of another size; one without batches stays as it is. */
export function withBatchesOf(batch: number, work: Work): Work {
  if (work.batch === 1 || batch === work.batch) return work;
  return {
    ...work,
    name: `${work.name}-by${batch}`,
    title: work.title.replace(inBatchesOf(work.batch), inBatchesOf(batch)),
    batch,
  };
}

/** The same work with another number of calls under way at once; one that awaits each stays as it is. */
export function withOutstanding(outstanding: number, work: Work): Work {
  if (work.outstanding === 1 || outstanding === work.outstanding) return work;
  const other = concurrent(work.capacity, outstanding);
  return { ...other, name: `${other.name}-of${outstanding}` };
}

/** The same work with items of another size. */
export function withItemsOf(itemBytes: number, work: Work): Work {
  if (itemBytes === work.itemBytes) return work;
  return {
    ...work,
    name: `${work.name}-${itemBytes}b`,
    title: `${work.title}, items of ${itemBytes} bytes`,
    itemBytes,
  };
}

/** As many producers as consumers. */
export function throughput(capacity: number, pairs: number, batch: number): Work {
  const how = batch === 1 ? "one at a time" : inBatchesOf(batch);
  const s = pairs === 1 ? "" : "s";
  // At a small capacity one at a time is what there is; at a large one it is the exception.
  const suffix = batch === 1 && capacity > 5 ? "-one" : "";
  return {
    name: `${capacity}-${pairs}p${pairs}c${suffix}`,
    title: `capacity ${capacity}, ${pairs} producer${s}, ${pairs} consumer${s}, ${how}`,
    kind: "throughput",
    capacity,
    producers: pairs,
    consumers: pairs,
    batch,
    outstanding: 1,
    itemBytes: ITEM_BYTES_DEFAULT,
  };
}

export function concurrent(capacity: number, outstanding: number): Work {
  return {
    ...throughput(capacity, 1, 1),
    name: `${capacity}-1p1c-concurrent`,
    title: `capacity ${capacity}, 1 producer, 1 consumer, one item a call, ${outstanding} calls under way at once in each`,
    outstanding,
  };
}

function inBatchesOf(batch: number): string {
  return `in batches of ${batch}`;
}

/** The part of `count` items that falls to one of several workers: as even as it goes. */
export function shareOf(count: number, workers: number, index: number): number {
  return Math.floor(count / workers) + (index < count % workers ? 1 : 0);
}
