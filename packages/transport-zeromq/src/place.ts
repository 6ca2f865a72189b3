/** Where a broker listens: a socket file in a directory of its user's own, or a port of this host. */

import { lstatSync, mkdirSync, statSync } from "node:fs";
import { connect, isIPv6 } from "node:net";
import { dirname, isAbsolute } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { outOfRange, show, wrongType } from "@sluice/core";
import { fault } from "./faults.js";

export type Place =
  | { readonly kind: "ipc"; readonly url: string; readonly path: string; readonly isOfHost: true }
  | {
      readonly kind: "tcp";
      readonly url: string;
      readonly host: string;
      /** 0: the system is to choose one. */
      readonly port: number;
      /** Nobody of another host comes there. */
      readonly isOfHost: boolean;
    };

// What the system's address of a socket file has room for, without the 0 at its end.
const PATH_BYTES_MAX = process.platform === "darwin" ? 103 : 107;
const PROBE_MS = 3_000;
/** Where somebody else who came at once looks like the one who has not left yet, a wait for more would be in vain. */
const LEAVE_MS = { ipc: 10_000, tcp: 1_000 };
const FORMS = "`ipc:///absolute/path` or `tcp://address:port`";

/** @throws TypeError, RangeError `INVALID_ARGUMENT`. Touches nothing. */
export function placeOf(url: unknown): Place {
  if (typeof url !== "string") throw wrongType("`url`", FORMS, url);
  if (url.startsWith("ipc://")) return ipcPlace(url, url.slice("ipc://".length));
  if (/^tcp:\/\/\*:/.test(url)) {
    const all = "a name or number (`*` is for the port alone; `0.0.0.0` is all addresses of this host)";
    throw outOfRange("the address in `url`", all, url);
  }
  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5}|\*)$/.exec(url);
  if (tcp === null) throw outOfRange("`url`", FORMS, url);
  const host = hostOf(tcp[1] as string, url);
  const port = tcp[2] === "*" ? 0 : Number(tcp[2]);
  if (port > 65_535)
    throw outOfRange("the port of `url`", "from 1 to 65,535, or `*` or 0 for one that is free", url);
  const isOfHost = /^127(\.\d{1,3}){3}$/.test(host) || host === "[::1]";
  return { kind: "tcp", url: `tcp://${host}:${port === 0 ? "*" : port}`, host, port, isOfHost };
}

/** As it is written in one way only: `[0:0::1]` is `[::1]`. */
function hostOf(name: string, url: string): string {
  if (name === "localhost") return "127.0.0.1";
  if (!name.startsWith("[")) return name;
  if (!isIPv6(name.slice(1, -1))) throw outOfRange("the address in `url`", "IPv4, or IPv6 in brackets", url);
  return new URL(`http://${name}`).hostname;
}

function ipcPlace(url: string, path: string): Place {
  if (process.platform === "win32")
    throw outOfRange("`url`", "`tcp://…`, for there is no ipc on Windows", url);
  if (!isAbsolute(path) || path.endsWith("/"))
    throw outOfRange("`url`", "an absolute path of a file behind `ipc://`", url);
  const bytes = Buffer.byteLength(path);
  if (bytes > PATH_BYTES_MAX || path.includes("\0")) {
    throw outOfRange(
      "the path in `url`",
      `at most ${PATH_BYTES_MAX} bytes (it has ${bytes}), without a 0`,
      path,
    );
  }
  return { kind: "ipc", url, path, isOfHost: true };
}

/**
 * Whoever can connect can take: so the socket lies where its user alone comes. The directory is made, 0700, where there is none.
 *
 * @throws BufferError `INSECURE_BIND`; the system's error.
 */
export function secureDirectory(path: string): void {
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { mode, uid } = statSync(directory);
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0) {
    const found = uid === process.getuid?.() ? `mode ${(mode & 0o777).toString(8)}` : `owner ${uid}`;
    const wanted = "a directory that belongs to this user, and that nobody else may enter (chmod 700)";
    throw fault("INSECURE_BIND", `An ipc socket needs ${wanted}; ${show(directory)} has ${found}`);
  }
}

/** @throws BufferError `NOT_A_BUFFER` where there is something that is no socket: ZeroMQ would remove it. */
export function refuseOther(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isSocket()) throw fault("NOT_A_BUFFER", `${show(path)} is no socket`);
}

/** Of where nobody answers: a file that is no socket refuses as one does that nobody has open. */
export function isOtherThanSocket(path: string): boolean {
  try {
    return !statSync(path).isSocket();
  } catch {
    return false;
  }
}

/** Of the broker that is there now: waits until it has left; over tcp for a second, should somebody else have come at once. */
export function leaving(place: Place): () => Promise<void> {
  const claim = () => (place.kind === "ipc" ? claimed(lockPath(place.path)) : undefined);
  const before = claim();
  const hasLeft = async () =>
    place.kind === "ipc" ? claim() !== before || before === undefined : (await probe(place)) !== undefined;
  return async () => {
    const end = performance.now() + LEAVE_MS[place.kind];
    while (!(await hasLeft()) && performance.now() < end) await sleep(2);
  };
}

/** Tells one lock file from a later one, which may have its inode. */
function claimed(lock: string): string | undefined {
  const found = statSync(lock, { bigint: true, throwIfNoEntry: false });
  return found && `${found.ino} ${found.ctimeNs}`;
}

/** Locked by the broker that has the socket. */
export function lockPath(path: string): string {
  return `${path}.lock`;
}

/** Whether it is certain that nobody listens there: it has not been found out by a time-out. */
export async function nobodyListens(place: Place): Promise<boolean> {
  return meansNobody(place, await probe(place));
}

/** What a probe says where there is nobody. Over ipc also that a process was just ending; over tcp somebody between may have cut it. */
export function meansNobody(place: Place, error: NodeJS.ErrnoException | undefined): boolean {
  const code = error?.code;
  return code === "ENOENT" || code === "ECONNREFUSED" || (code === "ECONNRESET" && place.kind === "ipc");
}

/** Whether anybody listens there: undefined if so, else the system's error. */
export function probe(place: Place): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const to =
      place.kind === "ipc"
        ? { path: place.path }
        : { host: place.host.replace(/^\[|\]$/g, ""), port: place.port };
    const socket = connect(to);
    const end = (error?: NodeJS.ErrnoException) => {
      socket.destroy();
      resolve(error);
    };
    socket.setTimeout(PROBE_MS, () => end(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })));
    socket.once("connect", () => end());
    socket.once("error", end);
  });
}
