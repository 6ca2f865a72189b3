// A process at work on one buffer through the public face: does what it is told, and says what came of it.
import { createBuffer, isBufferError, openBuffer } from "@sluice/core";
import { insist } from "@sluice/test-support";
import { zeromqTransport } from "../../dist/index.js";

const onWait = () => process.send({ waits: true });
let buffer;
let producing;
let consuming;
const leases = [];
/** How many calls of a consumer have failed. */
let faultsSoFar = 0;
const producer = (options) => (producing ??= buffer.producer({ ...options, onWait }));
const consumer = () => (consuming ??= buffer.consumer({ onWait, leaseMs: 3_600_000 }));
const held = (lease) => {
  leases.push(lease);
  return { value: lease.value, deliveries: lease.deliveries, failures: lease.failures };
};

const calls = {
  /** Makes one, and tells where its broker listens. */
  async create(options, settings) {
    buffer = await createBuffer(zeromqTransport(options), settings);
    return buffer.address.place.url;
  },
  async open(url, options) {
    buffer = await openBuffer(zeromqTransport({ url, ...options }));
  },
  async prepare() {
    await producer();
    await consumer();
  },
  put: async (value) => (await producer()).put(value),
  putMany: async (values) => (await producer()).putMany(values),
  async take() {
    const taken = await (await consumer()).take();
    return taken.done ? "the end" : taken.value;
  },
  takeMany: async (max) => (await consumer()).takeMany(max),
  async lease() {
    return held((await (await consumer()).lease()).value);
  },
  leaseMany: async (max) => (await (await consumer()).leaseMany(max)).map(held),
  faultsSoFar: () => faultsSoFar,
  counts: () => buffer.counts(),
  seal: () => buffer.seal(),
  close: () => buffer.close(),
  destroy: () => buffer.destroy(),
  insist: (name, count) => insist(buffer, name, count),
  // Puts `${name}-1` to `${name}-${count}`, so many at a time.
  async produce(name, count, atATime) {
    const own = await producer();
    for (let n = 1; n <= count; n += atATime) {
      const last = Math.min(count, n + atATime - 1);
      await Promise.all(Array.from({ length: last - n + 1 }, (_, i) => own.put(`${name}-${n + i}`)));
    }
  },
  /** To the end. What was taken, or acked; and how many leases were lost. */
  async consume(how) {
    const own = await consumer();
    const values = [];
    /** Those of which nobody knows whether they were acked. */
    const unsure = [];
    const faults = [];
    let lost = 0;
    for (;;) {
      let lease;
      try {
        const taken = how === "take" ? await own.take() : await own.lease();
        if (taken.done) return { values, unsure, lost, faults };
        if (how === "lease") {
          lease = taken.value;
          await lease.ack();
        }
        values.push(how === "take" ? taken.value : lease.value);
      } catch (error) {
        if (!isBufferError(error)) throw error;
        faultsSoFar += 1;
        if (error.code === "LEASE_LOST") lost += 1;
        else faults.push(error.code);
        if (lease !== undefined && error.effect === "unknown") unsure.push(lease.value);
      }
    }
  },
};

process.on("disconnect", () => process.exit());
process.on("message", async ({ id, call, args }) => {
  try {
    process.send({ id, value: await calls[call](...args) });
  } catch (error) {
    process.send({ id, code: error.code, message: error.message });
  }
});
process.send({ ready: true });
