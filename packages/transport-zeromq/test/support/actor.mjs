// A process at work on one buffer through the public face: does what it is told, and says what came of it.
import { isBufferError, openBuffer } from "@sluice/core";
import { zeromqTransport } from "../../dist/index.js";

const onWait = () => process.send({ waits: true });
let buffer;
let producing;
let consuming;
const leases = [];
const producer = (options) => (producing ??= buffer.producer({ ...options, onWait }));
const consumer = () => (consuming ??= buffer.consumer({ onWait, leaseMs: 3_600_000 }));
const held = (lease) => {
  leases.push(lease);
  return { value: lease.value, deliveries: lease.deliveries, failures: lease.failures };
};

const calls = {
  async open(url) {
    buffer = await openBuffer(zeromqTransport({ url }));
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
  close: () => buffer.close(),
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
    let lost = 0;
    for (;;) {
      const taken = how === "take" ? await own.take() : await own.lease();
      if (taken.done) return { values, lost };
      try {
        if (how === "lease") await taken.value.ack();
        values.push(how === "take" ? taken.value : taken.value.value);
      } catch (error) {
        if (!isBufferError(error, "LEASE_LOST")) throw error;
        lost += 1;
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
