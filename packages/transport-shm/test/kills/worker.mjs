// A producer or a consumer in bursts as fast as it can, until it is killed. What it knows for certain it has written down.
import { openSync, writeSync } from "node:fs";
import { transportAt } from "../../dist/index.js";
import { checkedItem, itemAt } from "./items.mjs";

const { address, role, id, mode, log, seed } = JSON.parse(process.env.SLUICE_KILLS);
// Whoever ends the run by Ctrl-C leaves nobody behind.
process.on("disconnect", () => process.exit());
if (!process.connected) process.exit();
const wait = { maxMs: 1000, signal: new AbortController().signal, onWait: () => {} };
const BURST_MS = 25;
const PAUSE_MS = 5;
const BATCH_MAX = 8;

const turn = (ms) => new Promise((resolve) => (ms > 0 ? setTimeout(resolve, ms) : setImmediate(resolve)));
let random = seed >>> 0;
const below = (n) => {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  return Math.floor((random / 2 ** 32) * n);
};
// On a machine with more to do than it can, whoever holds a lock may not be running for as long as others wait for it.
const had = async (call) => {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (error.code !== "BUFFER_BUSY") throw error;
    }
  }
};
const port = await had(() => transportAt(address).open(address));
process.send("ready", () => {});

if (role === "producer") {
  const producer = await had(() => port.producer(id));
  let next = producer.lastSequence + 1;
  for (;;) {
    for (const end = performance.now() + BURST_MS; performance.now() < end; ) {
      const items = Array.from({ length: 1 + below(BATCH_MAX) }, (_, i) => itemAt(id, next + i));
      const { accepted, state } = await had(() => producer.offer(next, items, wait));
      next += accepted;
      if (state === "sealed") process.exit(0);
    }
    await turn(PAUSE_MS);
  }
} else {
  const consumer = await had(() => port.consumer());
  const fd = openSync(log, "a");
  // One write for each poll: it is in the file as soon as it is done, whoever dies.
  const note = (verb, names) => {
    if (names.length > 0) writeSync(fd, `${names.map((name) => `${verb} ${name}`).join("\n")}\n`);
  };
  for (;;) {
    for (const end = performance.now() + BURST_MS; performance.now() < end; ) {
      const max = 1 + below(BATCH_MAX);
      const terms = mode === "lease" ? { leaseMs: 60_000 } : undefined;
      const polled = await had(() => consumer.poll(max, wait, terms));
      if (polled.state === "drained") process.exit(0);
      const names = polled.deliveries.map(({ item }) => checkedItem(item));
      // With a lease, whoever writes down what he got before he acks it loses nothing; what he acked is his alone.
      note("got", names);
      if (mode === "take") note("done", names);
      else {
        const acks = polled.deliveries.map(({ token }) => ({ kind: "ack", token }));
        const settled = await had(() => consumer.settle(acks));
        note(
          "done",
          names.filter((_, i) => settled[i] === "settled"),
        );
      }
    }
    await turn(PAUSE_MS);
  }
}
