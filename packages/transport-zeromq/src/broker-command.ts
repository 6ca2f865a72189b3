/** A broker that runs by itself, until a signal ends it or its buffer is destroyed. */

import { randomUUID } from "node:crypto";
import { constants } from "node:os";
import { type BrokerCommand, UsageError } from "./command-args.js";
import { checkKeysOption, keysPath } from "./keys.js";
import { startBroker } from "./start-broker.js";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Resolves to the exit code. */
export async function runBroker(
  { url, spec, journal, keys }: BrokerCommand,
  say: (line: string) => void,
  log: (line: string) => void,
): Promise<number> {
  // Until there are journals, when its path goes into the settings.
  if (journal !== undefined)
    throw new UsageError("--journal is to come: this broker keeps nothing on a disk");
  checkKeysOption(keys);
  const path = keysPath(keys);
  let end = (_code: number) => {};
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });
  const stop = (signal: NodeJS.Signals) => end(128 + constants.signals[signal]);
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    const settings = { url, bufferId: randomUUID(), spec, keys: path };
    const broker = await startBroker(settings, log, () => end(0));
    const who = path === undefined ? "" : ", for clients with keys";
    say(`broker at ${broker.url} : capacity ${spec.capacity}, memory only${who}`);
    const code = await ended;
    broker.end();
    return code;
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}
