// Puts one item, and stops itself before the commit, with the lock in its hands.
import { mkdirSync, writeFileSync } from "node:fs";

const [turn, marker] = process.argv.slice(2);
let isArmed = false;
Reflect.set(globalThis, Symbol.for("@sluice/core.failpoint"), (name) => {
  if (!isArmed || name !== "file.before-commit") return;
  isArmed = false;
  mkdirSync(turn);
  writeFileSync(marker, "");
  process.kill(process.pid, "SIGSTOP");
});

const { openAt } = await import("./open-at.mjs");

process.once("message", async (address) => {
  const buffer = await openAt(address);
  const producer = await buffer.producer();
  isArmed = true;
  const wait = { maxMs: 20_000, signal: new AbortController().signal, onWait: () => {} };
  process.send(await producer.offer(1, [Buffer.from("7000000")], wait));
  await buffer.close();
  process.disconnect();
});
