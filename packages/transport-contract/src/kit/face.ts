/** Steps that many rules take, through the face. */

import type { BoundedBuffer, BufferCounts, Consumer, Lease, Producer } from "@sluice/core";
import { fail, isTrue, print } from "./expect.js";
import type { Waiting } from "./waiting.js";

/** What takes up capacity. */
export function occupied(counts: BufferCounts): number {
  return counts.ready + counts.leased + counts.parked;
}

/** The identity that holds in every snapshot. */
export function checkLedger(counts: BufferCounts, capacity: number, when: string): void {
  for (const name of [
    "ready",
    "leased",
    "parked",
    "dead",
    "discarded",
    "produced",
    "consumed",
    "peak",
  ] as const) {
    const isCount = Number.isSafeInteger(counts[name]) && counts[name] >= 0;
    isTrue(isCount, `Expected ${name} to be an integer from 0 up ${when}, got ${print(counts)}`);
  }
  const { produced, consumed, ready, leased, parked, dead, discarded } = counts;
  const sum = consumed + ready + leased + parked + dead + discarded;
  isTrue(
    produced === sum,
    `Expected produced to be the sum of where items went ${when}, ${produced} is not ${sum} in ${print(counts)}`,
  );
  isTrue(
    occupied(counts) <= capacity,
    `Expected at most ${capacity} items inside ${when}, got ${print(counts)}`,
  );
  isTrue(counts.peak <= capacity, `Expected a peak of at most ${capacity} ${when}, got ${counts.peak}`);
}

/** One after the other; there must be room. */
export async function put<T>(producer: Producer<T>, values: readonly T[]): Promise<void> {
  for (const value of values) {
    const answer = await producer.tryPut(value);
    if (answer !== "accepted") fail(`Expected room for ${print(value)}, tryPut said ${answer}`);
  }
}

/** So many plain takes, one after the other. */
export async function takeAll<T>(buffer: BoundedBuffer<T>, count: number, waiting: Waiting): Promise<T[]> {
  const consumer = await buffer.consumer();
  const values: T[] = [];
  for (let i = 1; i <= count; i++) {
    const got = await waiting.soon(consumer.take(), `take ${i} of ${count}`);
    if (got.done) fail(`Expected ${count} items, the end came after ${i - 1}`);
    values.push(got.value);
  }
  await consumer.close();
  return values;
}

/** A lease that must hold an item, soon. */
export async function leaseOne<T>(
  consumer: Consumer<T>,
  waiting: Waiting,
  leaseMs = 60_000,
): Promise<Lease<T>> {
  const got = await waiting.soon(consumer.lease({ leaseMs }), "a lease");
  if (got.done) fail("Expected a lease, the end came");
  return got.value;
}
