// Workers that go on whatever happens to the server, and write down what they were told.

import { isBufferError } from "@sluice/core";

/**
 * Puts `${name}-1` to `${name}-${count}` as the producer of that name, which after an outcome that nobody knows asks how far it came.
 * Tells which faults it met.
 *
 * @param {import("@sluice/core").BoundedBuffer<string>} buffer
 * @param {string} name
 * @param {number} count
 */
export async function insist(buffer, name, count) {
  /** @type {string[]} */
  const faults = [];
  /** @type {import("@sluice/core").Producer<string> | undefined} */
  let own;
  for (let done = 0; done < count; ) {
    try {
      own ??= await buffer.producer({ id: name });
      done = own.lastSequence;
      if (done < count) await own.put(`${name}-${done + 1}`);
    } catch (error) {
      if (!isBufferError(error)) throw error;
      faults.push(toldOf(error));
      own = undefined;
    }
  }
  return faults;
}

/**
 * @typedef {object} Account
 * @property {string[]} values - taken, or acked.
 * @property {string[]} unsure - of which nobody knows whether they were acked.
 * @property {string[]} faults
 */

/**
 * Leases and acks to the end.
 *
 * @param {import("@sluice/core").BoundedBuffer<string>} buffer
 * @returns {Promise<Account>}
 */
export async function consume(buffer) {
  /** @type {Account} */
  const account = { values: [], unsure: [], faults: [] };
  const consumer = await buffer.consumer();
  for (;;) {
    /** @type {string | undefined} */
    let value;
    try {
      const leased = await consumer.lease({ leaseMs: 2_000 });
      if (leased.done) return account;
      value = leased.value.value;
      await leased.value.ack();
      account.values.push(value);
    } catch (error) {
      if (!isBufferError(error)) throw error;
      account.faults.push(toldOf(error));
      if (value !== undefined && error.effect === "unknown") account.unsure.push(value);
    }
  }
}

/** What is to be expected of servers that are away; anything else with its words. */
const EXPECTED = ["TRANSPORT_UNAVAILABLE", "OUTCOME_UNKNOWN", "BUFFER_BUSY", "LEASE_LOST"];

/** @param {import("@sluice/core").BufferError} error */
function toldOf({ code, message }) {
  return EXPECTED.includes(code) ? code : `${code}: ${message}`;
}

/**
 * Of all of them.
 *
 * @param {readonly Account[]} accounts
 */
export function sum(accounts) {
  return {
    values: accounts.flatMap(({ values }) => values),
    unsure: accounts.reduce((count, { unsure }) => count + unsure.length, 0),
  };
}
