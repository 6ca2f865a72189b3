/** The keys of CURVE: who holds them reads them here, from a file of their own. Nowhere else are they named, and never in a message. */

import { closeSync, existsSync, fstatSync, openSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { outOfRange, show, wrongType } from "@sluice/core";
import { fault } from "./faults.js";

/** What a client needs where the broker asks for keys. In Z85, 40 characters each. */
export interface ClientKeys {
  /** The broker's public key: that it has the secret one to it is how a client knows it. */
  readonly serverKey: string;
  readonly publicKey: string;
  readonly secretKey: string;
}

/** What a broker needs to ask for keys. */
export interface BrokerKeys {
  readonly publicKey: string;
  readonly secretKey: string;
  /** Public keys of those who may connect, besides whoever has the broker's own. */
  readonly clients: readonly string[];
}

/** Names the path of a key file, for processes that are given none. */
const KEYS_VARIABLE = "SLUICE_ZEROMQ_KEYS";

const KEY = /^[0-9a-zA-Z.\-:+=^!/*?&<>()[\]{}@%$#]{40}$/;
const BYTES_MAX = 1024 * 1024;

/**
 * Which key file holds for a handle: the one that was named, else that of the address, else that of the environment.
 *
 * @param inAddress - may lie on another host, and is passed over if it is not here.
 */
export function keysPath(named: string | undefined, inAddress?: string): string | undefined {
  const inEnvironment = process.env[KEYS_VARIABLE] || undefined;
  if (named !== undefined) return named;
  if (inAddress !== undefined && (inEnvironment === undefined || existsSync(inAddress))) return inAddress;
  return inEnvironment === undefined ? undefined : resolve(inEnvironment);
}

/** @throws as `readKeys`, and for a client's file. */
export function readBrokerKeys(path: string): BrokerKeys {
  const { publicKey, secretKey, clients } = readKeys(path);
  if (!Array.isArray(clients) || !clients.every(isKey))
    throw notKeys(path, "a broker's has `clients`, a list of public keys that may connect");
  return { publicKey, secretKey, clients };
}

/** Also a broker's file will do: who may be the broker may be its client. @throws as `readKeys`. */
export function readClientKeys(path: string): ClientKeys {
  const { publicKey, secretKey, serverKey, clients } = readKeys(path);
  if (serverKey === undefined && clients !== undefined) return { serverKey: publicKey, publicKey, secretKey };
  if (!isKey(serverKey)) throw notKeys(path, "a client's has `serverKey`, the broker's public key");
  return { serverKey, publicKey, secretKey };
}

/**
 * @throws BufferError `PERMISSION_DENIED` for a file that cannot be read, or that others than its user can.
 * @throws RangeError `INVALID_ARGUMENT` for one that is not there, or holds no keys.
 */
function readKeys(path: string): {
  readonly publicKey: string;
  readonly secretKey: string;
  readonly serverKey?: unknown;
  readonly clients?: unknown;
} {
  let found: unknown;
  try {
    found = JSON.parse(readPrivate(path));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // Its message would show what stands in the file.
    throw notKeys(path, "this is no JSON");
  }
  const keys = (typeof found === "object" && found !== null ? found : {}) as Record<string, unknown>;
  const { publicKey, secretKey } = keys;
  if (!isKey(publicKey) || !isKey(secretKey))
    throw notKeys(path, "`publicKey` and `secretKey` are keys of CURVE, of 40 characters each");
  return { ...keys, publicKey, secretKey };
}

/** The very file that is looked at is read. */
function readPrivate(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code;
    if (why === "ENOENT" || why === "ENOTDIR")
      throw outOfRange("the key file", `one that is there (${why})`, path);
    throw fault("PERMISSION_DENIED", `The key file ${show(path)} cannot be read: ${why}`, { cause });
  }
  try {
    const { mode, uid, size, isFile } = statOf(fd);
    if (!isFile) throw notKeys(path, "this is no file");
    if (size > BYTES_MAX) throw notKeys(path, "this is too long");
    const isOwn = process.getuid === undefined || uid === process.getuid();
    if (!isOwn || (process.getuid !== undefined && (mode & 0o077) !== 0)) {
      const has = isOwn ? `has mode ${(mode & 0o777).toString(8)}` : `belongs to user ${uid}`;
      const wanted = "must belong to this user, who alone may read it (chmod 600)";
      throw fault("PERMISSION_DENIED", `The key file ${show(path)} ${has}: it ${wanted}`);
    }
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}

function statOf(fd: number) {
  const stat = fstatSync(fd);
  return { mode: stat.mode, uid: stat.uid, size: stat.size, isFile: stat.isFile() };
}

function isKey(value: unknown): value is string {
  return typeof value === "string" && KEY.test(value);
}

function notKeys(path: string, what: string): RangeError {
  return outOfRange("the key file", `JSON with the keys of this transport (${what})`, path);
}

/** @throws TypeError, RangeError `INVALID_ARGUMENT` for what is no path. */
export function checkKeysOption(keys: unknown): void {
  if (keys === undefined) return;
  if (typeof keys !== "string") throw wrongType("`keys`", "the path of a key file", keys);
  if (keys === "" || keys.includes("\0")) throw outOfRange("`keys`", "the path of a key file", keys);
  // Somebody who gives the key itself is not to find it in a log: nearly every key has a character that hardly any path has.
  if (KEY.test(keys) && /[^\w.\-/+=@]/.test(keys) && !existsSync(keys))
    throw outOfRange("`keys`", "the path of a key file", "what looks like a key");
}

/** What a socket needs of them. */
export function curveOptions(keys: ClientKeys | undefined): object {
  if (keys === undefined) return {};
  const { serverKey, publicKey, secretKey } = keys;
  return { curveServerKey: serverKey, curvePublicKey: publicKey, curveSecretKey: secretKey };
}
