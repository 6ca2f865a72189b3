// Puts an item, and stops itself at a failpoint of a later put: with the lock in its hands.
const [point] = process.argv.slice(2);
let isArmed = false;
Reflect.set(globalThis, Symbol.for("@sluice/core.failpoint"), (name) => {
  if (!isArmed || name !== point) return;
  isArmed = false;
  process.kill(process.pid, "SIGSTOP");
});

const { openAt } = await import("./open-at.mjs");

process.once("message", async (address) => {
  const buffer = await openAt(address);
  const producer = await buffer.producer();
  const wait = { maxMs: 20_000, signal: new AbortController().signal, onWait: () => {} };
  await producer.offer(1, [Buffer.from("1")], wait);
  isArmed = true;
  process.send("stops");
  process.send(await producer.offer(2, [Buffer.from("2")], wait));
  await buffer.close();
  process.disconnect();
});
