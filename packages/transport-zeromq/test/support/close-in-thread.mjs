// Clients in threads. When a line comes, each sends much to a broker that reads nothing, and closes; then its thread ends.
// Prints "open" when they are there, and "over" when all threads have ended.
import { once, setMaxListeners } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { zeromqTransport } from "../../dist/index.js";

const THREADS = 8;
const OFFERS = 3_000;

if (isMainThread) {
  const threads = Array.from(
    { length: THREADS },
    () => new Worker(new URL(import.meta.url), { workerData: process.argv[2] }),
  );
  await Promise.all(threads.map((thread) => once(thread, "message")));
  console.log("open");
  await once(process.stdin, "data");
  process.stdin.destroy();
  const ends = threads.map((thread) => once(thread, "exit"));
  for (const thread of threads) thread.postMessage("send");
  await Promise.all(ends);
  console.log("over");
} else {
  const port = await zeromqTransport({ url: workerData }).open();
  const producer = await port.producer();
  parentPort.postMessage("open");
  await once(parentPort, "message");
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  const wait = { maxMs: Number.POSITIVE_INFINITY, signal, onWait() {} };
  for (let sequence = 1; sequence <= OFFERS; sequence++) {
    producer.offer(sequence, [Buffer.alloc(3_000)], wait).catch(() => {});
    // Each in a packet of its own.
    await new Promise(setImmediate);
  }
  await port.close();
}
