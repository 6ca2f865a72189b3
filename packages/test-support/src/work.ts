/** Workers that go on whatever happens to the server, while there is a buffer, and write down what they were told. */

import { type BoundedBuffer, type BufferError, isBufferError, type Producer } from "@sluice/core";

/** What came of one consumer's work. */
export interface Account {
  /** Acked. */
  readonly values: string[];
  /** Of which nobody knows whether they were acked. */
  readonly unsure: string[];
  readonly faults: string[];
}

/**
 * Puts `${name}-1` to `${name}-${count}` as the producer of that name, which after an outcome that nobody knows asks how far it came.
 * Tells which faults it met.
 */
export async function insist(buffer: BoundedBuffer<string>, name: string, count: number): Promise<string[]> {
  const faults: string[] = [];
  let own: Producer<string> | undefined;
  for (let done = 0; done < count; ) {
    try {
      own ??= await buffer.producer({ id: name });
      done = own.lastSequence;
      if (done < count) await own.put(`${name}-${done + 1}`);
    } catch (error) {
      if (!isBufferError(error) || error.code === "BUFFER_DESTROYED") throw error;
      faults.push(toldOf(error));
      own = undefined;
    }
  }
  return faults;
}

/**
 * Leases and acks to the end.
 *
 * @param inHand - called with each item in hand, before its ack.
 */
export async function consume(buffer: BoundedBuffer<string>, inHand?: () => Promise<void>): Promise<Account> {
  const account: Account = { values: [], unsure: [], faults: [] };
  const consumer = await buffer.consumer();
  for (;;) {
    let value: string | undefined;
    try {
      const leased = await consumer.lease({ leaseMs: 2_000 });
      if (leased.done) return account;
      value = leased.value.value;
      await inHand?.();
      await leased.value.ack();
      account.values.push(value);
    } catch (error) {
      if (!isBufferError(error) || error.code === "BUFFER_DESTROYED") throw error;
      account.faults.push(toldOf(error));
      if (value !== undefined && error.effect === "unknown") account.unsure.push(value);
    }
  }
}

/** What is to be expected of servers that are away; anything else with its words. */
const EXPECTED = ["TRANSPORT_UNAVAILABLE", "OUTCOME_UNKNOWN", "BUFFER_BUSY", "LEASE_LOST"];

function toldOf({ code, message }: BufferError): string {
  return EXPECTED.includes(code) ? code : `${code}: ${message}`;
}

/** Of all of them. */
export function sum(accounts: readonly Account[]): { values: string[]; unsure: number } {
  return {
    values: accounts.flatMap(({ values }) => values),
    unsure: accounts.reduce((count, { unsure }) => count + unsure.length, 0),
  };
}
