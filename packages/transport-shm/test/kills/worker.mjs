// A producer or a consumer in bursts as fast as it can, until it is killed. What it knows for certain it has written down.
import { openSync, writeSync } from "node:fs";
import { transportAt } from "../../dist/index.js";
import { checkedItem, itemAt } from "./items.mjs";

const { address, role, id, mode, log, seed } = JSON.parse(process.env.SLUICE_KILLS);
const wait = { maxMs: 1000, signal: new AbortController().signal, onWait: () => {} };
const BURST_MS = 25;
const PAUSE_MS = 5;
const BATCH_MAX = 8;

const port = await transportAt(address).open(address);
const turn = (ms) => new Promise((resolve) => (ms > 0 ? setTimeout(resolve, ms) : setImmediate(resolve)));
let random = seed >>> 0;
const below = (n) => {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  return Math.floor((random / 2 ** 32) * n);
};
process.send("ready");

if (role === "producer") {
  const producer = await port.producer(id);
  let next = producer.lastSequence + 1;
  for (;;) {
    for (const end = performance.now() + BURST_MS; performance.now() < end; ) {
      const items = Array.from({ length: 1 + below(BATCH_MAX) }, (_, i) => itemAt(id, next + i));
      const { accepted, state } = await producer.offer(next, items, wait);
      next += accepted;
      if (state === "sealed") process.exit(0);
    }
    await turn(PAUSE_MS);
  }
} else {
  const consumer = await port.consumer();
  const fd = openSync(log, "a");
  // One write for each poll: it is in the file as soon as it is done, whoever dies.
  const note = (verb, names) => {
    if (names.length > 0) writeSync(fd, `${names.map((name) => `${verb} ${name}`).join("\n")}\n`);
  };
  for (;;) {
    for (const end = performance.now() + BURST_MS; performance.now() < end; ) {
      const max = 1 + below(BATCH_MAX);
      const polled = await consumer.poll(max, wait, mode === "lease" ? { leaseMs: 60_000 } : undefined);
      if (polled.state === "drained") process.exit(0);
      const names = polled.deliveries.map(({ item }) => checkedItem(item));
      // With a lease, whoever writes down what he got before he acks it loses nothing; what he acked is his alone.
      note("got", names);
      if (mode === "take") note("done", names);
      else {
        const acks = polled.deliveries.map(({ token }) => ({ kind: "ack", token }));
        const settled = await consumer.settle(acks);
        note(
          "done",
          names.filter((_, i) => settled[i] === "settled"),
        );
      }
    }
    await turn(PAUSE_MS);
  }
}
