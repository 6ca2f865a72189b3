/** A broker that runs by itself, until a signal ends it or its buffer is destroyed. */

import { randomUUID } from "node:crypto";
import { constants } from "node:os";
import { type BufferSpec, specDifferences } from "@sluice/core";
import type { BrokerCommand } from "./command-args.js";
import { fault } from "./faults.js";
import { checkJournal, findJournal, type StoreSettings } from "./journal.js";
import { checkKeysOption, keysPath } from "./keys.js";
import { startBroker } from "./start-broker.js";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Resolves to the exit code. */
export async function runBroker(
  { url, spec, journal, keys }: BrokerCommand,
  say: (line: string) => void,
  log: (line: string) => void,
): Promise<number> {
  checkKeysOption(keys);
  const path = keysPath(keys);
  let end = (_code: number) => {};
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });
  const stop = (signal: NodeJS.Signals) => end(128 + constants.signals[signal]);
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    const store = storeOf(spec, checkJournal(journal));
    const broker = await startBroker({ url, store, keys: path }, log, () => end(0));
    const who = path === undefined ? "" : ", for clients with keys";
    const where = store.kind === "memory" ? "memory only" : `journal at ${store.path}`;
    say(`broker at ${broker.url} : capacity ${spec.capacity}, ${where}${who}`);
    const code = await ended;
    // By a signal: what is only in memory ends here, and whoever waits is told at once.
    const lost = store.kind === "memory" && code !== 0 ? await broker.discard() : 0;
    if (lost > 0) log(`ended with ${lost} items in it, which are lost: it had no journal`);
    await broker.end();
    return code;
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}

/** A journal that is there is gone on with, if it is of the same buffer. */
function storeOf(spec: BufferSpec, path: string | undefined): StoreSettings {
  if (path === undefined) return { kind: "memory", spec, bufferId: randomUUID() };
  const found = findJournal(path);
  if (found === undefined) return { kind: "new", path, spec, durability: "fsync" };
  const others = specDifferences(spec, found.spec);
  if (others.length === 0) return { kind: "old", path };
  throw fault("SETTINGS_MISMATCH", `The journal at ${path} is of another buffer: ${others.join("; ")}`);
}
