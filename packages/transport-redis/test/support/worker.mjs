// A process on one of several hosts: `worker.mjs URL NAME put PREFIX COUNT`, `… consume` or `… host`. The last line it prints is what
// came of it; a host makes the buffer, and answers what it is asked, a line each.

import { once } from "node:events";
import { createInterface } from "node:readline";
import { createBuffer, isBufferError, openBuffer } from "@sluice/core";
import { consume, insist } from "@sluice/test-support";
import { redisTransport } from "../../dist/index.js";

const [, , url, name, what, prefix, count] = process.argv;
const transport = redisTransport({ url, name });
const say = (value) => console.log(JSON.stringify(value));

async function host() {
  const buffer = await createBuffer(transport, { capacity: 5, failuresMax: 1_000 });
  say("ready");
  for await (const call of createInterface({ input: process.stdin })) say((await buffer[call]()) ?? null);
}

async function work() {
  const buffer = await openBuffer(transport);
  say("ready");
  say(what === "put" ? { faults: await insist(buffer, prefix, Number(count)) } : await consumeOrHold(buffer));
  await buffer.close();
}

/** Told `hold`, it holds the next item until it is told something else. */
async function consumeOrHold(buffer) {
  const lines = createInterface({ input: process.stdin });
  let holds = false;
  lines.on("line", (line) => {
    holds = line === "hold";
  });
  const account = await consume(buffer, async () => {
    if (!holds) return;
    say("holds");
    await once(lines, "line");
  });
  lines.close();
  return account;
}

try {
  await (what === "host" ? host() : work());
} catch (error) {
  if (!isBufferError(error)) throw error;
  say({ code: error.code });
}
