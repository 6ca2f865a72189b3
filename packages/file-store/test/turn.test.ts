// The turns are advisory: whatever becomes of the lock, colliding processes go on, and the buffer is whole.

import { fork } from "node:child_process";
import { once as event } from "node:events";
import { existsSync, mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { BufferPort } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { Turn } from "../dist/turn.js";
import { layoutOf } from "./support/log.js";
import { created, Folder } from "./support/ports.js";

interface Report {
  readonly put: number;
  readonly taken: number[];
  /** How often it asked for its turn. */
  readonly turns: number;
}

const EACH = 250;

/** Two producers and two consumers in processes of their own, at capacity 2, so that they meet all the time. */
async function hammer(
  buffer: BufferPort,
  alsoPut: number[] = [],
  beforeSeal = async () => {},
): Promise<void> {
  const roles = ["producer", "producer", "consumer", "consumer"] as const;
  const workers = roles.map((role, index) => {
    const child = fork(new URL("./support/hammer.mjs", import.meta.url), [role, String(index), String(EACH)]);
    const report = new Promise<Report>((resolve, reject) => {
      child.once("message", (message) => resolve(message as Report));
      child.once("exit", (code, signal) => reject(new Error(`${role} ended with ${code ?? signal}`)));
    });
    child.send(buffer.address);
    return { role, child, report };
  });
  try {
    const producers = workers.filter(({ role }) => role === "producer");
    await Promise.all(producers.map(({ report }) => report));
    await beforeSeal();
    await buffer.seal({ discard: false });
    const reports = await Promise.all(workers.map(({ report }) => report));
    const consumed = reports.map(({ taken }) => taken);
    const all = consumed.flat();
    const count = 2 * EACH + alsoPut.length;
    expect(all.length, "items that were taken").toBe(count);
    expect(new Set(all).size, "different ones").toBe(count);
    expect(all).toEqual(expect.arrayContaining(alsoPut));
    // Each consumer sees each producer's items in their order.
    for (const taken of consumed) {
      for (const producer of [0, 1]) {
        const own = taken.filter((value) => Math.floor(value / 1_000_000) === producer);
        expect(own).toEqual([...own].sort((a, b) => a - b));
      }
    }
    const turns = reports.reduce((sum, report) => sum + report.turns, 0);
    expect(turns, "they collided so often that they asked for turns").toBeGreaterThan(0);
    const counts = await buffer.counts();
    expect(counts).toMatchObject({ ready: 0, leased: 0, produced: count, consumed: count });
    expect(counts.peak).toBeLessThanOrEqual(2);
  } finally {
    for (const { child } of workers) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await event(child, "exit");
    }
  }
}

/** Acts every 100 ms, until it is disposed of. */
function every(act: () => void): Disposable {
  act();
  const timer = setInterval(act, 100);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

describe("four processes at capacity 2, and the lock", () => {
  test("is as it should be", async () => {
    using folder = new Folder();
    const buffer = await created(folder, { capacity: 2 });
    await hammer(buffer);
    await buffer.destroy();
  });

  test("is held all the time by somebody who is alive and does not give it back", async () => {
    using folder = new Folder();
    const buffer = await created(folder, { capacity: 2 });
    const { turn } = layoutOf(folder);
    mkdirSync(turn);
    {
      using _holder = every(() => utimesSync(turn, new Date(), new Date()));
      await hammer(buffer);
      expect(statSync(turn).isDirectory(), "nobody took it away from its holder").toBe(true);
    }
    await buffer.destroy();
  });

  test("was left by somebody who died long ago", async () => {
    using folder = new Folder();
    const buffer = await created(folder, { capacity: 2 });
    const { turn } = layoutOf(folder);
    mkdirSync(turn);
    utimesSync(turn, 1, 1);
    await hammer(buffer);
    await buffer.destroy();
  });

  test("was left before the wall clock was set back: it seems to be held for years to come", async () => {
    using folder = new Folder();
    const buffer = await created(folder, { capacity: 2 });
    const { turn } = layoutOf(folder);
    mkdirSync(turn);
    const later = Date.now() / 1000 + 1e8;
    utimesSync(turn, later, later);
    await hammer(buffer);
    await buffer.destroy();
  });

  test("is taken away from its holders all the time: there are two at once", async () => {
    using folder = new Folder();
    const buffer = await created(folder, { capacity: 2 });
    const { turn } = layoutOf(folder);
    {
      using _thief = every(() => rmSync(turn, { recursive: true, force: true }));
      await hammer(buffer);
    }
    await buffer.destroy();
  });

  test("cannot be had: a file is in its place", async () => {
    using folder = new Folder();
    const buffer = await created(folder, { capacity: 2 });
    writeFileSync(layoutOf(folder).turn, "");
    await hammer(buffer);
    await buffer.destroy();
  });
});

// What makes a lock by time unsafe: its holder is stopped for longer than the time after which others take the lock over
// (proper-lockfile: 2 s), and then goes on with what it was about to write.
test("a process that is stopped in its turn, before its commit, for longer than the lock lasts", async () => {
  using folder = new Folder();
  const buffer = await created(folder, { capacity: 2 });
  const { turn } = layoutOf(folder);
  const marker = join(folder.path, "stopped");
  const child = fork(new URL("./support/stopper.mjs", import.meta.url), [turn, marker]);
  try {
    child.send(buffer.address);
    await until(() => existsSync(marker));
    const stoppedAt = performance.now();
    expect(existsSync(turn), "it has the turn").toBe(true);
    const wakeUp = async () => {
      await until(() => performance.now() - stoppedAt > 2_500);
      const answer = event(child, "message");
      child.kill("SIGCONT");
      expect((await answer)[0]).toEqual({ accepted: 1, state: "open" });
    };
    await hammer(buffer, [7_000_000], wakeUp);
  } finally {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await event(child, "exit");
  }
  await buffer.destroy();
});

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(20);
}

describe("a turn", () => {
  test("is given to one, then to the other", async () => {
    using folder = new Folder();
    const buffer = await created(folder);
    const [a, b] = [new Turn(layoutOf(folder), 60_000), new Turn(layoutOf(folder), 60_000)];
    const order: string[] = [];
    const giveBack = await a.take();
    expect(giveBack).toBeTypeOf("function");
    const second = b.take().then((done) => {
      order.push("b");
      done?.();
    });
    order.push("a");
    giveBack?.();
    await second;
    expect(order).toEqual(["a", "b"]);
    expect(statSync(layoutOf(folder).turn, { throwIfNoEntry: false })).toBeUndefined();
    await buffer.destroy();
  });

  test("has a directory of mode 700, whatever the umask", async () => {
    using folder = new Folder();
    const buffer = await created(folder);
    const umask = process.umask(0);
    try {
      const giveBack = await new Turn(layoutOf(folder), 0).take();
      expect(statSync(layoutOf(folder).turn).mode & 0o777).toBe(0o700);
      giveBack?.();
    } finally {
      process.umask(umask);
    }
    await buffer.destroy();
  });

  test("that is not given back within the time is gone without, and can be had again later", async () => {
    using folder = new Folder();
    const buffer = await created(folder);
    const layout = layoutOf(folder);
    mkdirSync(layout.turn);
    const turn = new Turn(layout, 0);
    expect(await turn.take()).toBeUndefined();
    expect(await turn.take()).toBeUndefined();
    rmSync(layout.turn, { recursive: true });
    const giveBack = await turn.take();
    expect(giveBack).toBeTypeOf("function");
    giveBack?.();
    await buffer.destroy();
  });
});
