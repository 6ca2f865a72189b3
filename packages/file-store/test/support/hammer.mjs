// A producer or a consumer at full speed. Items are numbers: the producer's index, then its own count.
import { createRequire, syncBuiltinESMExports } from "node:module";

// Now and then it stands still before some commits in a row, so that others come first until it asks for its turn.
const clock = new Int32Array(new SharedArrayBuffer(4));
let passed = 0;
Reflect.set(globalThis, Symbol.for("@sluice/core.failpoint"), (name) => {
  if (name === "file.before-commit" && ++passed % 30 < 6) Atomics.wait(clock, 0, 0, 3);
});

// How often the turn was asked for. The lock's library takes the function from the same table.
const fs = createRequire(import.meta.url)("node:fs");
const { mkdirSync } = fs;
let turns = 0;
fs.mkdirSync = (path, ...rest) => {
  if (String(path).endsWith("turn")) turns += 1;
  return mkdirSync(path, ...rest);
};
syncBuiltinESMExports();

const { openAt } = await import("./open-at.mjs");
const [role, index, each] = process.argv.slice(2);
const wait = { maxMs: 1000, signal: new AbortController().signal, onWait: () => {} };

process.once("message", async (address) => {
  const buffer = await openAt(address);
  const taken = [];
  let put = 0;
  if (role === "producer") {
    const port = await buffer.producer();
    while (put < Number(each)) {
      const item = Buffer.from(String(Number(index) * 1_000_000 + put));
      put += (await port.offer(put + 1, [item], wait)).accepted;
    }
  } else {
    const port = await buffer.consumer();
    for (;;) {
      const { deliveries, state } = await port.poll(1, wait);
      taken.push(...deliveries.map(({ item }) => Number(Buffer.from(item).toString())));
      if (state === "drained") break;
    }
  }
  await buffer.close();
  process.send({ put, taken, turns }, () => process.disconnect());
});
