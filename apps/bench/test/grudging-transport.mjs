// A transport whose port takes one item a call and answers early, at once or later by turns: all of it is legal.

/** @type {Uint8Array[]} */
const held = [];
let calls = 0;

/**
 * @template T
 * @param {T} answer
 * @returns {T | Promise<T>}
 */
const sometimesLater = (answer) => (++calls % 3 === 0 ? Promise.resolve(answer) : answer);

/** @type {Pick<import("@sluice/core").ProducerPort, "lastSequence" | "offer">} */
const producer = {
  lastSequence: 6,
  offer(firstSequence, [item]) {
    if (firstSequence !== 7 + held.length) throw new Error(`${firstSequence} comes after ${6 + held.length}`);
    if (calls % 2 === 0) return sometimesLater({ accepted: 0, state: "full" });
    held.push(/** @type {Uint8Array} */ (item));
    return sometimesLater({ accepted: 1, state: "full" });
  },
};

let taken = 0;
/** @type {Pick<import("@sluice/core").ConsumerPort, "poll">} */
const consumer = {
  poll(max) {
    if (calls % 2 === 0) return sometimesLater({ deliveries: [], state: "empty" });
    const deliveries = held
      .slice(taken, taken + max)
      .map((item, i) => ({ item, sequence: taken + i + 1, deliveries: 1, failures: 0 }));
    taken += deliveries.length;
    return sometimesLater({ deliveries, state: deliveries.length === 0 ? "drained" : "open" });
  },
};

export const transportAt = () => ({
  open: async () => ({
    producer: async () => producer,
    consumer: async () => consumer,
    close: async () => {},
  }),
});
