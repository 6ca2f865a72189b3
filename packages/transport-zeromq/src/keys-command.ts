/** Makes key files: of a broker, and of its clients. */

import { closeSync, openSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { curveKeyPair } from "zeromq";
import { type KeysCommand, UsageError } from "./command-args.js";
import { type BrokerKeys, type ClientKeys, readBrokerKeys } from "./keys.js";

/** Returns lines for the user. @throws UsageError; what `readBrokerKeys` does. */
export function writeKeys({ file, forClient }: KeysCommand): string[] {
  const pair = curveKeyPair();
  if (forClient === undefined) {
    writeNew(file, { ...pair, clients: [] });
    return [`${file} has the keys of a broker, whose public key is ${pair.publicKey}`];
  }
  const broker = readBrokerKeys(forClient);
  writeNew(file, { serverKey: broker.publicKey, ...pair });
  try {
    replace(realpathSync(forClient), { ...broker, clients: [...broker.clients, pair.publicKey] });
  } catch (error) {
    rmSync(file);
    throw error;
  }
  return [`${file} has the keys of a client, whom the broker of ${forClient} knows by ${pair.publicKey}`];
}

/** Whole or not at all, for a broker that reads it now. */
function replace(path: string, keys: BrokerKeys): void {
  // Whoever else adds a client now finds it there, and leaves.
  const next = `${path}.new`;
  writeNew(next, keys);
  renameSync(next, path);
}

function writeNew(path: string, keys: BrokerKeys | ClientKeys): void {
  let fd: number;
  try {
    fd = openSync(path, "wx", 0o600);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "EEXIST" ? "it is there already, and nothing is overwritten" : message;
    throw new UsageError(`Cannot write ${JSON.stringify(path)}: ${why}`);
  }
  try {
    writeFileSync(fd, `${JSON.stringify(keys, undefined, 2)}\n`);
  } finally {
    closeSync(fd);
  }
}
