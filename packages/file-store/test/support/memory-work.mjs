// Puts, takes, leases and acks so many items, one by one, in a store in memory; for who counts the system calls.
import { createMemoryStore } from "../../dist/index.js";

const [rounds] = process.argv.slice(2);
const spec = {
  ...{ capacity: 4, itemBytesMax: 1024, bufferBytesMax: 8192, failuresMax: 5, deadLettersMax: 4 },
  codec: "bytes",
};
const buffer = createMemoryStore("counted", spec).open({ capabilities: {}, address: {} });
const producer = await buffer.producer();
const consumer = await buffer.consumer();
const wait = { maxMs: 0, signal: new AbortController().signal, onWait: () => {} };
const item = [Buffer.alloc(64)];
let taken = 0;
for (let i = 1; i <= Number(rounds); i++) {
  const put = [producer.offer(2 * i - 1, item, wait), producer.offer(2 * i, item, wait)];
  if (put.some(({ accepted }) => accepted !== 1)) throw new Error("Expected room");
  taken += consumer.poll(1, wait).deliveries.length;
  const { deliveries } = consumer.poll(1, wait, { leaseMs: 60_000 });
  const [settled] = consumer.settle([{ kind: "ack", token: deliveries[0].token }]);
  if (settled === "settled") taken += 1;
}
console.log(taken);
