// Durability "fsync" under flock: one sync of the file serves all calls that wait for it, and what a sync that fails means.

import "./support/sync-faults.js";
import { fstatSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { BufferPort, ProducerPort } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { Appender } from "./support/append.js";
import { errno, inject } from "./support/fs-faults.js";
import { segmentsOf } from "./support/log.js";
import { created, Folder, noWait, opened, toValue } from "./support/ports.js";
import { failSync, syncs } from "./support/sync-faults.js";

const one = [Buffer.from("1")];

const durable = (folder: Folder, settings = {}) => created(folder, settings, "fsync", "flock");

async function producersOf(buffer: BufferPort, count: number): Promise<ProducerPort[]> {
  return Promise.all(Array.from({ length: count }, () => buffer.producer()));
}

async function effectOf(call: () => unknown): Promise<string> {
  try {
    await call();
    return "done";
  } catch (error) {
    expect(error).toMatchObject({ code: "STORAGE_FAILED" });
    return (error as { effect: string }).effect;
  }
}

async function inside(buffer: BufferPort): Promise<number[]> {
  const { deliveries } = await (await buffer.consumer()).poll(100, noWait);
  return deliveries.map(({ item }) => toValue(item));
}

test("a call is answered only when it is on the disk, and calls that wait share the syncs", async () => {
  using folder = new Folder();
  const buffer = await durable(folder, { capacity: 100 });
  const producers = await producersOf(buffer, 20);
  const before = syncs();
  await producers[0]?.offer(1, one, noWait);
  expect(syncs() - before).toBe(1);
  await Promise.all(producers.slice(1).map((producer) => producer.offer(1, one, noWait)));
  // One runs for the first of them, and the next for all others.
  expect(syncs() - before).toBe(3);
  expect(await inside(buffer)).toHaveLength(20);
  await buffer.destroy();
});

describe("a sync that fails", () => {
  test("whoever waited for it cannot say, nobody succeeds afterwards, and the others see what became of it", async () => {
    for (let nth = 1; nth <= 2; nth++) {
      using folder = new Folder();
      const buffer = await durable(folder, { capacity: 10 });
      const producers = await producersOf(buffer, 5);
      failSync(nth);
      const effects = await Promise.all(
        producers.map((producer) => effectOf(() => producer.offer(1, one, noWait))),
      );
      const done = effects.filter((effect) => effect === "done").length;
      expect(effects.filter((effect) => effect === "unknown").length, `sync ${nth}`).toBeGreaterThan(0);
      expect(await effectOf(() => producers[0]?.offer(2, one, noWait))).toBe("none");
      expect(await effectOf(() => buffer.counts())).toBe("none");
      const { length } = await inside(await opened(folder));
      expect(length).toBeGreaterThanOrEqual(done);
      expect(length).toBeLessThanOrEqual(5);
      await buffer.close();
    }
  });

  test("of a cut, at any of them: nothing is lost, and the handle is of no use any more", async () => {
    for (let nth = 1; ; nth++) {
      using folder = new Folder();
      const buffer = await durable(folder);
      const [producer] = await producersOf(buffer, 1);
      await producer?.offer(
        1,
        [1, 2, 3].map((value) => Buffer.from(String(value))),
        noWait,
      );
      let syncs = 0;
      {
        using appender = new Appender(folder, {}, true);
        using fault = inject("fsyncSync", () => (++syncs === nth ? errno("EIO") : undefined));
        try {
          appender.cut();
        } catch (error) {
          expect(error).toMatchObject({ code: "STORAGE_FAILED" });
        }
        if (fault.count === 0) break;
      }
      const late = await opened(folder);
      expect(await inside(late), `sync number ${nth}`).toEqual([1, 2, 3]);
      expect((await producer?.offer(4, [Buffer.from("4")], noWait))?.accepted).toBe(1);
      expect(await inside(late)).toEqual([4]);
      expect(nth, "a cut has that many syncs").toBeLessThan(20);
      await buffer.destroy();
    }
  });
});

test("a cut empties what it removes, and gives it to be used again, only when the disk knows of each step", async () => {
  using folder = new Folder();
  const buffer = await durable(folder);
  const [segment] = segmentsOf(folder).map((name) => join(folder.root, name));
  const done: string[] = [];
  {
    using appender = new Appender(folder, {}, true);
    appender.commit();
    const inode = statSync(segment as string).ino;
    const nameOf = (path: unknown) => {
      const [first = "", ...rest] = relative(folder.root, String(path)).split("/");
      return [first.split(".")[0], ...rest.map((name) => name.split(".")[0])].join("/");
    };
    using _renames = inject("renameSync", (from, to) => note(`${nameOf(from)} becomes ${nameOf(to)}`));
    using _unlinks = inject("unlinkSync", (path) => note(`${nameOf(path)} goes`));
    using _removals = inject("rmSync", (path) => note(`${nameOf(path)} goes`));
    using _syncs = inject("fsyncSync", (fd) => {
      const { ino } = fstatSync(fd as number);
      if (ino === statSync(folder.root).ino) note("the root is synced");
      if (ino === inode) note("it is synced");
    });
    appender.cut();
  }
  await buffer.destroy();
  const from = done.indexOf("log becomes gone");
  expect(done.slice(from)).toEqual([
    "log becomes gone",
    "the root is synced",
    "gone/live goes",
    expect.stringMatching(/^gone\/log /),
    expect.stringMatching(/^gone\/state /),
    "it is synced",
    "gone becomes spare/dir",
  ]);

  function note(what: string): undefined {
    done.push(what);
  }
});

test("a cut while calls wait for the disk: each is answered, and its file stays open until then", async () => {
  using folder = new Folder();
  const buffer = await durable(folder, { capacity: 100 });
  const producers = await producersOf(buffer, 20);
  using appender = new Appender(folder, { capacity: 100 }, true);
  const answers = producers.map((producer, i) => {
    const answer = producer.offer(1, [Buffer.from(String(i))], noWait);
    if (i % 5 === 4) appender.cut();
    return answer;
  });
  const accepted = (await Promise.all(answers)).map((answer) => answer.accepted);
  expect(accepted).toEqual(producers.map(() => 1));
  expect(await inside(buffer)).toEqual(producers.map((_, i) => i));
  await buffer.destroy();
});
