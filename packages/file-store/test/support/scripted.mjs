// Puts 1, 2, 3 and so on and takes every other one, and writes down what has been done, each time after it has been done.
import { openSync, writeSync } from "node:fs";
import { openAt } from "./open-at.mjs";

const [address, record, commits, bytes] = process.argv.slice(2);
const done = openSync(record, "a", 0o600);
const wait = { maxMs: 0, signal: new AbortController().signal, onWait: () => {} };

const at = JSON.parse(address);
const buffer = await openAt(at);
const producer = await buffer.producer("scripted");
const consumer = await buffer.consumer();
writeSync(done, "ready\n");
for (let i = 1; i <= Number(commits) / 2; i++) {
  const item = Buffer.from(`${i}:`.padEnd(Number(bytes), String.fromCharCode(97 + (i % 26))));
  const { accepted } = await producer.offer(i, [item], wait);
  if (accepted === 1) writeSync(done, `put ${i}\n`);
  if (i <= 3) continue;
  const { deliveries } = await consumer.poll(1, wait);
  writeSync(done, `took ${Number.parseInt(Buffer.from(deliveries[0].item).toString(), 10)}\n`);
}
await buffer.close();
