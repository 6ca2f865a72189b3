import type { BoundedBuffer, Lease } from "@sluice/core";
import { outcomesOf, until } from "./until.js";

export interface Handles {
  /** Of capacity 2, and nothing in it. */
  readonly buffer: BoundedBuffer<string>;
  /** Opens it once more. */
  readonly another: () => Promise<BoundedBuffer<string>>;
}

/** What comes of every kind of call where the server goes for good: of some while they wait, of the others after that. Throws where one hangs. */
export async function outcomesWithout(
  server: { kill(): Promise<void> },
  { buffer, another }: Handles,
  withinMs: number,
): Promise<{ readonly calls: Record<string, unknown>; readonly close: unknown; readonly destroy: unknown }> {
  const producer = await buffer.producer();
  const [full, other] = [await buffer.consumer(), await another()];
  await producer.putMany(["1", "2"]);
  const leases = await full.leaseMany(2);
  const otherProducer = await other.producer();
  const put = producer.put("3", { timeoutMs: 4_000 });
  const waiting = { take: (await other.consumer()).take(), drained: buffer.drained() };
  await until(async () => (await buffer.counts()).waitingProducers === 1, "the put waits");
  await server.kill();
  const later = {
    tryPut: otherProducer.tryPut("4"),
    ack: (leases[0] as Lease<string>).ack(),
    nack: (leases[1] as Lease<string>).nack(),
    counts: buffer.counts(),
    seal: other.seal(),
    producer: other.producer(),
    open: another(),
  };
  const calls = await outcomesOf({ put, ...waiting, ...later }, withinMs);
  return { calls, ...(await outcomesOf({ close: other.close(), destroy: buffer.destroy() }, withinMs)) };
}
