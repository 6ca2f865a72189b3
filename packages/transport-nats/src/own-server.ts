/** A server for one program alone, which ends with it: for demonstrations and tests. */

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { outOfRange, wrongType } from "@sluice/core";
import { faults } from "./faults.js";

export interface OwnServer {
  /** For `natsTransport`. It has a password, which is the server's own. */
  readonly url: string;
  /** Resolves when it has ended, and its folder is gone. */
  stop(): Promise<void>;
}

/** Names the program, where it is not `nats-server`. */
const PROGRAM_VARIABLE = "SLUICE_NATS_SERVER";
const INSTALL =
  "There is no nats-server here: apt-get install nats-server, or give the --url of one that runs";
// The shell ends the server when nobody is at the other end of its input any more, however the program ended.
const WITH_ITS_PARENT = `command -v "$1" >/dev/null || exit; "$@" 2>&1 & server=$!; exec >/dev/null; cat; kill -9 $server; wait $server`;
// What a terminal sends to everybody in it. The shell is there too, between its fork and its own session.
const TERMINAL_SIGNALS: readonly unknown[] = ["SIGINT", "SIGHUP"];

/**
 * Starts `nats-server` with JetStream, where one is installed. It ends with this process, however that ends, and does not
 * keep it. Rejects
 * `TRANSPORT_UNAVAILABLE`, with how to get one; `INVALID_ARGUMENT`, a TypeError or a RangeError.
 *
 * @param folder - made for its files, where there is nothing yet, in a directory of the user's own. It listens on a port of the loopback.
 */
export async function startOwnServer(folder: string): Promise<OwnServer> {
  makeFolder(folder);
  const password = randomBytes(18).toString("hex");
  const config = join(folder, "server.conf");
  // Not in its arguments, which everybody on the machine sees.
  const lines = [
    'listen: "127.0.0.1:-1"',
    `jetstream { store_dir: ${JSON.stringify(folder)} }`,
    `authorization { user: "sluice", password: "${password}" }`,
  ];
  writeFileSync(config, lines.join("\n"), { mode: 0o600 });
  const program = process.env[PROGRAM_VARIABLE] ?? "nats-server";
  const started = await startShell(program, config);
  const end = async () => {
    if (started !== undefined) await stop(started.child);
    rmSync(folder, { recursive: true, force: true });
  };
  if (started !== undefined) {
    letGo(started.child);
    return { url: `nats://sluice:${password}@127.0.0.1:${started.port}`, stop: end };
  }
  await end();
  throw faults.of("TRANSPORT_UNAVAILABLE", INSTALL);
}

/** Undefined if it ends before it listens. */
async function startShell(
  program: string,
  config: string,
): Promise<{ readonly child: ChildProcess; readonly port: string } | undefined> {
  for (let isAgain = false; ; isAgain = true) {
    const child = spawn("sh", ["-c", WITH_ITS_PARENT, "sh", program, "-c", config], {
      stdio: ["pipe", "pipe", "ignore"],
      // Not for Ctrl-C, which the program hears: what is inside is still needed then.
      detached: true,
    });
    const port = await portOf(child);
    if (port !== undefined) return { child, port };
    await stop(child);
    // Once: what ends so each time is no chance.
    if (isAgain || !TERMINAL_SIGNALS.includes(child.signalCode)) return undefined;
  }
}

// It is removed with the server: one that there is may be somebody's.
function makeFolder(folder: string): void {
  const expected = "a path where there is nothing yet, in a directory that one may write to";
  if (typeof folder !== "string") throw wrongType("`folder`", expected, folder);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (cause) {
    throw Object.assign(outOfRange("`folder`", expected, folder), { cause });
  }
}

/** Undefined if it ends before it listens. */
async function portOf(child: ChildProcess): Promise<string | undefined> {
  const lines = createInterface({ input: child.stdout as NonNullable<ChildProcess["stdout"]> });
  return new Promise((resolve) => {
    let port: string | undefined;
    lines.on("line", (line) => {
      port ??= /client connections on 127\.0\.0\.1:(?<port>\d+)/.exec(line)?.groups?.["port"];
      if (/Server is ready/.test(line)) resolve(port);
    });
    // The shell has let go of it: that the server's output ends says that the server has.
    lines.once("close", () => resolve(undefined));
    child.once("error", () => resolve(undefined));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.ref();
  child.stdin?.end();
  await once(child, "exit");
}

/** A program that has nothing else to do ends, and its server with it. */
function letGo(child: ChildProcess): void {
  for (const one of [child, child.stdin, child.stdout] as ({ unref(): unknown } | null)[]) one?.unref();
}
