/** One call of each kind, for tests of what a user of a server needs to be allowed. */

import { type BufferCounts, type BufferTransport, createBuffer, type TakeResult } from "@sluice/core";

export interface UseOfEverything {
  readonly taken: TakeResult<string>;
  readonly requeued: string;
  /** When two are left. */
  readonly counts: BufferCounts;
  /** Until the end. */
  readonly rest: readonly string[];
}

/** Makes a buffer of two places, waits in it for an item and for room, uses leases and dead letters, and destroys it. */
export async function useOfEverything(transport: BufferTransport): Promise<UseOfEverything> {
  const buffer = await createBuffer<string>(transport, { capacity: 2, failuresMax: 1 });
  const [producer, consumer] = [await buffer.producer({ id: "p" }), await buffer.consumer()];
  const take = consumer.take();
  await producer.put("a");
  const taken = await take;
  await producer.putMany(["b", "c"]);
  const waiting = producer.put("d");
  const [lease, other] = await consumer.leaseMany(2);
  await lease?.ack();
  await other?.nack();
  await waiting;
  const [dead] = await buffer.deadLetters().list();
  const requeued = await buffer.deadLetters().requeue(dead?.sequence ?? 0);
  const counts = await buffer.counts();
  await buffer.seal();
  const rest: string[] = [];
  for await (const value of consumer) rest.push(value);
  await buffer.destroy();
  return { taken, requeued, counts, rest };
}
