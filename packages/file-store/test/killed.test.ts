// A process that is killed at each of its first system calls of a kind, by strace: what it had been told is true
// afterwards, nothing is torn, and the buffer goes on.

import { spawn, spawnSync } from "node:child_process";
import { once as event } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BufferPort } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { LOCK_NAMES, type LockName } from "../dist/index.js";
import { created, Folder, noWait } from "./support/ports.js";

const script = fileURLToPath(new URL("./support/scripted.mjs", import.meta.url));

// Two cuts of the log, and a segment that is removed.
const COMMITS = 700;
// Where commits are appended to one file, that takes larger items.
const ITEM_BYTES = { "proper-lockfile": 200, flock: 6_000 };

// As many more, for a long run.
const MORE = process.env["SLUICE_STRESS"] === undefined ? 1 : 10;

const whyNot = straceIsMissing();

function straceIsMissing(): string | undefined {
  const { error, status, stderr } = spawnSync("strace", ["-f", "-o", "/dev/null", "true"], {
    encoding: "utf8",
  });
  if (error === undefined && status === 0) return undefined;
  const reason =
    error === undefined ? `strace cannot trace here: ${stderr.trim()}` : "strace is not installed";
  if (process.env["SLUICE_REQUIRE_STRACE"] === "1") throw new Error(reason);
  return reason;
}

/** How it ended: by the kill, or at its own end. */
async function run(
  buffer: BufferPort,
  record: string,
  lock: LockName,
  options: readonly string[],
): Promise<string> {
  const args = ["-f", "-qq", ...options];
  const address = JSON.stringify(buffer.address);
  const job = [script, address, record, String(COMMITS), String(ITEM_BYTES[lock])];
  const child = spawn("strace", [...args, process.execPath, ...job], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [code, signal] = await event(child, "exit");
  if (signal !== "SIGKILL" && code !== 0) throw new Error(`The script ended with ${code ?? signal}: ${said}`);
  return signal ?? "ended";
}

/** What it wrote down, against what the buffer says and holds. */
async function expectTrue(folder: Folder, buffer: BufferPort, record: string, lock: LockName): Promise<void> {
  const lines = readFileSync(record, "utf8").trim().split("\n");
  const numbers = (verb: string) =>
    lines.filter((line) => line.startsWith(`${verb} `)).map((line) => Number(line.slice(verb.length + 1)));
  const [put, took] = [numbers("put"), numbers("took")];
  expect(took).toEqual(took.map((_, i) => i + 1));

  const counts = await buffer.counts();
  expect(counts.produced - put.length, `puts beyond the ${put.length} that were answered`).toBeOneOf([0, 1]);
  expect(counts.consumed - took.length, `takes beyond the ${took.length} that were answered`).toBeOneOf([
    0, 1,
  ]);
  const { lastSequence } = await buffer.producer("scripted");
  expect(lastSequence).toBe(counts.produced);

  const consumer = await buffer.consumer();
  const { deliveries } = await consumer.poll(100, noWait);
  const items = deliveries.map(({ item }) => Buffer.from(item).toString());
  const expected = Array.from({ length: counts.produced - counts.consumed }, (_, k) => {
    const i = counts.consumed + 1 + k;
    return `${i}:`.padEnd(ITEM_BYTES[lock], String.fromCharCode(97 + (i % 26)));
  });
  expect(items).toEqual(expected);

  const producer = await buffer.producer();
  for (let i = 1; i <= 600; i++) {
    expect((await producer.offer(i, [Buffer.from(String(i))], noWait)).accepted).toBe(1);
    expect((await consumer.poll(1, noWait)).deliveries.length).toBe(1);
  }
  await buffer.destroy();
  expect(readdirSync(folder.path)).toEqual(["record"]);
}

/** Which call of the main thread is the first that has to do with the buffer; those before are Node's own. */
async function firstCall(call: string, lock: LockName): Promise<number> {
  using folder = new Folder();
  const buffer = await created(folder, { capacity: 8 }, "none", lock);
  const log = join(folder.path, "log");
  await run(buffer, join(folder.path, "record"), lock, ["-e", `trace=${names(call)}`, "-o", log]);
  const lines = readFileSync(log, "utf8").split("\n");
  const main = /^\d+/.exec(lines[0] ?? "")?.[0] ?? "";
  const own = lines.filter((line) => line.startsWith(`${main} `));
  await buffer.destroy();
  return 1 + own.findIndex((line) => line.includes(folder.place));
}

/** The same call under the names that Node's versions and other machines know it by. */
function names(call: string): string {
  return call === "pwrite64" || call === "openat" ? call : `?${call},?${call}at,?${call}at2`;
}

describe.each(LOCK_NAMES)("%s: a process that is killed at its", (lock) => {
  // The first ones, and some of those later on, when the log is cut.
  const kinds = [
    { call: "pwrite64", at: [1, 3, 560] },
    { call: "link", at: lock === "flock" ? [1, 2] : [1, 3, 300] },
    { call: "rename", at: lock === "flock" ? [1, 2, 3] : [1, 3] },
    { call: "unlink", at: lock === "flock" ? [1, 2] : [1, 40] },
    // How many calls are Node's own differs by a few from run to run: several, so that one is the buffer's first.
    { call: "openat", at: lock === "flock" ? [0, 2, 4, 8, 10, 12] : [0, 2, 4, 900] },
  ];

  test.for(kinds)("$call", { timeout: 120_000 }, async ({ call, at }, context) => {
    if (whyNot !== undefined) return context.skip(whyNot);
    const start = call === "openat" ? await firstCall(call, lock) : 0;
    let killed = 0;
    const all = at.flatMap((nth) => Array.from({ length: MORE }, (_, i) => nth + i));
    for (const nth of all) {
      using folder = new Folder();
      const buffer = await created(folder, { capacity: 8 }, "none", lock);
      const record = join(folder.path, "record");
      // Before, because the kill may come before the script has opened it.
      writeFileSync(record, "");
      const inject = `inject=${names(call)}:signal=SIGKILL:when=${start + nth}`;
      const options = ["-o", "/dev/null", "-e", `trace=${names(call)}`, "-e", inject];
      const end = await run(buffer, record, lock, options);
      if (end === "SIGKILL") killed += 1;
      await expectTrue(folder, buffer, record, lock);
    }
    expect(killed, "kills that came about").toBe(all.length);
  });
});
