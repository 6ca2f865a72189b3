/** Steps that many rules take, through the face. */

import type { BoundedBuffer, BufferCounts, Consumer, Lease, Producer } from "@sluice/core";
import { fail, print } from "./expect.js";
import { ledgerFault } from "./ledger.js";
import type { Waiting } from "./waiting.js";

/** The identity that holds in every snapshot. */
export function checkLedger(counts: BufferCounts, capacity: number, when: string): void {
  const fault = ledgerFault(counts, capacity, when);
  if (fault !== undefined) fail(fault);
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

/** A take or a lease that must come to the end, soon. */
export async function getsTheEnd(
  call: Promise<{ readonly done?: boolean }>,
  waiting: Waiting,
  what: string,
): Promise<void> {
  const got = await waiting.soon(call, what);
  if (got.done !== true) fail(`Expected ${what} to get the end, it got ${print(got)}`);
}
